// Which sanitizer a test is built with, and how much work is then enough. A sanitizer costs a factor of
// 3 to 20, and looks for errors in each step, not for rare orders of many.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define KELP_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define KELP_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KELP_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define KELP_THREAD_SANITIZER 1
#endif
#endif

namespace kelp::testing {

#if defined(KELP_ADDRESS_SANITIZER)
inline constexpr unsigned sanitizer_cost = 5;
#elif defined(KELP_THREAD_SANITIZER)
inline constexpr unsigned sanitizer_cost = 25;
#else
inline constexpr unsigned sanitizer_cost = 1;
#endif
inline constexpr bool sanitized = sanitizer_cost > 1;

/// `rounds` of a repeated test, or as many as take about as long under the sanitizer; at least one.
template <class T>
[[nodiscard]] constexpr T affordable(T rounds) {
  const T fewer = rounds / static_cast<T>(sanitizer_cost);
  return fewer > T(0) ? fewer : T(1);
}

}  // namespace kelp::testing
