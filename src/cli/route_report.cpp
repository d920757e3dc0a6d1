#include "cli/route_report.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "cli/text.hpp"

namespace kelp::cli {
namespace {

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

/// 2345678 as "2.35 M".
std::string scaled(double number) {
  if (number >= 1e6) return fixed(number / 1e6, 2) + " M";
  if (number >= 1e4) return fixed(number / 1e3, 1) + " k";
  return fixed(number, 0);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

std::string patterns_of(const std::vector<BindingOption>& bindings, const std::string& queue) {
  std::string text;
  for (const BindingOption& binding : bindings) {
    if (binding.queue != queue) continue;
    if (!text.empty()) text += ' ';
    text += printable(binding.pattern);
  }
  constexpr std::size_t widest = 40;
  return text.size() <= widest ? text : text.substr(0, widest - 3) + "...";
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

std::string route_json(const RouteTotals& totals, const RouteSinks& sinks, double seconds) {
  std::string text = "{\"read\":" + std::to_string(totals.read.get()) +
                     ",\"published\":" + std::to_string(totals.published.get()) +
                     ",\"unmatched\":" + std::to_string(totals.unmatched.get()) +
                     ",\"malformed\":" + std::to_string(totals.malformed.get()) +
                     ",\"seconds\":" + fixed(seconds, 6) + ",\"queues\":{";
  bool first = true;
  for (const auto& sink : sinks) {
    if (!first) text += ',';
    first = false;
    text += json_quoted(sink->queue()) + ":{\"delivered\":" + std::to_string(sink->delivered()) +
            ",\"acked\":" + std::to_string(sink->acked()) + "}";
  }
  return text + "}}\n";
}

std::string route_table(const RouteTotals& totals, const RouteSinks& sinks,
                        const std::vector<BindingOption>& bindings, double seconds, bool fancy) {
  std::uint64_t delivered = 0;
  std::uint64_t acked = 0;
  for (const auto& sink : sinks) {
    delivered += sink->delivered();
    acked += sink->acked();
  }
  const bool lost = delivered != acked;
  const auto row = [&](std::string name, std::string patterns, std::uint64_t d, std::uint64_t a) {
    std::vector<std::string> cells{std::move(name), std::move(patterns), grouped(d), grouped(a),
                                   share(d, totals.published.get())};
    if (lost) cells.push_back(grouped(d - a));
    return cells;
  };
  std::vector<std::string> head{"queue", "patterns", "delivered", "acked", "of published"};
  if (lost) head.emplace_back("not written");
  Table table(std::move(head), 2);
  for (const auto& sink : sinks)
    table.add(row(printable(sink->queue()), patterns_of(bindings, sink->queue()), sink->delivered(),
                  sink->acked()));
  std::vector<std::string> foot{"all queues", "", grouped(delivered), grouped(acked), ""};
  if (lost) foot.push_back(grouped(delivered - acked));
  table.add(std::move(foot));
  const double rate = seconds > 0 ? static_cast<double>(totals.read.get()) / seconds : 0;
  return table.text(fancy, true) + grouped(totals.read.get()) + " lines read, " +
         grouped(totals.published.get()) + " published, " + grouped(totals.unmatched.get()) + " unmatched, " +
         grouped(totals.malformed.get()) + " malformed, in " + fixed(seconds, 3) + " s (" + scaled(rate) +
         " lines/s)\n";
}

RouteProgress::RouteProgress(const RouteTotals& totals, const RouteSinks& sinks, Depth depth)
    : totals_(totals), sinks_(sinks), depth_(std::move(depth)) {
  set_live_line(true);
  thread_ = std::thread([this] { run(); });
}

RouteProgress::~RouteProgress() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
  std::fputs("\r\x1b[K", stderr);
  set_live_line(false);
}

void RouteProgress::run() {
  using clock = std::chrono::steady_clock;
  auto then = clock::now();
  std::uint64_t before = 0;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(100), [&] { return stop_; })) {
    const auto now = clock::now();
    const std::uint64_t read = totals_.read.get();
    const double rate =
        static_cast<double>(read - before) / std::chrono::duration<double>(now - then).count();
    then = now;
    before = read;
    std::fputs(line(rate).c_str(), stderr);
  }
}

std::string RouteProgress::line(double rate) const {
  std::string text = grouped(totals_.read.get()) + " lines  " + scaled(rate) + "/s ";
  if (totals_.malformed.get() > 0) text += " malformed " + grouped(totals_.malformed.get());
  const std::size_t width = terminal_width() - 1;
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    const std::string queue = "  " + printable(sinks_[i]->queue()) + " " + grouped(sinks_[i]->delivered()) +
                              " (+" + grouped(depth_(i)) + ")";
    if (display_width(text) + display_width(queue) + 4 > width) {
      text += " ...";
      break;
    }
    text += queue;
  }
  return "\r" + text + "\x1b[K";
}

}  // namespace kelp::cli
