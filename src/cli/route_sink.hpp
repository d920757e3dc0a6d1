// Where one queue of `kelp route` ends: counts, and a file if there is one.
//
// A message is acknowledged when its line is in the file (flushed), or at once when there is no file.
// After the file has failed, messages are taken and rejected, so that the other queues go on; what
// was not written is delivered minus acked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <kelp/transport.hpp>

#include "cli/output_file.hpp"

namespace kelp::cli {

/// Threads: one worker, except for the counters, which anybody may read.
class RouteSink {
 public:
  /// `file` may be null.
  RouteSink(std::string queue, std::unique_ptr<OutputFile> file);

  /// Consumes one line; the delivery may be settled later, by this or a later call.
  void take(const Delivery& delivery);
  /// Everything taken is in the file and its settlement in `settlements_`, or the file has failed.
  void flush();
  /// Applies what was settled. Throws what the transport throws.
  void settle(TransportChannel& channel);
  /// Ends the file; after the last settle().
  void close();

  [[nodiscard]] bool has_unsettled() const noexcept { return !held_.empty() || !settlements_.empty(); }
  [[nodiscard]] bool failed() const noexcept { return file_ && file_->failed(); }
  [[nodiscard]] std::string error() const { return file_ ? file_->error() : std::string(); }
  [[nodiscard]] const std::string& queue() const noexcept { return queue_; }
  // Relaxed: counters that carry no data; the final ones are read after the worker was joined.
  [[nodiscard]] std::uint64_t delivered() const noexcept {
    return delivered_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t acked() const noexcept { return acked_.load(std::memory_order_relaxed); }

  std::uint64_t markers = 0;  ///< how many windows this queue has passed

 private:
  void collect();

  std::string queue_;
  std::unique_ptr<OutputFile> file_;
  std::vector<std::uint64_t> held_;      // tags of lines that are not in the file, in their order
  std::vector<Settlement> settlements_;  // decided, not yet told
  std::uint64_t collected_ = 0;          // lines of the file whose messages are settled
  std::uint64_t delivered_now_ = 0;
  std::uint64_t acked_now_ = 0;
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> acked_{0};
};

}  // namespace kelp::cli
