#include "messaging/connection_core.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include <kelp/error.hpp>

#include "messaging/channel_core.hpp"

namespace kelp::messaging {
namespace {

std::string declared_key(char kind, std::string_view name) {
  std::string key;
  key.reserve(name.size() + 2);
  key.append(1, kind).append(1, '|').append(name);
  return key;
}

}  // namespace

ConnectionCore::ConnectionCore(Connector connector, ConnectionOptions options)
    : connector_(std::move(connector)), options_(std::move(options)), forks_(fork_generation()) {}

ConnectionCore::~ConnectionCore() {
  close();
  // The parent's: a forked child may not say anything over it, goodbye included.
  if (forked()) static_cast<void>(transport_.release());
}

void ConnectionCore::throw_closed() const {
  if (forked())
    throw ConnectionError("the connection was made before fork() (" + connector_.masked_uri + ")", false);
  throw ConnectionError("the connection is closed (" + connector_.masked_uri + ")", false);
}

TransportConnection& ConnectionCore::transport() {
  // Acquire: pairs with the release below.
  if (TransportConnection* live = live_.load(std::memory_order_acquire)) [[likely]]
    return *live;
  const std::lock_guard lock(mutex_);
  if (!is_open()) throw_closed();
  if (transport_ == nullptr) {
    transport_ = connector_.connect();
    live_.store(transport_.get(), std::memory_order_release);
  }
  return *transport_;
}

bool ConnectionCore::connected() const noexcept {
  return live_.load(std::memory_order_acquire) != nullptr && is_open();
}

std::shared_ptr<ChannelCore> ConnectionCore::open_channel() {
  if (!is_open()) throw_closed();
  TransportConnection& live = transport();
  auto channel = std::make_shared<ChannelCore>(shared_from_this(), live.open_channel());
  {
    const std::lock_guard lock(mutex_);
    if (is_open()) {
      channels_.push_back({channel, channel.get(), {}});
      return channel;
    }
  }
  throw_closed();
}

void ConnectionCore::channel_closed(ChannelCore& channel) noexcept {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(channels_, [&](const Registered& r) { return r.key == &channel; });
    version_.fetch_add(1, std::memory_order_seq_cst);
    left_.notify_all();
  }
  wake_waiters();
  finish_close();
}

void ConnectionCore::update_subscriptions(ChannelCore& channel, std::vector<FeedSource> sources) {
  {
    const std::lock_guard lock(mutex_);
    for (Registered& registered : channels_) {
      if (registered.key == &channel) registered.sources = std::move(sources);
    }
    version_.fetch_add(1, std::memory_order_seq_cst);
  }
  wake_waiters();
}

void ConnectionCore::wake() noexcept {
  if (TransportConnection* live = live_.load(std::memory_order_acquire)) live->interrupt();
  const std::lock_guard lock(idle_mutex_);
  ++idle_wakes_;
  idle_changed_.notify_all();
}

std::uint64_t ConnectionCore::idle_wakes() noexcept {
  const std::lock_guard lock(idle_mutex_);
  return idle_wakes_;
}

void ConnectionCore::sleep_idly(Clock::time_point deadline, std::uint64_t wakes) {
  Clock& clock = transport().clock();
  if (deadline != Clock::never && clock.jump_to(deadline)) return;
  struct Moved final : Clock::Listener {
    explicit Moved(ConnectionCore& c, Clock& k) : core(c), clock(k) { clock.add_listener(*this); }
    ~Moved() override { clock.remove_listener(*this); }
    void time_moved() noexcept override {
      const std::lock_guard lock(core.idle_mutex_);
      ++core.idle_wakes_;
      core.idle_changed_.notify_all();
    }
    ConnectionCore& core;
    Clock& clock;
  } const moved(*this, clock);
  if (deadline != Clock::never && clock.now() >= deadline) return;
  const bool real = dynamic_cast<ManualClock*>(&clock) == nullptr;
  std::unique_lock lock(idle_mutex_);
  const auto woken = [&] { return idle_wakes_ != wakes; };
  if (real && deadline != Clock::never) {
    idle_changed_.wait_until(lock, deadline, woken);
  } else {
    idle_changed_.wait(lock, woken);
  }
}

void ConnectionCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  wake_waiters();
}

void ConnectionCore::close() noexcept {
  if (forked()) return;
  closing_.store(true, std::memory_order_seq_cst);
  wake();
  std::vector<std::shared_ptr<ChannelCore>> channels;
  {
    const std::lock_guard lock(mutex_);
    for (const Registered& registered : channels_) {
      if (auto channel = registered.channel.lock()) channels.push_back(std::move(channel));
    }
  }
  for (const auto& channel : channels) channel->close();
  finish_close();
  if (callback_depth() != 0) return;  // whoever is inside finishes when it leaves
  std::unique_lock lock(mutex_);
  while (transport_ != nullptr && !transport_closed_) {
    // finish_close() notifies; a channel whose last owner is closing it right now tells us through
    // channel_closed().
    left_.wait_for(lock, std::chrono::milliseconds(1));
    lock.unlock();
    finish_close();
    lock.lock();
  }
}

void ConnectionCore::finish_close() noexcept {
  if (!closing_.load(std::memory_order_seq_cst)) return;
  // The feed holds channels, and they hold this.
  const auto self = weak_from_this().lock();
  const bool draining = draining_.load(std::memory_order_seq_cst) == this_thread();
  ThreadId nobody = 0;
  if (!draining && !draining_.compare_exchange_strong(nobody, this_thread(), std::memory_order_seq_cst))
    return;
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = !transport_closed_ && transport_ != nullptr && channels_.empty();
    transport_closed_ = transport_closed_ || last;
  }
  if (last) {
    try {
      transport_->close();
    } catch (const std::exception&) {
      // It is lost already.
    }
  }
  if (!draining) {
    feed_ = {};
    draining_.store(0, std::memory_order_seq_cst);
  }
  const std::lock_guard lock(mutex_);
  left_.notify_all();
}

bool ConnectionCore::is_declared(char kind, std::string_view name) {
  const std::string key = declared_key(kind, name);
  const std::lock_guard lock(mutex_);
  return declared_.contains(key);
}

void ConnectionCore::remember_declared(char kind, std::string_view name) {
  std::string key = declared_key(kind, name);
  const std::lock_guard lock(mutex_);
  declared_.insert(std::move(key));
}

void ConnectionCore::forget_declared(char kind, std::string_view name) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(declared_, [&](const std::string& key) {
    return key.size() == name.size() + 2 && key.front() == kind && key.ends_with(name);
  });
}

}  // namespace kelp::messaging
