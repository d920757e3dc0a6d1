#include "codec/text_encoding.hpp"

#include <kelp/error.hpp>

#include "util/utf8.hpp"

namespace kelp::codec {
namespace {

constexpr struct {
  std::string_view name;
  TextEncoding encoding;
} names[] = {
    {"utf-8", TextEncoding::utf8},        {"utf8", TextEncoding::utf8},
    {"binary", TextEncoding::binary},     {"ascii-8bit", TextEncoding::binary},
    {"ascii", TextEncoding::ascii},       {"us-ascii", TextEncoding::ascii},
    {"iso-8859-1", TextEncoding::latin1}, {"iso8859-1", TextEncoding::latin1},
    {"latin-1", TextEncoding::latin1},    {"latin1", TextEncoding::latin1},
};

// As Python looks codecs up: the case, and `_` for `-`, do not count.
bool same(std::string_view given, std::string_view known) noexcept {
  if (given.size() != known.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    char c = given[i] == '_' ? '-' : given[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != known[i]) return false;
  }
  return true;
}

[[noreturn]] void fail(const char* what, std::size_t at) {
  throw DecodeError(std::string("the body is not ") + what + " at byte " + std::to_string(at));
}

}  // namespace

TextEncoding text_encoding(std::string_view name) {
  if (name.empty()) return TextEncoding::utf8;
  for (const auto& known : names) {
    if (same(name, known.name)) return known.encoding;
  }
  return TextEncoding::unknown;
}

std::string decode_text(std::span<const std::byte> data, TextEncoding encoding, std::string_view name) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  switch (encoding) {
    case TextEncoding::utf8:
      if (const std::size_t valid = util::utf8_prefix(text); valid != text.size()) fail("UTF-8", valid);
      return std::string(text);
    case TextEncoding::ascii:
      if (const std::size_t valid = util::ascii_prefix(text); valid != text.size()) fail("ASCII", valid);
      return std::string(text);
    case TextEncoding::latin1: {
      std::string out;
      out.reserve(text.size());
      for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) {
          out += static_cast<char>(0xC0 | byte >> 6);
          out += static_cast<char>(0x80 | (byte & 0x3F));
        } else {
          out += c;
        }
      }
      return out;
    }
    case TextEncoding::binary:
    case TextEncoding::unknown:
      break;
  }
  throw DecodeError("the content encoding \"" + std::string(name.substr(0, 255)) +
                    "\" is not known; known are utf-8, ascii, latin-1 and binary");
}

}  // namespace kelp::codec
