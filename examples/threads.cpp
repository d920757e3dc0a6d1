// One thread consumes and hands the work on; others do it and acknowledge when they are done.
#include <kelp/kelp.hpp>

#include <iostream>
#include <thread>
#include <vector>

int main() {
  using namespace std::chrono_literals;
  kelp::Broker broker;
  kelp::Connection connection{broker};
  const kelp::Queue jobs{.name = "jobs"};
  auto producer = connection.producer();
  for (int i = 1; i <= 4; ++i) producer.publish(i, {.routing_key = "jobs", .declare = {jobs}});

  std::vector<std::thread> workers;
  {
    auto consumer = connection.consumer({jobs}, [&](kelp::Message& message) {
      // A message may be moved out of the callback, to any thread.
      workers.emplace_back([message = std::move(message)]() mutable {
        if (message.payload() == 3) return;  // never settled: it goes back to the queue
        message.ack();
      });
    });
    for (int i = 0; i < 4; ++i) connection.drain_events(1s);
    for (auto& worker : workers) worker.join();
  }  // the consumer's channel closes: acknowledgements first, then what is left is requeued

  auto channel = connection.channel();
  while (auto left = jobs(channel).get()) {
    std::cout << "left: " << left->payload()
              << (left->delivery_info().redelivered ? ", redelivered\n" : "\n");
    left->ack();
  }
}
