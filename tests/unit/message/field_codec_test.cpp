#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <kelp/error.hpp>

#include "allocation_count.hpp"
#include "message/field_codec.hpp"

using namespace kelp;
using namespace kelp::message;

namespace {

std::vector<std::byte> encoded(const FieldTable& table) {
  std::vector<std::byte> bytes(encoded_size(table) + 1, std::byte{0xEE});
  const std::byte* end = encode_table(table, bytes.data());
  REQUIRE(end == bytes.data() + bytes.size() - 1);
  REQUIRE(bytes.back() == std::byte{0xEE});  // nothing behind the end
  bytes.pop_back();
  return bytes;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

// The text behind a table's length word.
std::vector<std::byte> table_of(std::string_view fields) {
  std::string text{'\0', '\0', static_cast<char>(fields.size() >> 8), static_cast<char>(fields.size())};
  return bytes_of(text + std::string(fields));
}

void refused(const std::vector<std::byte>& bytes, const char* why) {
  CHECK_THROWS_WITH_AS(static_cast<void>(decode_table(bytes)), doctest::Contains(why), DecodeError);
}

FieldTable one_of_each() {
  return {{"V", nullptr},
          {"t", true},
          {"t0", false},
          {"b", std::int8_t{-128}},
          {"B", std::uint8_t{255}},
          {"s", std::int16_t{-32768}},
          {"u", std::uint16_t{65535}},
          {"I", std::numeric_limits<std::int32_t>::min()},
          {"i", std::numeric_limits<std::uint32_t>::max()},
          {"l", std::numeric_limits<std::int64_t>::min()},
          {"f", 1.5f},
          {"d", -0.1},
          {"D", Decimal{2, 150}},
          {"S", "text"},
          {"S0", ""},
          {"x", Bytes{std::byte{0}, std::byte{255}}},
          {"T", Timestamp{1577836800}},
          {"A", FieldArray{1, "two", nullptr, FieldArray{}, FieldTable{{"x", 1}}}},
          {"F", FieldTable{{"inner", FieldTable{}}}},
          {"", "a name may be empty"}};
}

}  // namespace

TEST_CASE("every type goes there and back, with its type and in its order") {
  const FieldTable table = one_of_each();
  const FieldTable back = decode_table(encoded(table));
  CHECK(back == table);
  auto at = table.begin();
  for (const auto& [name, value] : back) {
    CHECK(name == at->first);
    CHECK(value.variant().index() == at->second.variant().index());
    ++at;
  }
}

TEST_CASE("the letters are RabbitMQ's") {
  CHECK(encoded({{"k", 258}}) == table_of(std::string_view("\x01kI\x00\x00\x01\x02", 7)));
  CHECK(encoded({{"k", std::int64_t{1}}}) == table_of(std::string_view("\x01kl\0\0\0\0\0\0\0\x01", 11)));
  CHECK(encoded({{"k", true}}) == table_of("\x01kt\x01"));
  CHECK(encoded({{"k", "ab"}}) == table_of(std::string_view("\x01kS\0\0\0\x02"
                                                            "ab",
                                                            9)));
  CHECK(encoded({{"k", nullptr}}) == table_of("\x01kV"));
  CHECK(encoded({{"k", Decimal{2, 1}}}) == table_of(std::string_view("\x01kD\x02\0\0\0\x01", 8)));
  CHECK(encoded({{"k", FieldArray{true}}}) == table_of(std::string_view("\x01kA\0\0\0\x02t\x01", 9)));
  CHECK(encoded({{"k", FieldTable{{"a", nullptr}}}}) == table_of(std::string_view("\x01kF\0\0\0\x03\x01"
                                                                                  "aV",
                                                                                  10)));
  CHECK(encoded({{"k", Bytes{std::byte{7}}}}) == table_of(std::string_view("\x01kx\0\0\0\x01\x07", 8)));
  CHECK(encoded({}) == table_of(""));
  CHECK(*decode_table(table_of(std::string_view("\x01kL\0\0\0\0\0\0\0\x01", 11))).find("k") ==
        FieldValue(std::int64_t{1}));
  CHECK(*decode_table(table_of("\x01kt\x07")).find("k") == FieldValue(true));
}

TEST_CASE("encoding does not allocate") {
  const FieldTable table = one_of_each();
  std::vector<std::byte> out(encoded_size(table));
  const auto before = kelp_test::allocations();
  REQUIRE(encoded_size(table) == out.size());
  encode_table(table, out.data());
  CHECK(kelp_test::allocations() == before);
}

TEST_CASE("of two fields with one name the later value stands, in linear time") {
  const FieldTable table =
      decode_table(table_of("\x01"
                            "at\x01\x01"
                            "bV\x01"
                            "aV"));
  REQUIRE(table.size() == 2);
  CHECK(table.begin()->first == "a");
  CHECK(*table.find("a") == FieldValue(nullptr));

  std::string fields;
  for (int i = 0; i < 10000; ++i)
    fields += std::string("\x02") + static_cast<char>(i % 100) + static_cast<char>(i / 100 % 50) + "V";
  std::string text{'\0', '\0', static_cast<char>(fields.size() >> 8), static_cast<char>(fields.size())};
  CHECK(decode_table(bytes_of(text + fields)).size() == 5000);
}

TEST_CASE("limits of names and depth are kept on both sides") {
  const std::string name(255, 'n');
  CHECK(decode_table(encoded({{name, 1}})).find(name) != nullptr);
  CHECK_THROWS_WITH_AS(static_cast<void>(encoded_size({{name + "n", 1}})), doctest::Contains("256 bytes"),
                       InvalidArgument);

  const auto nested = [](unsigned depth) {
    FieldTable table{{"leaf", 1}};
    for (unsigned i = 1; i < depth; ++i) {
      FieldTable outer;
      if (i % 2 == 0 || i + 1 >= depth) {
        outer.set("t", std::move(table));
      } else {
        outer.set("t", FieldArray{std::move(table)});
        ++i;
      }
      table = std::move(outer);
    }
    return table;
  };
  CHECK(decode_table(encoded(nested(64))) == nested(64));
  CHECK_THROWS_WITH_AS(static_cast<void>(encoded_size(nested(65))), doctest::Contains("64 deep"),
                       InvalidArgument);

  // 65 tables, one inside the other.
  std::string text;
  for (unsigned i = 65; i > 0; --i) {
    const std::size_t inner = text.size();
    std::string size{'\0', '\0', static_cast<char>(inner >> 8), static_cast<char>(inner)};
    text = (i > 1 ? std::string("\0F", 2) : std::string()) + size + text;
  }
  refused(bytes_of(text), "64 deep");
}

TEST_CASE("every truncation is refused") {
  const auto whole = encoded(one_of_each());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(static_cast<void>(decode_table(part)), DecodeError);
  }
}

TEST_CASE("what is no table is refused with its place") {
  refused({}, "4 bytes are needed, 0 are left at byte 0");
  refused(bytes_of(std::string_view("\0\0\0\1", 4)), "1 bytes are needed, 0 are left at byte 4");
  refused(bytes_of(std::string_view("\0\0\0\0x", 5)), "1 bytes follow the table at byte 4");
  refused(bytes_of("\xFF\xFF\xFF\xFF"), "4294967295 bytes are needed");
  refused(table_of("\x01k?"), "unknown type 0x3f at byte 6");
  refused(table_of("\x05k"), "5 bytes are needed, 1 are left at byte 5");
  refused(table_of("\x01k"), "1 bytes are needed, 0 are left at byte 6");
  refused(table_of(std::string_view("\x01kI\0\0", 5)), "4 bytes are needed, 2 are left at byte 7");
  // A value that leaves its table, though the bytes are there.
  refused(table_of(std::string_view("\x01kF\0\0\0\x03\x01"
                                    "aI\0\0\0\0",
                                    14)),
          "4 bytes are needed, 0 are left");
  refused(table_of(std::string_view("\x01kA\0\0\0\x09t\x01", 9)), "9 bytes are needed");
}
