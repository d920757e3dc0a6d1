#include "cli/script_args.hpp"

#include <algorithm>

#include <kelp/error.hpp>

#include "cli/json_fields.hpp"

namespace kelp::cli {
namespace {

constexpr double longest_seconds = 1e9;

void check_json(std::string_view line) {
  JsonError error;
  if (!JsonFields({}).scan(line, {}, error))
    throw ScriptMistake{error.byte, std::string("invalid JSON: ") + error.what};
}

}  // namespace

ScriptArgs::ScriptArgs(std::string_view line) : line_(line) {
  check_json(line);
  object_ = read_json(line);
  if (!object_.is_object()) throw ScriptMistake{1, "an operation is an object"};
  op_ = text("op");
}

bool ScriptArgs::has(const char* name) const { return object_.contains(name); }

const Json* ScriptArgs::any(const char* name) {
  asked_.emplace_back(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

std::string ScriptArgs::text(const char* name) {
  const Json* const value = any(name);
  if (value == nullptr) throw ScriptMistake{1, std::string("\"") + name + "\" is missing"};
  if (!value->is_string()) refuse(name, "is not text");
  return value->get<std::string>();
}

std::string ScriptArgs::text_or(const char* name, std::string otherwise) {
  if (has(name)) return text(name);
  asked_.emplace_back(name);
  return otherwise;
}

bool ScriptArgs::flag(const char* name) {
  const Json* const value = any(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse(name, "is not true or false");
  return value->get<bool>();
}

std::uint64_t ScriptArgs::number_or(const char* name, std::uint64_t otherwise, std::uint64_t most) {
  const Json* const value = any(name);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most)
    refuse(name, "is not a whole number from 0 to " + std::to_string(most));
  return value->get<std::uint64_t>();
}

std::chrono::nanoseconds ScriptArgs::seconds_or(const char* name, std::chrono::nanoseconds otherwise) {
  const Json* const value = any(name);
  if (value == nullptr) return otherwise;
  const double seconds = value->is_number() ? value->get<double>() : -1;
  if (!(seconds >= 0 && seconds <= longest_seconds)) refuse(name, "is not a number of seconds");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

FieldTable ScriptArgs::table(const char* name) {
  const Json* const value = any(name);
  if (value == nullptr) return {};
  if (!value->is_object()) refuse(name, "is not an object");
  try {
    return *field_from(*value).get_if<FieldTable>();
  } catch (const std::string& why) {
    refuse(name, why);
  }
}

std::vector<std::string> ScriptArgs::texts(const char* name) {
  const Json* const value = any(name);
  if (value == nullptr) return {};
  if (value->is_string()) return {value->get<std::string>()};
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text))
    refuse(name, "is neither text nor an array of texts");
  return value->get<std::vector<std::string>>();
}

void ScriptArgs::finish() const {
  for (const auto& member : object_.items())
    if (std::find(asked_.begin(), asked_.end(), member.key()) == asked_.end())
      refuse(member.key().c_str(), "means nothing to \"" + op_ + "\"");
}

void ScriptArgs::refuse(const char* name, const std::string& why) const {
  throw ScriptMistake{byte_of(name), std::string("\"") + name + "\" " + why};
}

/// Where the member stands; 1 when its name was written with escapes.
std::size_t ScriptArgs::byte_of(std::string_view name) const {
  const std::string quoted = "\"" + std::string(name) + "\"";
  for (std::size_t at = line_.find(quoted); at != std::string_view::npos; at = line_.find(quoted, at + 1)) {
    const std::size_t after = line_.find_first_not_of(" \t", at + quoted.size());
    if (after != std::string_view::npos && line_[after] == ':') return at + 1;
  }
  return 1;
}

}  // namespace kelp::cli
