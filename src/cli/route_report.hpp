// What `kelp route` says: the live line and the end.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/binding_option.hpp"
#include "cli/route_reader.hpp"
#include "cli/route_sink.hpp"

namespace kelp::cli {

using RouteSinks = std::vector<std::unique_ptr<RouteSink>>;

/// One object, on one line.
[[nodiscard]] std::string route_json(const RouteTotals& totals, const RouteSinks& sinks, double seconds);

/// For people.
[[nodiscard]] std::string route_table(const RouteTotals& totals, const RouteSinks& sinks,
                                      const std::vector<BindingOption>& bindings, double seconds, bool fancy);

/// Rewrites one line on standard error ten times a second: messages, rate, depth of each queue.
class RouteProgress {
 public:
  /// The ready messages of the i-th queue.
  using Depth = std::function<std::uint64_t(std::size_t)>;

  RouteProgress(const RouteTotals& totals, const RouteSinks& sinks, Depth depth);
  /// Removes the line.
  ~RouteProgress();
  RouteProgress(const RouteProgress&) = delete;
  RouteProgress& operator=(const RouteProgress&) = delete;

 private:
  void run();
  [[nodiscard]] std::string line(double rate) const;

  const RouteTotals& totals_;
  const RouteSinks& sinks_;
  Depth depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace kelp::cli
