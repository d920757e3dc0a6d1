// What a transport must be able to keep before it is asked: requests that it cannot keep are refused,
// warned about or dropped, as the connection says.
#pragma once

#include <kelp/connection.hpp>
#include <kelp/transport.hpp>

#include <functional>

namespace kelp::messaging {

class Promises {
 public:
  Promises(const Capabilities& capabilities, const ConnectionOptions& options)
      : capabilities_(capabilities), options_(options) {}

  [[nodiscard]] const Capabilities& capabilities() const noexcept { return capabilities_; }

  void check_exchange(const ExchangeDeclaration& declaration) const;
  void check_exchange_bindings() const;
  /// Returns the declaration without what cannot be kept; `arguments` is room for its table.
  [[nodiscard]] QueueDeclaration checked(const QueueDeclaration& declaration, FieldTable& arguments) const;
  /// Does one message ask for more than the transport has?
  [[nodiscard]] bool needs_check(const Properties& properties, PublishFlags flags) const noexcept {
    return (flags.mandatory && !capabilities_.mandatory) ||
           (properties.expiration.data() != nullptr && !capabilities_.message_ttl);
  }
  /// Drops from both what cannot be kept, or throws.
  void check_publish(Properties& properties, PublishFlags& flags) const;

 private:
  void refuse(std::string_view capability, std::string_view what) const;

  const Capabilities& capabilities_;
  const ConnectionOptions& options_;
};

}  // namespace kelp::messaging
