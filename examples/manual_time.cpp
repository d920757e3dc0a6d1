// In tests time stands still until a wait moves it: an hour passes at once, and always in the same way.
#include <kelp/kelp.hpp>

#include <iostream>

int main() {
  using namespace std::chrono_literals;
  const auto clock = std::make_shared<kelp::ManualClock>();
  const kelp::Broker broker{{.clock = clock}};
  kelp::Connection connection{broker};
  auto consumer = connection.consumer({{.name = "quiet"}}, [](kelp::Message& message) { message.ack(); });

  const auto start = clock->now();
  try {
    connection.drain_events(1h);
  } catch (const kelp::TimeoutError& error) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(clock->now() - start);
    std::cout << error.what() << " (" << minutes.count() << " minutes)\n";
  }
}
