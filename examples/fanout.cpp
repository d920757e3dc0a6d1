// Every subscriber gets a copy: a fanout exchange, and a queue per subscriber that goes with it.
#include <kelp/kelp.hpp>

#include <iostream>

int main() {
  using namespace std::chrono_literals;
  const kelp::Exchange news{.name = "news", .type = "fanout"};
  const auto subscribe = [&](kelp::Connection& connection, const char* name) {
    return connection.consumer({{.name = name, .exchange = news, .auto_delete = true}},
                               [name](const kelp::Json& body, kelp::Message& message) {
                                 std::cout << name << " read: " << body["headline"] << '\n';
                                 message.ack();
                               });
  };

  kelp::Broker broker;
  kelp::Connection connection{broker};
  auto ann = subscribe(connection, "ann");
  auto bob = subscribe(connection, "bob");

  auto producer = connection.producer({.exchange = news});
  producer.publish({{"headline", "Kelp grows half a metre a day"}});
  connection.drain_events(1s);
  connection.drain_events(1s);
}
