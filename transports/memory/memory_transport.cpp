// memory://NAME: the in-memory broker of that name in this process.
#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>
#include <kelp/url.hpp>

namespace kelp {

namespace {

class MemoryTransport final : public Transport {
 public:
  [[nodiscard]] const Capabilities& capabilities() const noexcept override { return Broker::capabilities(); }

  [[nodiscard]] std::unique_ptr<TransportConnection> connect(const Url& url,
                                                             std::shared_ptr<Clock> clock) override {
    const Broker broker = Broker::named(url.hostname.value_or(""));
    if (clock != nullptr && clock != broker.clock()) {
      throw InvalidArgument("memory://" + url.hostname.value_or("") +
                            " has a clock of its own; for another one, connect to a Broker made with it");
    }
    return broker.connect();
  }
};

}  // namespace

std::unique_ptr<Transport> make_memory_transport() { return std::make_unique<MemoryTransport>(); }

}  // namespace kelp
