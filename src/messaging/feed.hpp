// Where a drain takes its deliveries from: the subscriptions of one channel, or of all channels of a
// connection.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <kelp/timeout.hpp>
#include <kelp/transport.hpp>

namespace kelp::messaging {

class ChannelCore;
class ConnectionCore;

/// At most so many deliveries are fetched ahead.
inline constexpr std::size_t max_fetch = 32;

struct FeedSource {
  Subscription* subscription = nullptr;
  std::uint32_t fetch = 0;  ///< 0: as many as the subscription hints
};

struct Feed {
  std::vector<std::shared_ptr<ChannelCore>> channels;
  std::vector<FeedSource> sources;
  std::unordered_map<const Subscription*, ChannelCore*> channel_of;
  std::size_t turn = 0;  // the channel that is served next
};

/// How many deliveries may be fetched at once for `source`.
[[nodiscard]] inline std::size_t fetch_of(const FeedSource& source) noexcept {
  const std::size_t wanted = source.fetch != 0 ? source.fetch : source.subscription->fetch_hint();
  return wanted < 1 ? 1 : (wanted < max_fetch ? wanted : max_fetch);
}

/// How long a call still waits. The clock is read when there is nothing to do, not before.
class Patience {
 public:
  explicit Patience(Timeout timeout) noexcept : timeout_(timeout) {}
  [[nodiscard]] bool may_wait() const noexcept { return timeout_ > Timeout::zero(); }
  /// The deadline, fixed at the first call.
  [[nodiscard]] Clock::time_point deadline(Clock& clock) noexcept {
    if (!known_) deadline_ = clock.deadline_after(timeout_);
    known_ = true;
    return deadline_;
  }
  /// Has the deadline come?
  [[nodiscard]] bool over(Clock& clock) noexcept {
    return !may_wait() || (deadline(clock) != Clock::never && clock.now() >= deadline_);
  }

 private:
  Timeout timeout_;
  Clock::time_point deadline_{};
  bool known_ = false;
};

/// A time that has passed on every clock: receive() takes what is there and does not wait.
inline constexpr Clock::time_point no_wait = Clock::time_point::min();

}  // namespace kelp::messaging
