#include "cli/route_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "cli/route_worker.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text.hpp"

namespace kelp::cli {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ > STDIN_FILENO) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

void complain_unreadable(const std::string& name, int error) {
  complain("cannot read '" + printable(name) + "': " + std::strerror(error));
}

}  // namespace

RouteReader::RouteReader(TransportChannel& channel, std::string_view exchange,
                         const std::vector<std::string>& queues, KeyBuilder& keys, RouteWindows& windows,
                         RouteTotals& totals)
    : channel_(channel),
      exchange_(exchange),
      queues_(queues),
      keys_(keys),
      windows_(windows),
      totals_(totals),
      // A block's head and rounding, and a cell in every queue that may get it.
      overhead_(256 + 32 * queues.size()) {}

bool RouteReader::stopping() const noexcept { return StopSignal::requested() || windows_.pointless(); }

bool RouteReader::read(const std::string& path, std::size_t longest_line) {
  const std::string name = path == "-" ? "(standard input)" : path;
  const Descriptor file(path);
  if (file.get() < 0) {
    complain_unreadable(name, errno);
    return false;
  }
  LineReader reader(file.get(), longest_line);
  return read_lines(reader, name);
}

bool RouteReader::read_lines(LineReader& reader, const std::string& name) {
  for (std::uint64_t number = 1; !stopping(); ++number) {
    switch (reader.next()) {
      case LineReader::Result::line:
        if (!route(reader.line(), name, number)) return false;
        break;
      case LineReader::Result::too_long:
        totals_.read.add();
        malformed(name, number,
                  "the line has " + std::to_string(reader.length()) + " bytes, over the limit (--max-line)");
        break;
      case LineReader::Result::end:
      case LineReader::Result::stopped:
        return true;
      case LineReader::Result::failed:
        complain_unreadable(name, reader.error());
        return false;
    }
  }
  return true;
}

/// False: the run cannot go on.
bool RouteReader::route(std::string_view line, const std::string& name, std::uint64_t number) {
  std::string_view key;
  KeyProblem problem;
  if (!keys_.build(without_line_end(line), key, problem)) {
    totals_.read.add();
    malformed(name, number, keys_.describe(problem));
    return true;
  }
  if (!admit(line.size() + overhead_)) return false;
  const PublishOutcome outcome = channel_.publish({exchange_, key}, {}, std::as_bytes(std::span(line)), {});
  totals_.read.add();
  totals_.published.add();
  if (outcome == PublishOutcome::unroutable) {
    totals_.unmatched.add();
    window_ -= line.size() + overhead_;
  }
  return true;
}

/// Counts `bytes` in the window under way; before a new one it waits until there is room.
bool RouteReader::admit(std::size_t bytes) {
  if (window_ > 0 && window_ + bytes > window_size) seal();
  if (window_ == 0 && !windows_.wait_for_room(std::max(bytes, window_size), in_flight_limit)) return false;
  window_ += bytes;
  return true;
}

void RouteReader::seal() {
  windows_.seal(window_);
  window_ = 0;
  send_markers({});
}

void RouteReader::finish() { send_markers({.type = RouteWorker::end_marker}); }

/// Through the default exchange, which every queue is bound to by its name.
void RouteReader::send_markers(const Properties& properties) {
  for (const std::string& queue : queues_) channel_.publish({"", queue}, properties, {}, {});
}

void RouteReader::malformed(const std::string& name, std::uint64_t number, const std::string& why) {
  totals_.malformed.add();
  if (totals_.malformed.get() <= most_complaints)
    complain(printable(name) + ":" + std::to_string(number) + ": " + printable(why));
}

void RouteReader::tell_suppressed() const {
  const std::uint64_t count = totals_.malformed.get();
  if (count > most_complaints)
    complain("... and " + grouped(count - most_complaints) + " more malformed lines");
}

}  // namespace kelp::cli
