#include "values/random.hpp"

#include <bit>
#include <chrono>
#include <random>

#if __has_include(<pthread.h>)
#include <pthread.h>
#define KELP_CAN_FORK 1
#endif

namespace kelp::values {
namespace {

// Starts at 1 and grows in every forked child: a thread's state of another generation is not used.
constinit std::atomic<std::uint32_t> generation{1};

struct State {
  std::array<std::uint64_t, 4> words;
  std::uint32_t generation;
};
constinit thread_local State state{};

#ifdef KELP_CAN_FORK
extern "C" void kelp_random_forked() {
  // Relaxed: the child has one thread.
  generation.fetch_add(1, std::memory_order_relaxed);
}
#endif

// The system's source can fail (no descriptor left in a sandbox): time and addresses then have to do.
void fill(std::array<std::uint64_t, 4>& words) noexcept {
  try {
    std::random_device device;
    for (auto& word : words) word = (std::uint64_t{device()} << 32) | device();
  } catch (...) {
    const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count() ^
                       std::chrono::system_clock::now().time_since_epoch().count();
    SplitMix64 spare(static_cast<std::uint64_t>(ticks) ^ reinterpret_cast<std::uintptr_t>(&words));
    for (auto& word : words) word = spare.next();
  }
  words[0] |= 1;  // the generator stays at zero if all of its state is
}

[[gnu::cold, gnu::noinline]] void seed(std::uint32_t now) noexcept {
#ifdef KELP_CAN_FORK
  static const int registered = pthread_atfork(nullptr, nullptr, kelp_random_forked);
  static_cast<void>(registered);
#endif
  fill(state.words);
  state.generation = now;
}

}  // namespace

std::uint64_t system_random() noexcept {
  // Relaxed: only a fork changes it, and the child's first thread is the one that forked.
  const std::uint32_t now = generation.load(std::memory_order_relaxed);
  if (state.generation != now) [[unlikely]]
    seed(now);
  // xoshiro256**: Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2021.
  auto& s = state.words;
  const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9;
  const std::uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return result;
}

}  // namespace kelp::values
