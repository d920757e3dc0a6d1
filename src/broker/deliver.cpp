// The consuming half of a channel: handing out and settling.
#include <algorithm>
#include <array>
#include <limits>

#include "broker/channel.hpp"
#include "broker/refusals.hpp"

namespace kelp::broker {

namespace {

constexpr std::size_t lanes_for_get = 32;  // beyond it, idle ones are dropped

message::Block* block_of(const Claim& claim) noexcept {
  return reinterpret_cast<message::Block*>(claim.handle);
}

}  // namespace

std::uint32_t Channel::credit(const Consumer& consumer) const noexcept {
  constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
  if (consumer.no_ack_) return unlimited;
  const auto left = [](std::uint32_t limit, std::size_t used) {
    return limit == 0 ? unlimited : limit - std::min<std::uint32_t>(limit, static_cast<std::uint32_t>(used));
  };
  return std::min(left(consumer.lane_->prefetch, consumer.lane_->unsettled),
                  left(prefetch_, unacked_.size()));
}

std::size_t Channel::take(Consumer& consumer, std::span<Delivery> out) {
  if (consumer.lane_ == nullptr || !consumer.active()) return 0;
  const std::size_t want = std::min({out.size(), run_length, static_cast<std::size_t>(credit(consumer))});
  if (want == 0) return 0;
  unacked_.reserve(want);
  const std::size_t got = consumer.lane_->queue->ready.pop(context_.access, std::span(claims_).first(want));
  for (std::size_t i = 0; i < got; ++i) __builtin_prefetch(block_of(claims_[i]));
  for (std::size_t i = 0; i < got; ++i) {
    hand_out(claims_[i], *consumer.lane_, consumer.no_ack_, out[i]);
    out[i].subscription = &consumer;
  }
  return got;
}

void Channel::hand_out(const Claim& claim, Lane& lane, bool no_ack, Delivery& out) {
  message::Block* block = block_of(claim);
  out.redelivered = claim.redelivered;
  if (no_ack) {
    out.message = SharedMessage::adopt(block);
    out.tag = unacked_.skip();
    lane.settle(context_.access, claim.segment);
    return;
  }
  out.message = SharedMessage::borrow(block);
  out.tag = unacked_.push({block, claim.segment, &lane, claim.index, claim.redelivered});
  ++lane.unsettled;
}

bool Channel::get(std::string_view name, bool no_ack, Delivery& out) {
  link_->require_open();
  unacked_.reserve(1);
  Lane& lane = lane_for_get(name);
  std::array<Claim, 1> claim;
  if (lane.queue->ready.pop(context_.access, claim) == 0) return false;
  hand_out(claim[0], lane, no_ack, out);
  out.subscription = nullptr;
  return true;
}

Lane& Channel::lane_for_get(std::string_view name) {
  for (const auto& lane : lanes_) {
    const bool usable = !lane->of_consumer && lane->wanted && !lane->queue->deleted();
    if (usable && lane->queue->description.name == name) return *lane;
  }
  if (lanes_.size() >= lanes_for_get) {
    for (const auto& lane : lanes_) lane->wanted = lane->wanted && lane->of_consumer;
    drop_finished_lanes();
  }
  auto lane = std::make_unique<Lane>();
  lanes_.reserve(lanes_.size() + 1);
  {
    const util::Pin pin(context_.state.domain, context_.reader);
    Queue* queue = context_.state.topology.find_queue(name, router_.scratch());
    if (queue == nullptr) refuse_missing("queue", name);
    if (queue->owner != 0 && queue->owner != link_->id) refuse_locked(name);
    if (!queue->try_acquire()) refuse_missing("queue", name);
    lane->queue = queue;
  }
  lanes_.push_back(std::move(lane));
  return *lanes_.back();
}

void Channel::settle(std::span<const Settlement> settlements) {
  if (closed_) return;
  for (const Settlement& s : settlements) {
    if (s.multiple) {
      if (s.tag > unacked_.last_tag()) refuse_unknown_tag(s.tag);
      unacked_.for_each(s.tag == 0 ? UINT64_MAX : s.tag,
                        [&](Unsettled& u) { finish(u, s.outcome, nullptr); });
      continue;
    }
    Unsettled* delivery = unacked_.find(s.tag);
    if (delivery == nullptr) refuse_unknown_tag(s.tag);
    finish(*delivery, s.outcome, s.keep);
  }
}

void Channel::finish(Unsettled& delivery, Settle outcome, SharedMessage* keep) {
  if (outcome == Settle::requeue) {
    requeue(delivery);
    return;
  }
  if (keep != nullptr) {
    keep->become_owner();
  } else {
    message::release(*delivery.block, context_.arena);
  }
  delivery.lane->settle(context_.access, delivery.segment);
  --delivery.lane->unsettled;
  unacked_.erase(delivery);
}

void Channel::requeue(Unsettled& delivery) noexcept {
  Lane& lane = *delivery.lane;
  if (lane.queue->deleted()) {
    message::release(*delivery.block, context_.arena);
    lane.settle(context_.access, delivery.segment);
  } else {
    lane.queue->ready.requeue(context_.access, {reinterpret_cast<std::uint64_t>(delivery.block),
                                                delivery.segment, delivery.index, delivery.redelivered});
    lane.queue->wake();
  }
  --lane.unsettled;
  unacked_.erase(delivery);
}

}  // namespace kelp::broker
