#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <kelp/export.hpp>

namespace kelp {

/// Where kelp takes time and randomness from: deadlines, timers, uuids, shuffles, jitter and every
/// choice among equals. A Broker has one; connections to it use the broker's.
/// Threads: any.
class KELP_API Clock {
 public:
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

  /// A deadline that never comes.
  static constexpr time_point never = time_point::max();

  /// Who has timers, or sleeps, on a clock that others move. Both functions run on the thread that
  /// moves it; they may use the clock, add and remove listeners, but not advance it.
  class KELP_API Listener {
   public:
    virtual ~Listener();
    /// Time moved without passing: run what is due, wake what sleeps so that it re-reads the clock.
    virtual void time_moved() noexcept = 0;
    /// When the listener's next timer is due: advance() stops there on its way. Default: never.
    [[nodiscard]] virtual time_point next_due() noexcept;
  };

  virtual ~Clock();

  /// Monotonic time; on a real clock that of std::chrono::steady_clock.
  [[nodiscard]] virtual time_point now() noexcept = 0;
  /// Wall time, for timestamps that leave the process.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall() noexcept = 0;
  /// 64 random bits.
  [[nodiscard]] virtual std::uint64_t random() noexcept = 0;

  /// Called by a wait that found nothing to do before `until`. A manual clock moves there, tells
  /// nobody (the caller runs what is due) and returns true: the wait then ends without sleeping. A
  /// real clock returns false, and so does any for `never`.
  virtual bool jump_to(time_point until) noexcept = 0;

  /// A listener must be removed before it is destroyed; remove_listener() returns when nobody tells
  /// it any more, so the caller holds no lock that the listener takes. Real clocks ignore both.
  virtual void add_listener(Listener& listener);
  virtual void remove_listener(Listener& listener) noexcept;

  /// `now() + timeout`, without overflow; `never` when `timeout` is the maximum.
  [[nodiscard]] time_point deadline_after(duration timeout) noexcept;
};

/// The clock of the machine, shared by everybody; `random()` is seeded from the system.
[[nodiscard]] KELP_API std::shared_ptr<Clock> system_clock();

/// A clock that stands still until somebody moves it, with a seeded random source: tests that use
/// it are deterministic and never sleep. It starts at one hour, and its wall at 2020-01-01T00:00:00Z.
///
/// With `auto_advance` (the default) a wait that finds nothing moves the clock to its deadline and
/// returns; without it such a wait sleeps until a message, an interrupt or advance() ends it.
/// Threads: any.
class KELP_API ManualClock final : public Clock {
 public:
  explicit ManualClock(std::uint64_t seed = 0, bool auto_advance = true);
  ~ManualClock() override;

  [[nodiscard]] time_point now() noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point wall() noexcept override;
  [[nodiscard]] std::uint64_t random() noexcept override;
  bool jump_to(time_point until) noexcept override;
  void add_listener(Listener& listener) override;
  void remove_listener(Listener& listener) noexcept override;

  /// Moves time forward, by way of every listener's due times in their order, and tells every
  /// listener at each stop. Throws InvalidArgument when `by` is negative.
  void advance(duration by);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kelp
