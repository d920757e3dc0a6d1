#include "cli/route_sink.hpp"

#include <span>

namespace kelp::cli {
namespace {

constexpr std::size_t most_held = 8192;  // lines that wait for the file's buffer to fill

std::string_view text_of(std::span<const std::byte> body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

}  // namespace

RouteSink::RouteSink(std::string queue, std::unique_ptr<OutputFile> file)
    : queue_(std::move(queue)), file_(std::move(file)) {
  held_.reserve(most_held);
  settlements_.reserve(most_held);
}

void RouteSink::take(const Delivery& delivery) {
  ++delivered_now_;
  if (!file_) {
    settlements_.push_back({.tag = delivery.tag, .outcome = Settle::ack});
    ++acked_now_;
    return;
  }
  held_.push_back(delivery.tag);
  file_->append(text_of(delivery.message.body()));
  if (file_->failed() || file_->written() != collected_) collect();
  if (held_.size() >= most_held) flush();
}

void RouteSink::flush() {
  if (!file_) return;
  file_->flush();
  collect();
}

/// Settles what has got into the file; after a failure the rest, too.
void RouteSink::collect() {
  const auto fresh = static_cast<std::size_t>(file_->written() - collected_);
  for (std::size_t i = 0; i < fresh; ++i) settlements_.push_back({.tag = held_[i], .outcome = Settle::ack});
  acked_now_ += fresh;
  collected_ += fresh;
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(fresh));
  if (!file_->failed()) return;
  for (const std::uint64_t tag : held_) settlements_.push_back({.tag = tag, .outcome = Settle::reject});
  held_.clear();
}

void RouteSink::settle(TransportChannel& channel) {
  if (!settlements_.empty()) {
    channel.settle(settlements_);
    settlements_.clear();
  }
  delivered_.store(delivered_now_, std::memory_order_relaxed);
  acked_.store(acked_now_, std::memory_order_relaxed);
}

void RouteSink::close() {
  if (file_) file_->close();
}

}  // namespace kelp::cli
