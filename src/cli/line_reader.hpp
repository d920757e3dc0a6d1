// Cuts what a descriptor gives into lines, in one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace kelp::cli {

/// Threads: one at a time.
class LineReader {
 public:
  enum class Result {
    line,      ///< line() is the next one
    too_long,  ///< one line was over the limit and was skipped; its length is length()
    end,
    stopped,  ///< a signal came while it waited for input
    failed,   ///< see error()
  };
  static constexpr std::size_t default_longest = std::size_t{16} << 20;

  /// `fd` stays the caller's.
  explicit LineReader(int fd, std::size_t longest = default_longest,
                      std::size_t buffer = std::size_t{1} << 20);

  [[nodiscard]] Result next();
  /// As it came, with its line end if it has one; valid until next().
  [[nodiscard]] std::string_view line() const noexcept { return line_; }
  [[nodiscard]] std::uint64_t length() const noexcept { return skipped_; }
  /// errno of the read that failed.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  Result more();
  Result fill();
  Result skip_rest();

  int fd_;
  bool regular_;
  bool end_of_file_ = false;
  int error_ = 0;
  std::size_t longest_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;  // of the next line
  std::size_t seen_ = 0;   // no line end in [begin_, seen_)
  std::size_t end_ = 0;
  std::string_view line_;
  std::uint64_t skipped_ = 0;
};

/// Without "\n" or "\r\n" at the end.
[[nodiscard]] inline std::string_view without_line_end(std::string_view line) noexcept {
  if (!line.empty() && line.back() == '\n') {
    line.remove_suffix(1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  }
  return line;
}

}  // namespace kelp::cli
