// The shared state behind Connection: the transport's connection, made on first use, the channels
// that hang on it, what has been declared over it, and who waits.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <kelp/connection.hpp>
#include <kelp/transport.hpp>

#include "messaging/feed.hpp"
#include "messaging/thread_identity.hpp"

namespace kelp::messaging {

class ChannelCore;

/// How to make the transport's connection, and what to call it.
struct Connector {
  std::function<std::unique_ptr<TransportConnection>()> connect;
  std::string uri;  ///< with its password
  std::string masked_uri;
};

class ConnectionCore : public std::enable_shared_from_this<ConnectionCore> {
 public:
  ConnectionCore(Connector connector, ConnectionOptions options);
  ~ConnectionCore();

  /// Connects on first use. Throws ConnectionError when closed or forked. Any thread.
  [[nodiscard]] TransportConnection& transport();
  [[nodiscard]] bool connected() const noexcept;
  [[nodiscard]] bool is_open() const noexcept {
    return !closing_.load(std::memory_order_acquire) && !forked();
  }
  [[nodiscard]] bool forked() const noexcept { return fork_generation() != forks_; }
  [[nodiscard]] const Connector& connector() const noexcept { return connector_; }
  [[nodiscard]] const ConnectionOptions& options() const noexcept { return options_; }
  [[noreturn]] void throw_closed() const;

  [[nodiscard]] std::shared_ptr<ChannelCore> open_channel();
  /// A channel has been torn down. Any thread.
  void channel_closed(ChannelCore& channel) noexcept;
  /// The callback subscriptions of a channel have changed: the next drain sees them.
  void update_subscriptions(ChannelCore& channel, std::vector<FeedSource> sources);

  /// One event of any channel; the number dispatched.
  std::size_t drain(Timeout timeout);
  void interrupt() noexcept;
  void close() noexcept;

  // For waits, on a channel too.

  /// Makes every wait under way look again. Any thread, never blocks.
  void wake() noexcept;
  /// wake(), if somebody waits. After a seq_cst change of what waiters look at.
  void wake_waiters() noexcept {
    if (waiters_.load(std::memory_order_seq_cst) != 0) wake();
  }
  /// Takes what is ready, waits if `patience` allows and `look_again()` is false after the wait has
  /// been announced. 0: nothing, for whatever reason. The caller is inside the channels of `from`.
  template <class LookAgain>
  std::size_t receive(std::span<Subscription* const> from, std::span<Delivery> out, Patience& patience,
                      LookAgain&& look_again) {
    TransportConnection& live = transport();
    std::size_t count = live.receive(from, out, no_wait);
    if (count != 0 || !patience.may_wait()) return count;
    const auto deadline = patience.deadline(live.clock());
    const Waiting waiting(*this);
    return look_again() ? 0 : live.receive(from, out, deadline);
  }
  /// Waits while there is no consumer to wait with.
  template <class LookAgain>
  void wait_idly(Patience& patience, LookAgain&& look_again) {
    if (!patience.may_wait()) return;
    const auto deadline = patience.deadline(transport().clock());
    const Waiting waiting(*this);
    const std::uint64_t wakes = idle_wakes();
    if (!look_again()) sleep_idly(deadline, wakes);
  }

  /// Takes the user's interrupt, if there is one.
  [[nodiscard]] bool take_interrupt() noexcept {
    // Relaxed first look: interrupt() wakes those who have missed it.
    return interrupted_.load(std::memory_order_relaxed) &&
           interrupted_.exchange(false, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(std::memory_order_seq_cst); }

  /// Guards the Connection's default channel.
  [[nodiscard]] std::mutex& default_channel_mutex() noexcept { return default_channel_mutex_; }

  // What has been declared over this connection (Kombu's maybe_declare). Any thread.

  [[nodiscard]] bool is_declared(char kind, std::string_view name);
  void remember_declared(char kind, std::string_view name);
  void forget_declared(char kind, std::string_view name) noexcept;

 private:
  struct Registered {
    std::weak_ptr<ChannelCore> channel;
    ChannelCore* key;
    std::vector<FeedSource> sources;
  };
  class Waiting {
   public:
    explicit Waiting(ConnectionCore& core) noexcept : core_(core) {
      core_.waiters_.fetch_add(1, std::memory_order_seq_cst);
    }
    ~Waiting() {
      core_.waiters_.fetch_sub(1, std::memory_order_relaxed);
    }  // relaxed: too many wakes do no harm
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    ConnectionCore& core_;
  };
  class Draining;
  class InsideAll;

  std::size_t drain_ready();
  void fetch(Patience& patience);
  void take_active();
  [[nodiscard]] bool look_again() const noexcept;

  void refresh_feed();
  [[nodiscard]] std::uint64_t idle_wakes() noexcept;
  void sleep_idly(Clock::time_point deadline, std::uint64_t wakes);
  void finish_close() noexcept;

  const Connector connector_;
  const ConnectionOptions options_;
  const std::uint32_t forks_;

  std::mutex default_channel_mutex_;
  std::mutex mutex_;
  std::condition_variable left_;  // a drain has ended, a channel has gone
  std::unique_ptr<TransportConnection> transport_;
  std::atomic<TransportConnection*> live_{nullptr};
  std::vector<Registered> channels_;
  std::unordered_set<std::string> declared_;
  bool transport_closed_ = false;

  std::atomic<bool> closing_{false};
  std::atomic<bool> interrupted_{false};
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::uint64_t> version_{0};  // of the subscriptions

  std::atomic<ThreadId> draining_{0};
  // The draining thread's.
  Feed feed_;
  std::uint64_t feed_version_ = 0;
  std::vector<Subscription*> active_;
  std::size_t limit_ = 1;
  std::array<Delivery, max_fetch> landed_;

  // For a drain that has no consumer to wait with.
  std::mutex idle_mutex_;
  std::condition_variable idle_changed_;
  std::uint64_t idle_wakes_ = 0;
};

}  // namespace kelp::messaging
