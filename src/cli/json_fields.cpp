#include "cli/json_fields.hpp"

#include <bitset>
#include <cstdint>
#include <cstring>

#include "cli/utf8.hpp"

namespace kelp::cli {
namespace {

constexpr std::size_t max_depth = 512;
constexpr std::uint64_t ones = 0x0101010101010101ULL;
constexpr std::uint64_t highs = 0x8080808080808080ULL;

/// Eight bytes that a string may hold as they are: no quote, backslash, control or non-ASCII byte.
/// Each term sets the high bit of at least the first byte it is looking for (Hacker's Delight 6-1).
bool plain8(const char* at) {
  std::uint64_t w;
  std::memcpy(&w, at, 8);
  const std::uint64_t quote = w ^ (ones * '"');
  const std::uint64_t slash = w ^ (ones * '\\');
  const std::uint64_t bad = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | (w - ones * 0x20) | w;
  return (bad & highs) == 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Scanner {
  const char* begin;
  const char* end;
  const char* at;
  const char* what = nullptr;

  bool fail(const char* why) {
    what = why;
    return false;
  }

  void skip_space() {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) ++at;
  }

  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }

  bool escape() {  // after the backslash
    if (at == end) return fail("the string does not end");
    const char c = *at;
    if (c == 'u') {
      for (int i = 1; i <= 4; ++i)
        if (end - at <= i || hex_value(at[i]) < 0) return fail("\\u wants four hexadecimal digits");
      at += 5;
      return true;
    }
    if (c != '"' && c != '\\' && c != '/' && c != 'b' && c != 'f' && c != 'n' && c != 'r' && c != 't')
      return fail("no such escape");
    ++at;
    return true;
  }

  bool string(std::string_view& text, bool& escaped) {  // after the opening quote
    const char* const start = at;
    escaped = false;
    while (true) {
      while (end - at >= 8 && plain8(at)) at += 8;
      if (at == end) return fail("the string does not end");
      const char c = *at;
      if (c == '"') {
        text = {start, static_cast<std::size_t>(at - start)};
        ++at;
        return true;
      }
      if (c == '\\') {
        escaped = true;
        ++at;
        if (!escape()) return false;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return fail("a control character in a string");
      } else if (static_cast<unsigned char>(c) < 0x80) {
        ++at;
      } else {
        const std::size_t length = utf8_length(at, end);
        if (length == 0) return fail("not UTF-8");
        at += length;
      }
    }
  }

  bool digits() {
    if (at == end || !is_digit(*at)) return fail("a digit is missing");
    while (at < end && is_digit(*at)) ++at;
    return true;
  }

  bool number() {
    if (take('-') && at < end && *at == 'I') return word("Infinity");
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
      ++at;
      if (at < end && (*at == '+' || *at == '-')) ++at;
      if (!digits()) return false;
    }
    return true;
  }

  bool word(std::string_view expected) {
    if (static_cast<std::size_t>(end - at) < expected.size() ||
        std::memcmp(at, expected.data(), expected.size()) != 0)
      return fail("no value starts like this");
    at += expected.size();
    return true;
  }

  bool scalar(JsonFields::Value& value) {
    if (at == end) return fail("a value is missing");
    const char* const start = at;
    bool good = false;
    switch (*at) {
      case '"':
        ++at;
        return string(value.raw, value.escaped);
      case 't':
        good = word("true");
        break;
      case 'f':
        good = word("false");
        break;
      case 'n':
        good = word("null");
        break;
      case 'N':
        good = word("NaN");
        break;
      case 'I':
        good = word("Infinity");
        break;
      default:
        if (*at != '-' && !is_digit(*at)) return fail("no value starts like this");
        good = number();
    }
    value.raw = {start, static_cast<std::size_t>(at - start)};
    value.escaped = false;
    return good;
  }

  bool key(std::string_view& name, bool& escaped) {
    if (!take('"')) return fail("a name in quotes is missing");
    if (!string(name, escaped)) return false;
    skip_space();
    if (!take(':')) return fail("':' is missing");
    skip_space();
    return true;
  }

  /// One value of any kind; `outer` levels are open around it.
  bool value(JsonFields::Value& result, std::size_t outer) {
    const char* const start = at;
    if (at == end || (*at != '{' && *at != '[')) return scalar(result);
    if (!nested(outer)) return false;
    result.raw = {start, static_cast<std::size_t>(at - start)};
    result.escaped = false;
    return true;
  }

  bool nested(std::size_t outer) {
    std::bitset<max_depth> object;  // one bit for each open level
    std::size_t depth = 0;
    JsonFields::Value ignored;
    while (true) {
      if (at < end && (*at == '{' || *at == '[')) {
        if (outer + depth >= max_depth) return fail("more than 512 levels");
        object[depth++] = *at++ == '{';
        skip_space();
        if (!take(object[depth - 1] ? '}' : ']')) {
          if (object[depth - 1] && !key(ignored.raw, ignored.escaped)) return false;
          continue;
        }
        --depth;
      } else if (!scalar(ignored)) {
        return false;
      }
      // A value has ended: close levels until one goes on.
      while (true) {
        if (depth == 0) return true;
        skip_space();
        if (take(',')) break;
        if (!take(object[depth - 1] ? '}' : ']'))
          return fail(object[depth - 1] ? "',' or '}' is missing" : "',' or ']' is missing");
        --depth;
      }
      skip_space();
      if (object[depth - 1] && !key(ignored.raw, ignored.escaped)) return false;
    }
  }

  bool finish() {
    skip_space();
    return at == end || fail("something follows the value");
  }
};

std::uint32_t code_unit(const char* at) {
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit << 4 | static_cast<std::uint32_t>(hex_value(at[i]));
  return unit;
}

void append_utf8(std::uint32_t c, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool same_name(std::string_view raw, bool escaped, const std::string& name) {
  if (!escaped) return raw == name;
  std::string decoded;
  append_decoded(raw, decoded);
  return decoded == name;
}

}  // namespace

bool JsonFields::scan(std::string_view text, std::span<Value> out, JsonError& error) const {
  for (Value& value : out) value = {};
  Scanner s{text.data(), text.data() + text.size(), text.data()};
  const auto refuse = [&] {
    error = {static_cast<std::size_t>(s.at - s.begin) + 1, s.what};
    return false;
  };
  s.skip_space();
  Value value;
  if (s.at == s.end || *s.at != '{') {
    if (s.value(value, 0) && s.finish()) return true;
    return refuse();
  }
  ++s.at;
  s.skip_space();
  if (s.take('}')) return s.finish() || refuse();
  while (true) {
    std::string_view name;
    bool escaped = false;
    if (!s.key(name, escaped)) return refuse();
    if (!s.value(value, 1)) return refuse();
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (same_name(name, escaped, names_[i])) out[i] = {value.raw, true, value.escaped};
    s.skip_space();
    if (s.take('}')) return s.finish() || refuse();
    if (!s.take(',')) {
      s.fail("',' or '}' is missing");
      return refuse();
    }
    s.skip_space();
  }
}

void append_decoded(std::string_view raw, std::string& out) {
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      out += raw[i++];
      continue;
    }
    const char c = raw[i + 1];
    i += 2;
    switch (c) {
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
      case 'u': {
        std::uint32_t unit = code_unit(raw.data() + i);
        i += 4;
        if (unit >= 0xD800 && unit < 0xDC00 && raw.size() - i >= 6 && raw[i] == '\\' && raw[i + 1] == 'u') {
          const std::uint32_t low = code_unit(raw.data() + i + 2);
          if (low >= 0xDC00 && low < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        append_utf8(unit, out);
        break;
      }
      default:
        out += c;
    }
  }
}

}  // namespace kelp::cli
