#include "broker/state.hpp"

#include <algorithm>

#include "broker/link.hpp"

namespace kelp::broker {

State::State(std::shared_ptr<Clock> c)
    : clock(c != nullptr ? std::move(c) : system_clock()),
      real_time(dynamic_cast<ManualClock*>(clock.get()) == nullptr),
      topology(*this) {
  clock->add_listener(*this);
}

State::~State() {
  clock->remove_listener(*this);
  for (Bell* bell = bells_.load(std::memory_order_acquire); bell != nullptr;) {
    Bell* next = bell->next;
    delete bell;
    bell = next;
  }
}

Bell& State::open_bell() {
  for (Bell* bell = bells_.load(std::memory_order_acquire); bell != nullptr; bell = bell->next) {
    bool free = false;
    // Relaxed on failure: we only go on to the next one.
    if (bell->in_use.compare_exchange_strong(free, true, std::memory_order_acq_rel,
                                             std::memory_order_relaxed)) {
      return *bell;
    }
  }
  auto* fresh = new Bell;
  // Relaxed: the exchange below publishes it.
  fresh->next = bells_.load(std::memory_order_relaxed);
  while (!bells_.compare_exchange_weak(fresh->next, fresh, std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
  }
  return *fresh;
}

void State::close_bell(Bell& bell) noexcept { bell.in_use.store(false, std::memory_order_release); }

void State::add_link(std::shared_ptr<Link> link) {
  const std::lock_guard lock(links_mutex_);
  if (closed_) throw ConnectionError("the broker is closed", false);
  links_.push_back(std::move(link));
}

void State::remove_link(const Link& link) noexcept {
  const std::lock_guard lock(links_mutex_);
  std::erase_if(links_, [&](const auto& l) { return l.get() == &link; });
}

void State::close() noexcept {
  const std::lock_guard lock(links_mutex_);
  closed_ = true;
  for (const auto& link : links_) link->close();
}

void State::trim() {
  domain.collect();
  segments.trim();
  blocks.trim();
}

void State::time_moved() noexcept {
  for (Bell* bell = bells_.load(std::memory_order_acquire); bell != nullptr; bell = bell->next) {
    bell->parker.unpark(bell->parker.observe());
  }
}

Context::Context(State& s)
    : marks_{s.domain, s.domain.open_reader()},
      blocks_{s.blocks, s.blocks.open_arena()},
      state(s),
      reader(marks_.reader),
      arena(blocks_.arena),
      access(s.domain, reader, s.segments) {}

Context::~Context() = default;

Context::Blocks::~Blocks() {
  message::flush(arena);
  pool.close_arena(arena);
}

}  // namespace kelp::broker
