#include "bench.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace conformance {

const std::string& url() {
  static const std::string value = [] {
    const char* text = std::getenv("KELP_CONFORMANCE_URL");
    return text != nullptr && *text != '\0' ? std::string(text)
                                            : "memory://conformance-" + kelp::uuid4(*kelp::system_clock());
  }();
  return value;
}

Bench::Bench() : connection(url()), channel(connection.channel()) {}

std::string Bench::unique(std::string_view stem) {
  static std::atomic<unsigned> last{0};
  static const std::string run = kelp::uuid4(*kelp::system_clock()).substr(0, 8);
  return "kelp-" + run + "-" + std::to_string(++last) + "-" + std::string(stem);
}

kelp::Queue Bench::queue(kelp::Queue attributes) {
  attributes.name = unique("queue");
  attributes(channel).declare();
  return attributes;
}

kelp::Exchange Bench::exchange(std::string_view type, kelp::Exchange attributes) {
  attributes.name = unique("exchange");
  attributes.type = type;
  attributes(channel).declare();
  return attributes;
}

kelp::Queue Bench::bound(const kelp::Exchange& to, std::string_view key, const kelp::FieldTable& arguments) {
  return queue({.exchange = to, .routing_key = std::string(key), .binding_arguments = arguments});
}

void Bench::send(const kelp::Exchange& to, const kelp::FieldTable& headers, std::string_view text) {
  kelp::Properties properties;
  properties.headers = &headers;
  channel.publish({to.name, ""}, text, properties);
}

std::vector<std::string> Bench::contents(const kelp::Queue& of) {
  const std::string sentinel = unique("sentinel");
  send(of, sentinel);
  std::vector<std::string> texts;
  for (;;) {
    kelp::Message message = take(of);
    message.ack();
    if (message.text() == sentinel) return texts;
    texts.emplace_back(message.text());
  }
}

kelp::Message Bench::take(const kelp::Queue& from, bool no_ack) {
  const auto until = std::chrono::steady_clock::now() + patience;
  do {
    // A server may need a moment from its confirmation to where get() can see the message.
    if (auto message = from(channel).get(no_ack)) return std::move(*message);
  } while (std::chrono::steady_clock::now() < until);
  throw kelp::TimeoutError("queue " + from.name + " stayed empty");
}

}  // namespace conformance

// Before the first case: exit code 77 skips a transport without a server, unless KELP_REQUIRE, a list
// of schemes, names it.
int before_tests() {
  const std::string& url = conformance::url();
  try {
    kelp::Connection(url).connect();
    return 0;
  } catch (const kelp::Error& error) {
    const std::string scheme = url.substr(0, url.find("://"));
    const char* required = std::getenv("KELP_REQUIRE");
    const std::string list = std::string(",") + (required != nullptr ? required : "") + ",";
    const bool needed = list.find("," + scheme + ",") != std::string::npos;
    std::fprintf(stderr, "conformance: no broker: %s\n", error.what());
    return needed ? 1 : 77;
  }
}
