#include "cli/key_builder.hpp"

#include <algorithm>
#include <cstring>

#include <kelp/error.hpp>

#include "cli/json_fields.hpp"

namespace kelp::cli {
namespace {

// What isspace() calls white space in the C locale.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class ConstantBuilder final : public KeyBuilder {
 public:
  explicit ConstantBuilder(KeyTemplate t) : KeyBuilder(std::move(t)) {}

 private:
  bool extract(std::string_view, KeyProblem&) override { return true; }
};

class ColumnBuilder final : public KeyBuilder {
 public:
  ColumnBuilder(KeyTemplate t, std::string delimiter)
      : KeyBuilder(std::move(t)), splitter_(std::move(delimiter)) {
    std::size_t last = 0;
    for (const auto& field : template_.fields()) last = std::max(last, field.column);
    columns_.resize(last);
  }

 private:
  bool extract(std::string_view line, KeyProblem& problem) override {
    const std::size_t count = splitter_.split(line, columns_);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::size_t column = template_.fields()[i].column;
      if (column > count) {
        problem = {KeyProblem::no_field, i, 0, nullptr};
        return false;
      }
      values_[i] = columns_[column - 1];
    }
    return true;
  }

  ColumnSplitter splitter_;
  std::vector<std::string_view> columns_;
};

std::vector<std::string> names_of(const KeyTemplate& t) {
  std::vector<std::string> names;
  for (const auto& field : t.fields()) names.push_back(field.name);
  return names;
}

class JsonBuilder final : public KeyBuilder {
 public:
  explicit JsonBuilder(KeyTemplate t)
      : KeyBuilder(std::move(t)),
        fields_(names_of(template_)),
        found_(template_.fields().size()),
        decoded_(template_.fields().size()) {}

 private:
  bool extract(std::string_view line, KeyProblem& problem) override {
    JsonError error;
    if (!fields_.scan(line, found_, error)) {
      problem = {KeyProblem::invalid_json, 0, error.byte, error.what};
      return false;
    }
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (!found_[i].found) {
        problem = {KeyProblem::no_field, i, 0, nullptr};
        return false;
      }
      values_[i] = found_[i].escaped ? decode(i) : found_[i].raw;
    }
    return true;
  }

  std::string_view decode(std::size_t i) {
    decoded_[i].clear();
    append_decoded(found_[i].raw, decoded_[i]);
    return decoded_[i];
  }

  JsonFields fields_;
  std::vector<JsonFields::Value> found_;
  std::vector<std::string> decoded_;
};

}  // namespace

KeyBuilder::KeyBuilder(KeyTemplate key_template)
    : template_(std::move(key_template)), values_(template_.fields().size()) {}

bool KeyBuilder::build(std::string_view line, std::string_view& key, KeyProblem& problem) {
  if (!extract(line, problem)) return false;
  std::size_t length = 0;
  const auto append = [&](std::string_view text) {
    // An empty view may have no address, which memcpy must not see.
    if (!text.empty() && length + text.size() <= longest)
      std::memcpy(buffer_.data() + length, text.data(), text.size());
    length += text.size();
  };
  for (const auto& part : template_.parts()) {
    append(part.literal);
    if (part.field != KeyTemplate::none) append(values_[part.field]);
  }
  if (length > longest) {
    problem = {KeyProblem::too_long, 0, length, nullptr};
    return false;
  }
  key = {buffer_.data(), length};
  return true;
}

std::string KeyBuilder::describe(const KeyProblem& problem) const {
  switch (problem.kind) {
    case KeyProblem::no_field: {
      const auto& field = template_.fields()[problem.field];
      return field.column != 0 ? "no column " + field.name : "no field \"" + field.name + "\"";
    }
    case KeyProblem::no_match:
      return "the line does not match --regex";
    case KeyProblem::invalid_json:
      return "invalid JSON at byte " + std::to_string(problem.number) + ": " + problem.what;
    case KeyProblem::too_long:
      return "the routing key has " + std::to_string(problem.number) + " bytes, over 255";
    case KeyProblem::gave_up:
      return "--regex gave up on the line (PCRE2 error " + std::to_string(problem.number) + ")";
  }
  return "malformed";
}

std::unique_ptr<KeyBuilder> make_key_builder(const KeyOptions& options) {
  KeyTemplate t(options.key);
  if (!options.regex.empty()) return make_regex_key_builder(std::move(t), options);
  if (t.has_names() && t.has_columns())
    throw InvalidArgument(
        "--key '" + options.key +
        "': named fields (JSON lines) and numbers (columns) exclude each other, but for --regex");
  if (t.has_names() && !options.delimiter.empty())
    throw InvalidArgument("--delimiter wants columns like {1} in --key; '" + options.key +
                          "' has named fields (JSON lines)");
  if (t.has_names()) return std::make_unique<JsonBuilder>(std::move(t));
  if (t.has_columns()) return std::make_unique<ColumnBuilder>(std::move(t), options.delimiter);
  return std::make_unique<ConstantBuilder>(std::move(t));
}

std::size_t ColumnSplitter::split(std::string_view line, std::vector<std::string_view>& columns) const {
  std::size_t count = 0;
  if (delimiter_.empty()) {
    const char* at = line.data();
    const char* const end = at + line.size();
    while (count < columns.size()) {
      while (at < end && is_space(*at)) ++at;
      if (at == end) break;
      const char* const start = at;
      while (at < end && !is_space(*at)) ++at;
      columns[count++] = {start, static_cast<std::size_t>(at - start)};
    }
    return count;
  }
  std::size_t start = 0;
  while (count < columns.size()) {
    const std::size_t end = std::min(line.find(delimiter_, start), line.size());
    columns[count++] = line.substr(start, end - start);
    if (end == line.size()) break;
    start = end + delimiter_.size();
  }
  return count;
}

}  // namespace kelp::cli
