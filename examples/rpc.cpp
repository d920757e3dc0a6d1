// A call and its answer: the request says where to reply to and which call it belongs to.
#include <kelp/kelp.hpp>

#include <iostream>
#include <string>

int main() {
  using namespace std::chrono_literals;
  kelp::Broker broker;
  kelp::Connection connection{broker};
  const kelp::Queue requests{.name = "fibonacci"};
  const kelp::Queue replies{.name = "replies", .exclusive = true};

  auto server_producer = connection.producer();
  auto server = connection.consumer({requests}, [&](const kelp::Json& body, kelp::Message& message) {
    long previous = 0, current = 1;
    for (int n = body["n"]; n > 1; --n) previous = std::exchange(current, previous + current);
    server_producer.publish({{"result", current}}, {.routing_key = message.properties().reply_to,
                                                    .correlation_id = message.properties().correlation_id});
    message.ack();
  });

  auto client_producer = connection.producer();
  auto client = connection.consumer({replies}, [](const kelp::Json& body, kelp::Message& message) {
    std::cout << message.properties().correlation_id << ": " << body["result"] << '\n';
    message.ack();
  });

  for (const int n : {10, 20, 50}) {
    const std::string call = "fib(" + std::to_string(n) + ")";
    client_producer.publish({{"n", n}},
                            {.routing_key = "fibonacci", .correlation_id = call, .reply_to = "replies"});
    connection.drain_events(1s);  // the server's turn
    connection.drain_events(1s);  // the client's
  }
}
