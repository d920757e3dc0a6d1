#include "cli/key_template.hpp"

#include <algorithm>
#include <charconv>

#include <kelp/error.hpp>

namespace kelp::cli {
namespace {

[[noreturn]] void refuse(std::size_t at, const std::string& why) {
  throw InvalidArgument("--key: byte " + std::to_string(at + 1) + ": " + why);
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

KeyTemplate::KeyTemplate(std::string_view text) {
  std::string literal;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      literal += c;
      ++i;
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      i += 2;
      continue;
    }
    if (c == '}') refuse(i, "'}' without '{' (write '}}' for a brace)");
    const std::size_t end = text.find_first_of("{}", i + 1);
    if (end == std::string_view::npos || text[end] == '{')
      refuse(i, "'{' is not closed (write '{{' for a brace)");
    if (end == i + 1) refuse(i, "'{}' names no field");
    const std::size_t field = intern(text.substr(i + 1, end - i - 1), i + 1);
    parts_.push_back({std::move(literal), field});
    literal.clear();
    i = end + 1;
  }
  if (!literal.empty()) parts_.push_back({std::move(literal), none});
}

std::size_t KeyTemplate::intern(std::string_view name, std::size_t byte) {
  Field field{std::string(name), 0};
  if (all_digits(name)) {
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), field.column);
    if (error != std::errc{} || field.column > 1'000'000)
      refuse(byte, "column " + field.name + " is too large");
    if (field.column == 0) refuse(byte, "columns are counted from 1");
  }
  const auto same = [&](const Field& f) {
    return field.column != 0 ? f.column == field.column : f.column == 0 && f.name == field.name;
  };
  const auto found = std::find_if(fields_.begin(), fields_.end(), same);
  if (found != fields_.end()) return static_cast<std::size_t>(found - fields_.begin());
  fields_.push_back(std::move(field));
  return fields_.size() - 1;
}

bool KeyTemplate::has_names() const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), [](const Field& f) { return f.column == 0; });
}

bool KeyTemplate::has_columns() const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), [](const Field& f) { return f.column != 0; });
}

}  // namespace kelp::cli
