// The reading half of `kelp route`: lines in, messages out, every line counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/transport.hpp>

#include "cli/key_builder.hpp"
#include "cli/line_reader.hpp"
#include "cli/route_windows.hpp"

namespace kelp::cli {

/// A number that one thread counts and others look at. Relaxed: it carries no data.
class Tally {
 public:
  void add() noexcept { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// read = published + malformed; unmatched are published, too.
struct RouteTotals {
  Tally read, published, unmatched, malformed;
};

class RouteReader {
 public:
  /// Bytes of messages that may be in flight; lines are counted with what a message costs besides.
  static constexpr std::size_t in_flight_limit = std::size_t{48} << 20;
  static constexpr std::size_t window_size = in_flight_limit / 8;
  static constexpr std::uint64_t most_complaints = 10;

  RouteReader(TransportChannel& channel, std::string_view exchange, const std::vector<std::string>& queues,
              KeyBuilder& keys, RouteWindows& windows, RouteTotals& totals);

  /// Reads one file, `-` is standard input. False: it could not be read to its end; the reason has
  /// been told. Stops early when stopping() turns true.
  bool read(const std::string& path, std::size_t longest_line);
  /// Seals the last window and tells every queue that no more comes.
  void finish();
  /// A signal came, or nobody can take messages any more.
  [[nodiscard]] bool stopping() const noexcept;
  /// Says how many complaints were held back.
  void tell_suppressed() const;

 private:
  bool read_lines(LineReader& reader, const std::string& name);
  bool route(std::string_view line, const std::string& name, std::uint64_t number);
  bool admit(std::size_t bytes);
  void seal();
  void send_markers(const Properties& properties);
  void malformed(const std::string& name, std::uint64_t number, const std::string& why);

  TransportChannel& channel_;
  std::string exchange_;
  const std::vector<std::string>& queues_;
  KeyBuilder& keys_;
  RouteWindows& windows_;
  RouteTotals& totals_;
  std::size_t overhead_;    // of one message
  std::size_t window_ = 0;  // bytes in the window that is not sealed
};

}  // namespace kelp::cli
