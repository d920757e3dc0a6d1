#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <kelp/export.hpp>

namespace kelp {

class FieldValue;
using FieldArray = std::vector<FieldValue>;
using Bytes = std::vector<std::byte>;

/// A fixed-point number: `value / 10^scale` (AMQP's `D`).
struct Decimal {
  std::uint8_t scale = 0;
  std::uint32_t value = 0;
  bool operator==(const Decimal&) const = default;
};

/// Whole seconds since 1970 (AMQP's `T`).
struct Timestamp {
  std::uint64_t seconds = 0;
  bool operator==(const Timestamp&) const = default;
};

/// Named values in the order in which they were set: message headers and the arguments of
/// declarations, with the types of AMQP field tables (AMQP 0-9-1 section 4.2.5.5 with RabbitMQ's
/// errata). A table is small, so look-up is a linear search.
/// Threads: share for reading.
class KELP_API FieldTable {
 public:
  using value_type = std::pair<std::string, FieldValue>;
  using const_iterator = std::vector<value_type>::const_iterator;

  FieldTable() noexcept;
  FieldTable(std::initializer_list<value_type> fields);
  /// Takes fields in their order; where a name comes several times its last value stands, at the
  /// first one's place. n log n, where n calls of set() would be n squared.
  [[nodiscard]] static FieldTable from(std::vector<value_type> fields);
  FieldTable(const FieldTable&);
  FieldTable(FieldTable&&) noexcept;
  FieldTable& operator=(const FieldTable&);
  FieldTable& operator=(FieldTable&&) noexcept;
  ~FieldTable();

  /// Sets `name`, replacing a value that is there. Names are at most 255 bytes (checked when encoded).
  FieldValue& set(std::string_view name, FieldValue value);
  /// The value, or nullptr.
  [[nodiscard]] const FieldValue* find(std::string_view name) const noexcept;
  /// True when there was such a field.
  bool erase(std::string_view name) noexcept;

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] const_iterator begin() const noexcept;
  [[nodiscard]] const_iterator end() const noexcept;

  /// Equal when the same names have equal values, in any order.
  bool operator==(const FieldTable& other) const noexcept;

 private:
  std::vector<value_type> fields_;
};

/// One value of a FieldTable. Comparison is exact: 1 (int32) is not 1 (int64); same_number() compares
/// by value.
class KELP_API FieldValue {
 public:
  using Variant = std::variant<std::monostate, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                               std::int32_t, std::uint32_t, std::int64_t, float, double, Decimal, std::string,
                               Bytes, Timestamp, FieldArray, FieldTable>;

  FieldValue() noexcept = default;
  FieldValue(std::nullptr_t) noexcept {}
  FieldValue(const char* text) : value_(std::string(text)) {}
  FieldValue(std::string_view text) : value_(std::string(text)) {}
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, FieldValue> &&
           std::is_constructible_v<Variant, std::in_place_type_t<std::remove_cvref_t<T>>, T>)
      FieldValue(T&& value)
      : value_(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(value)) {}

  [[nodiscard]] const Variant& variant() const noexcept { return value_; }
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&value_);
  }

  bool operator==(const FieldValue&) const = default;

 private:
  Variant value_;
};

/// True when both are integers or floating-point numbers of equal value, whatever their types.
[[nodiscard]] KELP_API bool same_number(const FieldValue& a, const FieldValue& b) noexcept;

}  // namespace kelp
