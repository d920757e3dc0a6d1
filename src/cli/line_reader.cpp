#include "cli/line_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/stop_signal.hpp"

namespace kelp::cli {
namespace {

bool is_regular(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

LineReader::LineReader(int fd, std::size_t longest, std::size_t buffer)
    : fd_(fd),
      regular_(is_regular(fd)),
      longest_(longest),
      capacity_(std::min(buffer, longest + 1)),
      buffer_(new char[capacity_]) {}

LineReader::Result LineReader::next() {
  while (true) {
    if (seen_ < end_) {
      const void* const found = std::memchr(buffer_.get() + seen_, '\n', end_ - seen_);
      if (found != nullptr) {
        const std::size_t stop =
            static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.get()) + 1;
        line_ = {buffer_.get() + begin_, stop - begin_};
        begin_ = seen_ = stop;
        return Result::line;
      }
      seen_ = end_;
    }
    if (const Result result = more(); result != Result::line) return result;
    if (end_of_file_) {
      line_ = {buffer_.get() + begin_, end_ - begin_};
      begin_ = seen_ = end_;
      return line_.empty() ? Result::end : Result::line;
    }
  }
}

/// `line`: there may be more in the buffer, or the input has ended.
LineReader::Result LineReader::more() {
  if (end_of_file_) return Result::line;
  if (end_ - begin_ > longest_) return skip_rest();
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    seen_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) {
    const std::size_t larger = std::min(capacity_ * 2, longest_ + 1);
    std::unique_ptr<char[]> buffer(new char[larger]);
    std::memcpy(buffer.get(), buffer_.get(), end_);
    buffer_ = std::move(buffer);
    capacity_ = larger;
  }
  return fill();
}

LineReader::Result LineReader::fill() {
  while (true) {
    if (!regular_ && !StopSignal::wait_readable(fd_)) return Result::stopped;
    const ssize_t got = read(fd_, buffer_.get() + end_, capacity_ - end_);
    if (got > 0) {
      end_ += static_cast<std::size_t>(got);
      return Result::line;
    }
    if (got == 0) {
      end_of_file_ = true;
      return Result::line;
    }
    if (StopSignal::requested()) return Result::stopped;
    if (errno == EINTR || errno == EAGAIN) continue;
    error_ = errno;
    return Result::failed;
  }
}

LineReader::Result LineReader::skip_rest() {
  skipped_ = end_ - begin_;
  begin_ = seen_ = end_ = 0;
  while (true) {
    if (const Result result = fill(); result != Result::line) return result;
    const void* const found = end_ > 0 ? std::memchr(buffer_.get(), '\n', end_) : nullptr;
    if (found != nullptr) {
      begin_ = seen_ = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.get()) + 1;
      skipped_ += begin_;
      return Result::too_long;
    }
    skipped_ += end_;
    if (end_of_file_) {
      begin_ = seen_ = end_ = 0;
      return Result::too_long;
    }
    begin_ = seen_ = end_ = 0;
  }
}

}  // namespace kelp::cli
