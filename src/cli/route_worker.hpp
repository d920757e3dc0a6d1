// One consuming thread of `kelp route`: the queues it was given, on a connection of its own.
//
// A queue belongs to one worker, so that its order is kept. A message without body is a marker: the
// end of a window (see RouteWindows), or with the type "end" the end of the queue.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/transport.hpp>

#include "cli/route_sink.hpp"
#include "cli/route_windows.hpp"

namespace kelp::cli {

class RouteWorker {
 public:
  static constexpr std::string_view end_marker = "end";

  /// Subscribes to the queues, which must be there, and starts.
  RouteWorker(const Broker& broker, std::vector<RouteSink*> sinks, RouteWindows& windows);
  /// Ends at once unless the end markers have come.
  ~RouteWorker();
  RouteWorker(const RouteWorker&) = delete;
  RouteWorker& operator=(const RouteWorker&) = delete;

  /// Waits until every queue has ended.
  void join();

 private:
  struct Lane {
    std::unique_ptr<Subscription> subscription;
    RouteSink* sink;
    bool failed = false;  // and the reader knows
  };

  void run();
  void consume();
  bool pause();
  std::size_t receive(std::span<Delivery> batch, bool wait);
  void handle(Lane& lane, const Delivery& delivery);
  Lane& lane_of(const Subscription* subscription);
  void finish_batch(bool flush);

  std::unique_ptr<TransportConnection> connection_;
  std::unique_ptr<TransportChannel> channel_;
  std::vector<Lane> lanes_;
  std::vector<Subscription*> subscriptions_;
  Lane* last_lane_ = nullptr;
  std::size_t open_lanes_;
  RouteWindows& windows_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace kelp::cli
