// The machine's clock, and what all clocks share.
#include <kelp/clock.hpp>

#include "values/random.hpp"

namespace kelp {
namespace {

class SystemClock final : public Clock {
 public:
  time_point now() noexcept override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point wall() noexcept override { return std::chrono::system_clock::now(); }
  std::uint64_t random() noexcept override { return values::system_random(); }
  bool jump_to(time_point) noexcept override { return false; }
};

}  // namespace

Clock::Listener::~Listener() = default;
Clock::time_point Clock::Listener::next_due() noexcept { return never; }

Clock::~Clock() = default;
void Clock::add_listener(Listener&) {}
void Clock::remove_listener(Listener&) noexcept {}

Clock::time_point Clock::deadline_after(duration timeout) noexcept {
  if (timeout == duration::max()) return never;
  const time_point start = now();
  if (timeout >= duration::zero()) return start > never - timeout ? never : start + timeout;
  return start < time_point::min() - timeout ? time_point::min() : start + timeout;
}

std::shared_ptr<Clock> system_clock() {
  // Never destroyed: a broker may outlive main().
  static const auto& shared = *new std::shared_ptr<Clock>(std::make_shared<SystemClock>());
  return shared;
}

}  // namespace kelp
