// Which sanitizer a test was compiled with, for tests that do less where everything is slower.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KELP_TEST_THREAD_SANITIZER 1
#endif
#if __has_feature(address_sanitizer)
#define KELP_TEST_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define KELP_TEST_THREAD_SANITIZER 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define KELP_TEST_ADDRESS_SANITIZER 1
#endif

namespace kelp::testing {

#ifdef KELP_TEST_THREAD_SANITIZER
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif
#ifdef KELP_TEST_ADDRESS_SANITIZER
inline constexpr bool address_sanitizer = true;
#else
inline constexpr bool address_sanitizer = false;
#endif
inline constexpr bool sanitized = thread_sanitizer || address_sanitizer;

}  // namespace kelp::testing
