// One line of a script: an object whose members are asked for by name. Whoever has asked for all that
// it knows calls finish(), which refuses the others: a misspelt member is never ignored.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/field_table.hpp>
#include <kelp/json.hpp>

namespace kelp::cli {

/// The line is no operation.
struct ScriptMistake {
  std::size_t byte = 1;  ///< from 1
  std::string text;
};

class ScriptArgs {
 public:
  /// Throws ScriptMistake when `line` is no JSON object with a text "op".
  explicit ScriptArgs(std::string_view line);

  [[nodiscard]] const std::string& op() const noexcept { return op_; }

  // All of these throw ScriptMistake at the member when it is of another type.
  [[nodiscard]] bool has(const char* name) const;
  /// Throws ScriptMistake when it is missing.
  [[nodiscard]] std::string text(const char* name);
  [[nodiscard]] std::string text_or(const char* name, std::string otherwise);
  [[nodiscard]] bool flag(const char* name);
  [[nodiscard]] std::uint64_t number_or(const char* name, std::uint64_t otherwise, std::uint64_t most);
  [[nodiscard]] std::chrono::nanoseconds seconds_or(const char* name, std::chrono::nanoseconds otherwise);
  [[nodiscard]] FieldTable table(const char* name);
  /// A text or an array of texts; missing: none.
  [[nodiscard]] std::vector<std::string> texts(const char* name);
  /// nullptr: missing.
  [[nodiscard]] const Json* any(const char* name);

  /// Throws ScriptMistake at the first member that nobody asked for.
  void finish() const;
  [[noreturn]] void refuse(const char* name, const std::string& why) const;

 private:
  [[nodiscard]] std::size_t byte_of(std::string_view name) const;

  std::string_view line_;
  Json object_;
  std::string op_;
  std::vector<std::string> asked_;
};

/// A JSON value as a field of AMQP. Throws std::string, the reason, for what has no such form.
[[nodiscard]] FieldValue field_from(const Json& value);
[[nodiscard]] Json json_from(const FieldValue& value);
[[nodiscard]] Json json_from(const FieldTable& table);
/// Text for JSON: what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

}  // namespace kelp::cli
