// Workers share one queue. A task that fails is requeued once, and dropped when it fails again.
#include <kelp/kelp.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

namespace {

void run(const kelp::Json& task) {
  if (task["name"] == "impossible") throw std::runtime_error("no way");
  std::cout << "  done\n";
}

}  // namespace

int main() {
  using namespace std::chrono_literals;
  kelp::Broker broker;
  kelp::Connection connection{broker};
  const kelp::Queue tasks{.name = "tasks"};

  auto producer = connection.producer();
  for (const char* name : {"wash", "impossible", "dry"}) {
    producer.publish({{"name", name}}, {.routing_key = "tasks", .declare = {tasks}});
  }

  // prefetch_count = 1: a worker holds one task at a time, the others wait for whoever is free.
  auto worker = connection.consumer({tasks},
                                    [](const kelp::Json& task, kelp::Message& message) {
                                      std::cout << task["name"].get<std::string>() << '\n';
                                      try {
                                        run(task);
                                        message.ack();
                                      } catch (const std::exception& error) {
                                        const bool again = !message.delivery_info().redelivered;
                                        std::cout << "  failed: " << error.what()
                                                  << (again ? ", try again\n" : ", give up\n");
                                        message.reject(again);
                                      }
                                    },
                                    {.prefetch_count = 1});
  while (connection.try_drain_events(0s) != 0) {
  }
}
