// The JSON writer: Python's json.dumps with its defaults.
#include <charconv>
#include <cstdint>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

#include "codec/json_numbers.hpp"
#include "util/utf8.hpp"

namespace kelp {
namespace {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void value(const Json& json, std::size_t depth) {
    switch (json.type()) {
      case Json::value_t::object:
        return object(json, depth);
      case Json::value_t::array:
        return array(json, depth);
      case Json::value_t::string:
        return string(json.get_ref<const Json::string_t&>());
      case Json::value_t::boolean:
        out_ += json.get<bool>() ? "true" : "false";
        return;
      case Json::value_t::number_integer:
        return integer(json.get<std::int64_t>());
      case Json::value_t::number_unsigned:
        return integer(json.get<std::uint64_t>());
      case Json::value_t::number_float:
        return codec::append_double(json.get<double>(), out_);
      case Json::value_t::binary:
        return binary(json);
      case Json::value_t::null:
      case Json::value_t::discarded:
        out_ += "null";
        return;
    }
  }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void fail(const std::string& what) {
    throw EncodeError("JSON: " + what);
  }

  static void check(std::size_t depth) {
    if (depth >= max_json_depth) fail("the value is nested more than 512 deep");
  }

  void object(const Json& json, std::size_t depth) {
    check(depth);
    const char* separator = "{";
    for (const auto& [name, field] : json.get_ref<const Json::object_t&>()) {
      out_ += separator;
      string(name);
      out_ += ": ";
      value(field, depth + 1);
      separator = ", ";
    }
    out_ += json.empty() ? "{}" : "}";
  }

  void array(const Json& json, std::size_t depth) {
    check(depth);
    const char* separator = "[";
    for (const Json& element : json.get_ref<const Json::array_t&>()) {
      out_ += separator;
      value(element, depth + 1);
      separator = ", ";
    }
    out_ += json.empty() ? "[]" : "]";
  }

  template <class T>
  void integer(T number) {
    char buffer[24];
    out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
  }

  void binary(const Json& json) {
    if (!is_big_integer(json))
      fail("bytes have no JSON form; another serializer, or base64 text, can hold them");
    out_ += big_integer_digits(json);
  }

  void string(std::string_view text) {
    out_ += '"';
    for (std::size_t at = 0;;) {
      std::size_t run = at;
      while (run < text.size() && plain(text[run])) ++run;
      out_ += text.substr(at, run - at);
      at = run;
      if (at == text.size()) break;
      at += escape(text, at);
    }
    out_ += '"';
  }

  static bool plain(char c) noexcept { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

  // Escapes the character at `at` and returns its length.
  std::size_t escape(std::string_view text, std::size_t at) {
    switch (text[at]) {
      case '"':
        out_ += "\\\"";
        return 1;
      case '\\':
        out_ += "\\\\";
        return 1;
      case '\b':
        out_ += "\\b";
        return 1;
      case '\f':
        out_ += "\\f";
        return 1;
      case '\n':
        out_ += "\\n";
        return 1;
      case '\r':
        out_ += "\\r";
        return 1;
      case '\t':
        out_ += "\\t";
        return 1;
      default:
        break;
    }
    std::size_t length = util::utf8_character(text.substr(at));
    if (length == 0 && is_surrogate(text.substr(at))) length = 3;
    if (length == 0) fail("a string is not UTF-8 at its byte " + std::to_string(at));
    const std::uint32_t code = code_point(text.substr(at, length));
    if (code < 0x10000) {
      unit(code);
    } else {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
    return length;
  }

  // The three bytes as which read_json() keeps a lone surrogate.
  static bool is_surrogate(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    return text.size() >= 3 && byte(0) == 0xED && byte(1) >= 0xA0 && byte(1) <= 0xBF && byte(2) >= 0x80 &&
           byte(2) <= 0xBF;
  }

  static std::uint32_t code_point(std::string_view bytes) noexcept {
    const auto first = static_cast<unsigned char>(bytes[0]);
    std::uint32_t code = bytes.size() == 1 ? first : first & (0x7Fu >> bytes.size());
    for (const char c : bytes.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
    return code;
  }

  void unit(std::uint32_t code) {
    constexpr char digits[] = "0123456789abcdef";
    const char text[] = {
        '\\', 'u', digits[code >> 12], digits[code >> 8 & 15], digits[code >> 4 & 15], digits[code & 15]};
    out_.append(text, sizeof text);
  }

  std::string& out_;
};

}  // namespace

void write_json(const Json& value, std::string& out) { Writer(out).value(value, 0); }

std::string write_json(const Json& value) {
  std::string out;
  write_json(value, out);
  return out;
}

}  // namespace kelp
