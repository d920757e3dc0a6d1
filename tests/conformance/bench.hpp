// What every conformance case starts with: a connection to the transport under test, a channel, and
// names that nobody else uses. Cases go through the public API only.
#pragma once

#include <kelp/kelp.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

using namespace std::chrono_literals;

/// KELP_CONFORMANCE_URL, or a broker in memory of its own.
const std::string& url();

/// Long enough for any server; a green run never waits for it.
inline constexpr kelp::Timeout patience = 20s;

class Bench {
 public:
  Bench();

  [[nodiscard]] const kelp::Capabilities& can() const { return channel.capabilities(); }
  /// A name that no other case has.
  [[nodiscard]] std::string unique(std::string_view stem);

  /// A queue without an exchange, declared.
  [[nodiscard]] kelp::Queue queue(kelp::Queue attributes = {});
  /// An exchange, declared.
  [[nodiscard]] kelp::Exchange exchange(std::string_view type, kelp::Exchange attributes = {});
  /// A queue that is bound to `to`.
  [[nodiscard]] kelp::Queue bound(const kelp::Exchange& to, std::string_view key,
                                  const kelp::FieldTable& arguments = {});

  void send(const kelp::Queue& to, std::string_view text) { channel.publish({"", to.name}, text); }
  void send(const kelp::Exchange& to, std::string_view key, std::string_view text) {
    channel.publish({to.name, key}, text);
  }
  void send(const kelp::Exchange& to, const kelp::FieldTable& headers, std::string_view text);
  /// Everything in the queue, taken and acknowledged. A sentinel, sent after all else, marks the end,
  /// so nothing is waited for that does not come.
  [[nodiscard]] std::vector<std::string> contents(const kelp::Queue& of);
  /// One message, which must come.
  [[nodiscard]] kelp::Message take(const kelp::Queue& from, bool no_ack = false);

  kelp::Connection connection;
  kelp::Channel channel;
};

using Texts = std::vector<std::string>;

/// The reply code of the ChannelError that `call` throws; 0 when it throws none.
template <class Call>
int refusal(Call&& call) {
  try {
    call();
  } catch (const kelp::ChannelError& error) {
    return error.reply_code();
  }
  return 0;
}

}  // namespace conformance
