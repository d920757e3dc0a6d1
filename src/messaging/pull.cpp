#include <kelp/pull.hpp>

#include <utility>

#include "messaging/channel_core.hpp"

namespace kelp {

PullConsumer::PullConsumer(std::shared_ptr<messaging::ChannelCore> core,
                           std::shared_ptr<messaging::Source> source) noexcept
    : core_(std::move(core)), source_(std::move(source)) {}

PullConsumer::PullConsumer(PullConsumer&&) noexcept = default;

PullConsumer& PullConsumer::operator=(PullConsumer&& other) noexcept {
  PullConsumer old(std::move(*this));
  core_ = std::move(other.core_);
  source_ = std::move(other.source_);
  return *this;
}

PullConsumer::~PullConsumer() { cancel(); }

std::size_t PullConsumer::receive(std::span<Delivery> out, Timeout timeout) {
  return messaging::live(core_).receive(*source_, out, timeout);
}

void PullConsumer::settle(std::span<const Settlement> settlements) {
  messaging::ChannelCore::Pass(messaging::live(core_))->settle(settlements);
}

void PullConsumer::settle_one(const Delivery& delivery, Settle outcome) {
  const Settlement settlement{delivery.tag, outcome, false, nullptr};
  settle({&settlement, 1});
}

std::string_view PullConsumer::consumer_tag() const noexcept {
  return source_ != nullptr ? std::string_view(source_->info->tag) : std::string_view();
}

std::string_view PullConsumer::queue() const noexcept {
  return source_ != nullptr ? std::string_view(source_->queue) : std::string_view();
}

bool PullConsumer::active() const noexcept {
  return core_ != nullptr && core_->is_open() && source_->subscription != nullptr &&
         source_->subscription->active();
}

void PullConsumer::set_prefetch(std::uint32_t count) {
  const messaging::ChannelCore::Pass pass(messaging::live(core_));
  if (source_->subscription != nullptr) source_->subscription->set_prefetch(count);
}

void PullConsumer::cancel() noexcept {
  if (core_ == nullptr || core_->closed()) return;
  try {
    core_->unsubscribe(source_);
  } catch (const std::exception&) {
    // Closed meanwhile, or used by another thread: the channel's end cancels it.
  }
}

}  // namespace kelp
