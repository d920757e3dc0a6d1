#include "message/field_codec.hpp"

#include <bit>
#include <limits>

#include <kelp/error.hpp>

#include "message/wire.hpp"

namespace kelp::message {
namespace {

constexpr std::size_t max_length = std::numeric_limits<std::uint32_t>::max();

[[noreturn, gnu::cold]] void refuse(const std::string& what) {
  throw InvalidArgument("field table: " + what);
}

[[gnu::cold]] std::string start_of(std::string_view name) { return std::string(name.substr(0, 40)) + "..."; }

std::size_t table_size(const FieldTable& table, unsigned depth);

std::size_t value_size(const FieldValue& value, unsigned depth) {
  return 1 + std::visit(
                 [&](const auto& v) -> std::size_t {
                   using T = std::remove_cvref_t<decltype(v)>;
                   if constexpr (std::is_same_v<T, std::monostate>) {
                     return 0;
                   } else if constexpr (std::is_same_v<T, Decimal>) {
                     return 5;
                   } else if constexpr (std::is_same_v<T, Timestamp>) {
                     return 8;
                   } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Bytes>) {
                     if (v.size() > max_length) refuse("a value of " + std::to_string(v.size()) + " bytes");
                     return 4 + v.size();
                   } else if constexpr (std::is_same_v<T, FieldArray>) {
                     if (depth >= max_field_depth) refuse("nested more than 64 deep");
                     std::size_t size = 4;
                     for (const FieldValue& element : v) size += value_size(element, depth + 1);
                     if (size > max_length) refuse("an array of " + std::to_string(size) + " bytes");
                     return size;
                   } else if constexpr (std::is_same_v<T, FieldTable>) {
                     return table_size(v, depth + 1);
                   } else {
                     return sizeof(T);
                   }
                 },
                 value.variant());
}

std::size_t table_size(const FieldTable& table, unsigned depth) {
  if (depth > max_field_depth) refuse("nested more than 64 deep");
  std::size_t size = 4;
  for (const auto& [name, value] : table) {
    if (name.size() > 255) {
      refuse("the name \"" + start_of(name) + "\" has " + std::to_string(name.size()) +
             " bytes; the limit is 255");
    }
    size += 1 + name.size() + value_size(value, depth);
  }
  if (size > max_length) refuse(std::to_string(size) + " bytes; the limit is 4294967295");
  return size;
}

std::byte* put_letter(std::byte* out, char letter) noexcept {
  *out = static_cast<std::byte>(letter);
  return out + 1;
}

template <class T>
std::byte* put_number(std::byte* out, char letter, T value) noexcept {
  out = put_letter(out, letter);
  if constexpr (std::is_same_v<T, float>) {
    return put(out, std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return put(out, std::bit_cast<std::uint64_t>(value));
  } else {
    return put(out, static_cast<std::make_unsigned_t<T>>(value));
  }
}

template <class T>
constexpr char letter_of = '?';
template <>
constexpr char letter_of<std::int8_t> = 'b';
template <>
constexpr char letter_of<std::uint8_t> = 'B';
template <>
constexpr char letter_of<std::int16_t> = 's';
template <>
constexpr char letter_of<std::uint16_t> = 'u';
template <>
constexpr char letter_of<std::int32_t> = 'I';
template <>
constexpr char letter_of<std::uint32_t> = 'i';
template <>
constexpr char letter_of<std::int64_t> = 'l';
template <>
constexpr char letter_of<float> = 'f';
template <>
constexpr char letter_of<double> = 'd';

std::byte* put_value(std::byte* out, const FieldValue& value) noexcept;

// Writes the length word of what `fill` writes behind it.
template <class F>
std::byte* put_sized(std::byte* out, F&& fill) noexcept {
  std::byte* const start = out + 4;
  std::byte* const end = fill(start);
  static_cast<void>(put(out, static_cast<std::uint32_t>(end - start)));
  return end;
}

std::byte* put_value(std::byte* out, const FieldValue& value) noexcept {
  return std::visit(
      [&](const auto& v) -> std::byte* {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return put_letter(out, 'V');
        } else if constexpr (std::is_same_v<T, bool>) {
          return put_letter(put_letter(out, 't'), v ? '\1' : '\0');
        } else if constexpr (std::is_same_v<T, Decimal>) {
          return put(put(put_letter(out, 'D'), v.scale), v.value);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          return put(put_letter(out, 'T'), v.seconds);
        } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Bytes>) {
          out = put(put_letter(out, std::is_same_v<T, Bytes> ? 'x' : 'S'),
                    static_cast<std::uint32_t>(v.size()));
          copy(out, v.data(), v.size());
          return out + v.size();
        } else if constexpr (std::is_same_v<T, FieldArray>) {
          return put_sized(put_letter(out, 'A'), [&](std::byte* at) {
            for (const FieldValue& element : v) at = put_value(at, element);
            return at;
          });
        } else if constexpr (std::is_same_v<T, FieldTable>) {
          return encode_table(v, put_letter(out, 'F'));
        } else {
          return put_number(out, letter_of<T>, v);
        }
      },
      value.variant());
}

// Reads forward; no step leaves the table or array that it is in.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  FieldTable table(std::size_t limit, unsigned depth) {
    if (depth > max_field_depth) fail(at_, "nested more than 64 deep");
    const std::size_t end = section(limit);
    std::vector<FieldTable::value_type> fields;
    while (at_ < end) {
      std::string name(text(number<std::uint8_t>(end), end));
      fields.emplace_back(std::move(name), value(end, depth));
    }
    return FieldTable::from(std::move(fields));
  }

  void finish() const {
    if (at_ != bytes_.size()) fail(at_, std::to_string(bytes_.size() - at_) + " bytes follow the table");
  }

 private:
  [[noreturn, gnu::cold]] static void fail(std::size_t at, const std::string& what) {
    throw DecodeError("field table: " + what + " at byte " + std::to_string(at));
  }

  void need(std::size_t count, std::size_t end) const {
    if (count > end - at_) {
      fail(at_, std::to_string(count) + " bytes are needed, " + std::to_string(end - at_) + " are left");
    }
  }

  template <class T>
  T number(std::size_t end) {
    need(sizeof(T), end);
    const T value = get<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }

  std::string_view text(std::size_t size, std::size_t end) {
    need(size, end);
    const auto* start = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += size;
    return {start, size};
  }

  // Reads a length word; the end of what it covers, which lies within `limit`.
  std::size_t section(std::size_t limit) {
    const std::size_t size = number<std::uint32_t>(limit);
    need(size, limit);
    return at_ + size;
  }

  FieldArray array(std::size_t limit, unsigned depth) {
    if (depth > max_field_depth) fail(at_, "nested more than 64 deep");
    const std::size_t end = section(limit);
    FieldArray elements;
    while (at_ < end) elements.push_back(value(end, depth));
    return elements;
  }

  FieldValue value(std::size_t end, unsigned depth) {
    const std::size_t start = at_;
    const char letter = static_cast<char>(number<std::uint8_t>(end));
    switch (letter) {
      case 'V':
        return nullptr;
      case 't':
        return number<std::uint8_t>(end) != 0;
      case 'b':
        return static_cast<std::int8_t>(number<std::uint8_t>(end));
      case 'B':
        return number<std::uint8_t>(end);
      case 's':
        return static_cast<std::int16_t>(number<std::uint16_t>(end));
      case 'u':
        return number<std::uint16_t>(end);
      case 'I':
        return static_cast<std::int32_t>(number<std::uint32_t>(end));
      case 'i':
        return number<std::uint32_t>(end);
      case 'l':
      case 'L':
        return static_cast<std::int64_t>(number<std::uint64_t>(end));  // py-amqp writes 'L'
      case 'f':
        return std::bit_cast<float>(number<std::uint32_t>(end));
      case 'd':
        return std::bit_cast<double>(number<std::uint64_t>(end));
      case 'D': {
        const auto scale = number<std::uint8_t>(end);
        return Decimal{scale, number<std::uint32_t>(end)};
      }
      case 'T':
        return Timestamp{number<std::uint64_t>(end)};
      case 'S':
        return std::string(text(number<std::uint32_t>(end), end));
      case 'x': {
        const std::size_t size = number<std::uint32_t>(end);
        need(size, end);
        const std::byte* first = bytes_.data() + at_;
        at_ += size;
        return Bytes(first, first + size);
      }
      case 'A':
        return array(end, depth + 1);
      case 'F':
        return table(end, depth + 1);
      default:
        fail(start, "unknown type 0x" + hex(static_cast<unsigned char>(letter)));
    }
  }

  static std::string hex(unsigned char byte) {
    constexpr char digits[] = "0123456789abcdef";
    return {digits[byte >> 4], digits[byte & 15]};
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t encoded_size(const FieldTable& table) { return table_size(table, 1); }

std::byte* encode_table(const FieldTable& table, std::byte* out) noexcept {
  return put_sized(out, [&](std::byte* at) {
    for (const auto& [name, value] : table) at = put_value(put_short(at, name), value);
    return at;
  });
}

FieldTable decode_table(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  FieldTable table = reader.table(bytes.size(), 1);
  reader.finish();
  return table;
}

}  // namespace kelp::message
