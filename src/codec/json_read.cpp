// The JSON reader (RFC 8259, with what Python's reader accepts beyond it). Written by hand because
// nlohmann's lexer knows neither NaN nor lone surrogates, rounds large integers, and builds objects
// in quadratic time.
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

#include "codec/json_numbers.hpp"
#include "codec/name_index.hpp"
#include "util/utf8.hpp"

namespace kelp {
namespace {

// The length of the longest run of bytes that a string may hold as they are, below 0x80.
std::size_t plain_prefix(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101ull, tops = 0x8080808080808080ull;
  const auto zero_bytes = [](std::uint64_t word) { return (word - ones) & ~word & tops; };
  std::size_t at = 0;
  for (std::uint64_t word; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
    if ((control | (word & tops) | zero_bytes(word ^ ones * '"') | zero_bytes(word ^ ones * '\\')) != 0)
      break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
  }
  return at;
}

void append_code_point(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Json read() {
    skip_space();
    Json result = value(0);
    skip_space();
    if (at_ != text_.size()) fail("text follows the value");
    return result;
  }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] void fail(const char* what) const {
    throw DecodeError(std::string("JSON: ") + what + " at byte " + std::to_string(at_));
  }

  // Zero at the end: no token has it, and strings check it for themselves.
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }

  void skip_space() noexcept {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++at_;
    }
  }

  Json value(std::size_t depth) {
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true", true);
      case 'f':
        return word("false", false);
      case 'n':
        return word("null", nullptr);
      case 'N':
        return word("NaN", std::numeric_limits<double>::quiet_NaN());
      case 'I':
        return word("Infinity", std::numeric_limits<double>::infinity());
      default:
        return number();
    }
  }

  template <class T>
  Json word(std::string_view expected, T meaning) {
    if (!rest().starts_with(expected)) fail("a value is expected");
    at_ += expected.size();
    return meaning;
  }

  // What follows an element: true for a comma, after which another must follow.
  bool more(char close) {
    skip_space();
    const char c = peek();
    if (c != ',' && c != close) fail(close == ']' ? "',' or ']' is expected" : "',' or '}' is expected");
    ++at_;
    skip_space();
    return c == ',';
  }

  void open(std::size_t depth) {
    if (depth >= max_json_depth) fail("nested more than 512 deep");
    ++at_;
    skip_space();
  }

  Json array(std::size_t depth) {
    open(depth);
    Json::array_t elements;
    if (peek() == ']') {
      ++at_;
      return elements;
    }
    do elements.push_back(value(depth + 1));
    while (more(']'));
    return elements;
  }

  // The fields of all open objects are kept on two stacks, so that each object is built once, in its
  // full size: growing one would copy its constant keys.
  Json object(std::size_t depth) {
    open(depth);
    if (peek() == '}') {
      ++at_;
      return Json::object();
    }
    const std::size_t base = fields_.size();
    do {
      if (peek() != '"') fail("a name in quotes is expected");
      std::string name = string();
      skip_space();
      if (peek() != ':') fail("':' is expected");
      ++at_;
      skip_space();
      Json field = value(depth + 1);
      fields_.emplace_back(std::move(name), std::move(field));
    } while (more('}'));
    return close_object(base);
  }

  Json close_object(std::size_t base) {
    Json result = Json::object();
    // The vector below the map: the map's own insertion compares with every name that is there.
    Json::object_t::Container& object = result.get_ref<Json::object_t&>();
    const std::size_t count = fields_.size() - base;
    object.reserve(count);
    codec::NameIndex index(count);
    for (std::size_t i = base; i < fields_.size(); ++i) {
      auto& [name, field] = fields_[i];
      const std::size_t same =
          index.find_or_add(name, [&](std::size_t k) { return std::string_view(object[k].first); });
      if (same < object.size()) {
        object[same].second = std::move(field);
      } else {
        object.emplace_back(std::move(name), std::move(field));
      }
    }
    fields_.resize(base);
    return result;
  }

  std::string string() {
    ++at_;
    std::size_t run = plain_prefix(rest());
    std::string out(text_.substr(at_, run));
    at_ += run;
    for (;;) {
      if (at_ == text_.size()) fail("the string does not end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        escape(out);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("a control character in a string");
      } else {
        const std::size_t length = util::utf8_character(rest());
        if (length == 0) fail("not UTF-8");
        out += text_.substr(at_, length);
        at_ += length;
      }
      run = plain_prefix(rest());
      out += text_.substr(at_, run);
      at_ += run;
    }
  }

  void escape(std::string& out) {
    ++at_;
    switch (const char c = peek()) {
      case '"':
      case '\\':
      case '/':
        out += c;
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u':
        unicode(out);
        return;
      default:
        fail("an escape that does not exist");
    }
    ++at_;
  }

  // At the 'u'. A high surrogate joins a low one behind it; alone either stands for itself.
  void unicode(std::string& out) {
    std::uint32_t code = 0, low = 0;
    if (!four_digits(at_ + 1, code)) fail("\\u needs four hexadecimal digits");
    at_ += 5;
    if (code >= 0xD800 && code < 0xDC00 && rest().starts_with("\\u") && four_digits(at_ + 2, low) &&
        low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at_ += 6;
    }
    append_code_point(code, out);
  }

  bool four_digits(std::size_t at, std::uint32_t& code) const noexcept {
    if (text_.size() < at + 4) return false;
    code = 0;
    for (const char c : text_.substr(at, 4)) {
      const auto lower = static_cast<unsigned char>(c | 0x20);
      const unsigned digit = is_digit(c)                    ? static_cast<unsigned>(c - '0')
                             : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10u
                                                            : 16u;
      if (digit > 15) return false;
      code = code << 4 | digit;
    }
    return true;
  }

  void digits(const char* what) {
    if (!is_digit(peek())) fail(what);
    while (is_digit(peek())) ++at_;
  }

  Json number() {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    if (at_ > start && peek() == 'I') return word("Infinity", -std::numeric_limits<double>::infinity());
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) fail("a number starts with 0");
    } else {
      digits(at_ > start ? "a digit is expected" : "a value is expected");
    }
    bool integer = true;
    if (peek() == '.') {
      ++at_;
      digits("a digit is expected");
      integer = false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits("a digit is expected");
      integer = false;
    }
    const std::string_view text = text_.substr(start, at_ - start);
    if (integer) return codec::json_integer(text);
    return codec::json_double(text);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::pair<std::string, Json>> fields_;
};

}  // namespace

Json read_json(std::string_view text) { return Reader(text).read(); }

}  // namespace kelp
