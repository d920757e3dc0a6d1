#include "cli/route_worker.hpp"

#include <array>
#include <chrono>
#include <exception>
#include <span>

namespace kelp::cli {
namespace {

constexpr std::size_t batch_size = 256;
constexpr auto gathering = std::chrono::microseconds(200);

}  // namespace

RouteWorker::RouteWorker(const Broker& broker, std::vector<RouteSink*> sinks, RouteWindows& windows)
    : connection_(broker.connect()),
      channel_(connection_->open_channel()),
      open_lanes_(sinks.size()),
      windows_(windows) {
  for (RouteSink* const sink : sinks) {
    lanes_.push_back({channel_->subscribe(sink->queue(), {}), sink, false});
    subscriptions_.push_back(lanes_.back().subscription.get());
  }
  thread_ = std::thread([this] { run(); });
}

RouteWorker::~RouteWorker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  connection_->interrupt();
  thread_.join();
}

void RouteWorker::join() { thread_.join(); }

void RouteWorker::run() {
  try {
    consume();
    for (Lane& lane : lanes_) lane.sink->close();
  } catch (const std::exception& error) {
    windows_.abort(error.what());
  }
}

void RouteWorker::consume() {
  std::array<Delivery, batch_size> batch;
  unsigned idle = 1;  // how often in a row nothing was there
  while (open_lanes_ > 0) {
    if (idle > 0 && pause()) return;
    const std::size_t count = receive(batch, idle > 1);
    for (std::size_t i = 0; i < count; ++i) handle(lane_of(batch[i].subscription), batch[i]);
    idle = count == 0 ? idle + 1 : 0;
    finish_batch(idle > 1);
  }
}

/// Lets messages gather: a worker that outruns the reader would else sleep and be woken for every
/// line, which costs the reader a system call each. True: stop.
bool RouteWorker::pause() {
  std::unique_lock lock(mutex_);
  return stopped_.wait_for(lock, gathering, [&] { return stop_; });
}

std::size_t RouteWorker::receive(std::span<Delivery> batch, bool wait) {
  const auto deadline = wait ? Clock::never : connection_->clock().now();
  return connection_->receive(subscriptions_, batch, deadline);
}

void RouteWorker::handle(Lane& lane, const Delivery& delivery) {
  if (!delivery.message.body().empty()) {
    lane.sink->take(delivery);
    return;
  }
  lane.sink->flush();
  lane.sink->settle(*channel_);
  const Settlement done{.tag = delivery.tag, .outcome = Settle::ack};
  const bool end = delivery.message.properties().type == end_marker;
  channel_->settle({&done, 1});
  if (end) {
    --open_lanes_;
  } else {
    windows_.passed(lane.sink->markers++);
  }
}

RouteWorker::Lane& RouteWorker::lane_of(const Subscription* subscription) {
  if (last_lane_ != nullptr && last_lane_->subscription.get() == subscription) return *last_lane_;
  for (Lane& lane : lanes_)
    if (lane.subscription.get() == subscription) last_lane_ = &lane;
  return *last_lane_;
}

void RouteWorker::finish_batch(bool flush) {
  for (Lane& lane : lanes_) {
    if (flush) lane.sink->flush();
    lane.sink->settle(*channel_);
    if (lane.failed || !lane.sink->failed()) continue;
    lane.failed = true;
    windows_.queue_failed();
  }
}

}  // namespace kelp::cli
