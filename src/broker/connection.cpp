#include "broker/connection.hpp"

#include <algorithm>

#include "broker/capabilities.hpp"
#include "broker/channel.hpp"
#include "broker/waiter.hpp"

namespace kelp::broker {

Connection::Connection(std::shared_ptr<State> state) : link_(std::make_shared<Link>(std::move(state))) {
  link_->state->add_link(link_);
}

Connection::~Connection() { close(); }

const Capabilities& Connection::capabilities() const noexcept { return memory_capabilities(); }

std::unique_ptr<TransportChannel> Connection::open_channel() {
  link_->require_open();
  return std::make_unique<Channel>(link_);
}

void Connection::close() {
  link_->close();
  if (link_->exclusive_deleted.exchange(true, std::memory_order_acq_rel)) return;
  link_->state->remove_link(*link_);
  Context context(*link_->state);
  link_->state->topology.delete_exclusive(context, link_->id);
}

std::size_t Connection::receive(std::span<Subscription* const> from, std::span<Delivery> out,
                                Clock::time_point deadline) {
  link_->require_open();
  if (from.empty()) throw InvalidArgument("receive() needs a subscription");
  if (out.empty()) return 0;
  // Relaxed: a hint where to begin. One subscription needs none, and the locked add costs as much as
  // the claim.
  const std::size_t turn = from.size() == 1 ? 0 : turn_.fetch_add(1, std::memory_order_relaxed) % from.size();
  Waiter waiter(*link_, from, turn);
  if (const std::size_t got = waiter.take(out)) return got;
  return waiter.wait(out, deadline);
}

}  // namespace kelp::broker
