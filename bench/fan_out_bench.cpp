// One publish to many queues, each delivery acknowledged; beside one moodycamel queue per subscriber,
// into each of which the bytes are copied.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/connection.hpp>

#include "bench/harness.hpp"
#include "bench/peers/moodycamel.hpp"

namespace {

class FanOut {
 public:
  explicit FanOut(std::size_t queues) {
    channel_.exchange_declare({.name = "all", .type = "fanout"});
    for (std::size_t i = 0; i < queues; ++i) {
      const std::string name = "q" + std::to_string(i);
      channel_.queue_declare({.name = name});
      channel_.queue_bind(name, "all");
      consumers_.push_back(channel_.subscribe(name));
    }
  }
  double run(std::size_t publishes) {
    std::array<std::byte, 64> body{};
    const double start = bench::now();
    for (std::size_t i = 0; i < publishes; ++i) {
      channel_.publish({"all", ""}, body);
      for (kelp::PullConsumer& consumer : consumers_) {
        kelp::Delivery got;
        if (consumer.receive({&got, 1}, kelp::Timeout::zero()) == 1) consumer.ack(got);
      }
    }
    return (bench::now() - start) / static_cast<double>(publishes * consumers_.size());
  }

 private:
  kelp::Broker broker_;
  kelp::Connection connection_{broker_};
  kelp::Channel channel_ = connection_.channel();
  std::vector<kelp::PullConsumer> consumers_;
};

class Copies {
 public:
  explicit Copies(std::size_t queues) {
    for (std::size_t i = 0; i < queues; ++i) queues_.push_back(std::make_unique<bench::Moodycamel<64>>(64));
  }
  double run(std::size_t publishes) {
    const double start = bench::now();
    for (std::size_t i = 0; i < publishes; ++i) {
      bench::Moodycamel<64>::Body body{}, got;
      for (auto& queue : queues_) queue->queue.enqueue(queue->producer, body);
      for (auto& queue : queues_) {
        queue->queue.try_dequeue(queue->consumer, got);
        bench::keep(got);
      }
    }
    return (bench::now() - start) / static_cast<double>(publishes * queues_.size());
  }

 private:
  std::vector<std::unique_ptr<bench::Moodycamel<64>>> queues_;
};

}  // namespace

int main() {
  for (const std::size_t queues : {1, 10, 100, 1000}) {
    const std::size_t publishes = bench::scaled(500'000) / queues + 1;
    FanOut kelp(queues);
    Copies copies(queues);
    bench::compare(
        "fan-out to " + std::to_string(queues) + ", a delivery / a moodycamel queue each", "ns", 0,
        [&] { return kelp.run(publishes); }, [&] { return copies.run(publishes); });
  }
}
