// Small text helpers of the command.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace kelp::cli {

/// `text` as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// `text` for a line on a terminal: control bytes and what is not UTF-8 as \xNN.
[[nodiscard]] std::string printable(std::string_view text);

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// Columns that `text` takes on a terminal, as far as it is known here: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// Writes all of `text` to standard output and flushes; false, with a complaint on standard error,
/// when that fails.
bool print(std::string_view text);

/// "kelp: TEXT" on standard error. Any thread.
void complain(std::string_view text);
/// While a live line stands on standard error, complaints clear it first.
void set_live_line(bool on) noexcept;

/// A table: the first `left` columns to the left, the others to the right.
class Table {
 public:
  Table(std::vector<std::string> head, std::size_t left) : rows_{std::move(head)}, left_(left) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// `total`: the last row is set off. `fancy`: for a terminal.
  [[nodiscard]] std::string text(bool fancy, bool total) const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::size_t left_;
};

}  // namespace kelp::cli
