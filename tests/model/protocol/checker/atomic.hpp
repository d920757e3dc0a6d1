// std::atomic's interface over the checker's locations, and a plain variable whose races are told.
//
// The default arguments catch the caller's line, so that a trace names lines of the code under test.
#pragma once

#include <atomic>
#include <cstring>
#include <type_traits>

#include "engine.hpp"

namespace model {

inline Order to_order(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return Order::relaxed;
    case std::memory_order_consume:
    case std::memory_order_acquire:
      return Order::acquire;
    case std::memory_order_release:
      return Order::release;
    case std::memory_order_acq_rel:
      return Order::acq_rel;
    default:
      return Order::seq_cst;
  }
}

inline std::memory_order failure_order(std::memory_order order) {
  if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
  if (order == std::memory_order_release) return std::memory_order_relaxed;
  return order;
}

template <class T>
class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  using M = std::memory_order;

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = true;

  atomic() noexcept : location_(to_word(T{})) {}
  atomic(T value) noexcept : location_(to_word(value)) {}  // NOLINT(google-explicit-constructor): as std's
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load(M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
                       const char* file = __builtin_FILE()) const {
    return from_word(location_.load(to_order(order), {file, line}));
  }
  void store(T value, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
             const char* file = __builtin_FILE()) {
    location_.store(to_word(value), to_order(order), {file, line});
  }
  T exchange(T value, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
             const char* file = __builtin_FILE()) {
    return change([](std::uint64_t, std::uint64_t v) { return v; }, value, order, {file, line}, "exchange");
  }
  bool compare_exchange_strong(T& expected, T desired, M success, M failure, int line = __builtin_LINE(),
                               const char* file = __builtin_FILE()) {
    return swap(expected, desired, success, failure, false, {file, line});
  }
  bool compare_exchange_strong(T& expected, T desired, M order = std::memory_order_seq_cst,
                               int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
    return swap(expected, desired, order, failure_order(order), false, {file, line});
  }
  bool compare_exchange_weak(T& expected, T desired, M success, M failure, int line = __builtin_LINE(),
                             const char* file = __builtin_FILE()) {
    return swap(expected, desired, success, failure, true, {file, line});
  }
  bool compare_exchange_weak(T& expected, T desired, M order = std::memory_order_seq_cst,
                             int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
    return swap(expected, desired, order, failure_order(order), true, {file, line});
  }
  T fetch_add(T by, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
              const char* file = __builtin_FILE()) {
    return change(
        [](std::uint64_t a, std::uint64_t b) { return to_word(static_cast<T>(from_word(a) + from_word(b))); },
        by, order, {file, line}, "fetch_add");
  }
  T fetch_sub(T by, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
              const char* file = __builtin_FILE()) {
    return change(
        [](std::uint64_t a, std::uint64_t b) { return to_word(static_cast<T>(from_word(a) - from_word(b))); },
        by, order, {file, line}, "fetch_sub");
  }
  T fetch_or(T by, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
             const char* file = __builtin_FILE()) {
    return change([](std::uint64_t a, std::uint64_t b) { return a | b; }, by, order, {file, line},
                  "fetch_or");
  }
  T fetch_and(T by, M order = std::memory_order_seq_cst, int line = __builtin_LINE(),
              const char* file = __builtin_FILE()) {
    return change([](std::uint64_t a, std::uint64_t b) { return a & b; }, by, order, {file, line},
                  "fetch_and");
  }

  // The newest value, as the kernel sees it.
  [[nodiscard]] T peek() const { return from_word(location_.peek()); }

 private:
  static std::uint64_t to_word(T value) {
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof(T));
    return word;
  }
  static T from_word(std::uint64_t word) {
    T value;
    std::memcpy(static_cast<void*>(&value), &word, sizeof(T));
    return value;
  }
  T change(Location::Change how, T value, M order, Site site, const char* what) {
    return from_word(location_.modify(how, to_word(value), to_order(order), site, what));
  }
  bool swap(T& expected, T desired, M success, M failure, bool weak, Site site) {
    std::uint64_t word = to_word(expected);
    const bool done =
        location_.compare_exchange(word, to_word(desired), to_order(success), to_order(failure), weak, site);
    expected = from_word(word);
    return done;
  }

  mutable Location location_;
};

// A plain variable of the program under test.
template <class T>
class plain {
 public:
  plain() = default;
  explicit plain(T value) : value_(value) {}
  [[nodiscard]] T get(int line = __builtin_LINE(), const char* file = __builtin_FILE()) const {
    data_.on_read({file, line});
    return value_;
  }
  void set(T value, int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
    data_.on_write({file, line});
    value_ = value;
  }

 private:
  mutable Data data_;
  T value_{};
};

}  // namespace model
