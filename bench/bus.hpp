// kelp as it is measured: bytes to a topic exchange by name and routing key, one queue, deliveries
// pulled and acknowledged, through the public API and with nothing cached by the caller.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <thread>

#include <kelp/broker.hpp>
#include <kelp/connection.hpp>

#include "bench/harness.hpp"

namespace bench {

inline constexpr std::array<const char*, 16> keys = {
    "orders.eu.created.v01", "orders.eu.created.v02", "orders.eu.created.v03", "orders.eu.created.v04",
    "orders.eu.created.v05", "orders.eu.created.v06", "orders.eu.created.v07", "orders.eu.created.v08",
    "orders.us.created.v01", "orders.us.created.v02", "orders.us.created.v03", "orders.us.created.v04",
    "orders.us.created.v05", "orders.us.created.v06", "orders.us.created.v07", "orders.us.created.v08"};

class Bus {
 public:
  explicit Bus(std::size_t body_size) : body_(body_size) {
    channel_.exchange_declare({.name = "orders", .type = "topic"});
    channel_.queue_declare({.name = "q"});
    channel_.queue_bind("q", "orders", "orders.#");
  }

  double one_thread(std::size_t count) {
    kelp::PullConsumer consumer = channel_.subscribe("q");
    kelp::Delivery got;
    const double start = now();
    for (std::size_t i = 0; i < count; ++i) {
      publish(channel_, i);
      while (consumer.receive({&got, 1}, kelp::Timeout::zero()) == 0) {
      }
      keep(got.message.body().front());
      consumer.ack(got);
    }
    return (now() - start) / static_cast<double>(count);
  }

  double one_thread_batches(std::size_t count) {
    kelp::PullConsumer consumer = channel_.subscribe("q");
    const double start = now();
    for (std::size_t i = 0; i < count; i += batch) {
      for (std::size_t k = 0; k < batch; ++k) publish(channel_, 0);
      for (std::size_t got = 0; got < batch;) got += take(consumer, kelp::Timeout::zero(), batch);
    }
    return (now() - start) / static_cast<double>(count);
  }

  double two_threads(std::size_t count, std::size_t at_a_time) {
    const double start = now();
    std::thread receiver([&] {
      kelp::Channel channel = connection_.channel();
      kelp::PullConsumer consumer = channel.subscribe("q");
      for (std::size_t got = 0; got < count;) got += take(consumer, kelp::forever, at_a_time);
    });
    for (std::size_t i = 0; i < count; ++i) publish(channel_, i);
    receiver.join();
    return (now() - start) / static_cast<double>(count);
  }

 private:
  static constexpr std::size_t batch = 32;

  void publish(kelp::Channel& channel, std::size_t i) {
    std::memcpy(body_.data(), &i, sizeof i);
    keep(channel.try_publish({"orders", keys[i % keys.size()]}, std::span<const std::byte>(body_)));
  }
  static std::size_t take(kelp::PullConsumer& consumer, kelp::Timeout timeout, std::size_t at_a_time) {
    std::array<kelp::Delivery, batch> out;
    std::array<kelp::Settlement, batch> acks;
    const std::size_t n = consumer.receive(std::span(out).first(at_a_time), timeout);
    for (std::size_t i = 0; i < n; ++i) {
      keep(out[i].message.body().front());
      acks[i] = {.tag = out[i].tag};
    }
    consumer.settle(std::span<const kelp::Settlement>(acks).first(n));
    return n;
  }

  kelp::Broker broker_;
  kelp::Connection connection_{broker_};
  kelp::Channel channel_ = connection_.channel();
  std::vector<std::byte> body_;
};

}  // namespace bench
