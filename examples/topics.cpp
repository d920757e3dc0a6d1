// Routes log lines by topic patterns: one word with `*`, any number of words with `#`.
#include <kelp/kelp.hpp>

#include <iostream>

int main() {
  using namespace std::chrono_literals;
  const kelp::Exchange logs{.name = "logs", .type = "topic"};
  const kelp::Queue errors{.name = "errors", .exchange = logs, .routing_key = "*.error.#"};
  const kelp::Queue database{.name = "database", .exchange = logs, .routing_key = "db.#"};

  kelp::Broker broker;  // private: nobody else's memory://
  kelp::Connection connection{broker};
  const auto print = [](kelp::Message& message) {
    std::cout << message.delivery_info().routing_key << ": " << message.text() << '\n';
    message.ack();
  };
  auto on_error = connection.consumer({errors}, [&](kelp::Message& message) {
    std::cout << "errors   ";
    print(message);
  });
  auto on_database = connection.consumer({database}, [&](kelp::Message& message) {
    std::cout << "database ";
    print(message);
  });

  auto producer = connection.producer({.exchange = logs});
  producer.publish("disk is full", {.routing_key = "fs.error"});
  connection.drain_events(1s);
  producer.publish("connected", {.routing_key = "db.info.pool"});
  connection.drain_events(1s);

  // Nobody is bound to this one: publish() would drop it silently, as AMQP does.
  if (producer.try_publish("hello", {.routing_key = "web.info"}) == kelp::PublishOutcome::unroutable) {
    std::cout << "nobody listens to web.info\n";
  }
}
