// Named groups of a regular expression, through PCRE2: it has named groups, bounds on its work and no
// recursion on the stack, none of which std::regex has.
#include <kelp/error.hpp>

#include "cli/key_builder.hpp"

#if defined(KELP_HAVE_PCRE2)

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace kelp::cli {
namespace {

struct CodeFree {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct MatchFree {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct ContextFree {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using Context = std::unique_ptr<pcre2_match_context, ContextFree>;
using Code = std::unique_ptr<pcre2_code, CodeFree>;
using Match = std::unique_ptr<pcre2_match_data, MatchFree>;

// A line that takes more is malformed: a tenth of PCRE2's default, so that a pattern that explodes
// costs some 10 ms a line.
constexpr std::uint32_t most_steps = 1'000'000;

Code compile(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), 0, &error, &offset,
                          nullptr));
  if (!code) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    throw InvalidArgument("--regex: byte " + std::to_string(offset + 1) + ": " +
                          reinterpret_cast<const char*>(text.data()));
  }
  // Without just-in-time code it is the interpreter, which gives the same answers.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

class RegexBuilder final : public KeyBuilder {
 public:
  RegexBuilder(KeyTemplate t, const KeyOptions& options)
      : KeyBuilder(std::move(t)),
        code_(compile(options.regex)),
        match_(pcre2_match_data_create_from_pattern(code_.get(), nullptr)),
        context_(pcre2_match_context_create(nullptr)),
        splitter_(options.delimiter) {
    if (!match_ || !context_) throw std::bad_alloc();
    pcre2_set_match_limit(context_.get(), most_steps);
    std::size_t last = 0;
    for (const auto& field : template_.fields()) {
      groups_.push_back(field.column != 0 ? 0 : group_number(field.name));
      last = std::max(last, field.column);
    }
    columns_.resize(last);
  }

 private:
  std::uint32_t group_number(const std::string& name) const {
    const int number =
        pcre2_substring_number_from_name(code_.get(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
    if (number == PCRE2_ERROR_NOUNIQUESUBSTRING)
      throw InvalidArgument("--key: '" + name + "' names several groups of --regex");
    if (number <= 0)
      throw InvalidArgument("--key: --regex has no group '" + name + "' (write it as (?<" + name + ">...))");
    return static_cast<std::uint32_t>(number);
  }

  bool extract(std::string_view line, KeyProblem& problem) override {
    const int result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                                   match_.get(), context_.get());
    if (result == PCRE2_ERROR_NOMATCH) {
      problem = {KeyProblem::no_match, 0, 0, nullptr};
      return false;
    }
    if (result < 0) {
      problem = {KeyProblem::gave_up, 0, static_cast<std::size_t>(-result), nullptr};
      return false;
    }
    const PCRE2_SIZE* const offsets = pcre2_get_ovector_pointer(match_.get());
    const std::size_t columns = columns_.empty() ? 0 : splitter_.split(line, columns_);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const std::size_t column = template_.fields()[i].column;
      const std::size_t from = offsets[2 * groups_[i]];
      const std::size_t to = offsets[2 * groups_[i] + 1];
      // \K can put the start behind the end.
      if (column > columns || (column == 0 && (from == PCRE2_UNSET || from > to))) {
        problem = {KeyProblem::no_field, i, 0, nullptr};
        return false;
      }
      values_[i] = column != 0 ? columns_[column - 1] : line.substr(from, to - from);
    }
    return true;
  }

  Code code_;
  Match match_;
  Context context_;
  ColumnSplitter splitter_;
  std::vector<std::uint32_t> groups_;  // of each field; 0 for a column
  std::vector<std::string_view> columns_;
};

}  // namespace

std::unique_ptr<KeyBuilder> make_regex_key_builder(KeyTemplate key_template, const KeyOptions& options) {
  if (!key_template.has_names())
    throw InvalidArgument("--regex is not used: --key '" + options.key +
                          "' names none of its groups (numbers are columns)");
  return std::make_unique<RegexBuilder>(std::move(key_template), options);
}

}  // namespace kelp::cli

#else

namespace kelp::cli {

std::unique_ptr<KeyBuilder> make_regex_key_builder(KeyTemplate, const KeyOptions&) {
  throw InvalidArgument("--regex: this kelp was built without PCRE2");
}

}  // namespace kelp::cli

#endif
