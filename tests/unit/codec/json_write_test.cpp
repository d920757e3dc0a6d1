#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

using namespace kelp;

TEST_CASE("values are written with Python's separators and in ASCII") {
  CHECK(write_json({{"name", "/tmp/lolcat1.avi"}, {"size", 1301013}}) ==
        R"({"name": "/tmp/lolcat1.avi", "size": 1301013})");
  CHECK(write_json(Json{1, "two", nullptr, true, false, Json::array(), Json::object()}) ==
        R"([1, "two", null, true, false, [], {}])");
  CHECK(write_json("h\xC3\xA9llo") == R"("h\u00e9llo")");
  CHECK(write_json("\xF0\x9F\x98\x80") == R"("\ud83d\ude00")");
  CHECK(write_json("\xE2\x82\xAC/\x7F") == R"("\u20ac/\u007f")");
  CHECK(write_json(std::string("\"\\\b\f\n\r\t\0\x1f", 9)) == R"("\"\\\b\f\n\r\t\u0000\u001f")");
  CHECK(write_json(Json{{"\xC3\xA9", 1}}) == R"({"\u00e9": 1})");
}

TEST_CASE("numbers are written as Python's repr writes them") {
  const std::pair<double, const char*> cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {100.0, "100.0"},
      {123.456, "123.456"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {1.5e16, "1.5e+16"},
      {123456789012345680.0, "1.2345678901234568e+17"},
      {9007199254740993.0, "9007199254740992.0"},
      {0.0001, "0.0001"},
      {0.00012, "0.00012"},
      {0.00001, "1e-05"},
      {1.5e-7, "1.5e-07"},
      {1e22, "1e+22"},
      {1e100, "1e+100"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {-std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {std::numeric_limits<double>::infinity(), "Infinity"},
      {-std::numeric_limits<double>::infinity(), "-Infinity"},
  };
  for (const auto& [value, text] : cases) {
    CHECK(write_json(value) == text);
    if (!std::isnan(value)) CHECK(read_json(text) == value);
  }
  CHECK(write_json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(write_json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("what JSON cannot hold is refused") {
  const std::byte bytes[] = {std::byte{0}, std::byte{0xFF}};
  CHECK_THROWS_WITH_AS(static_cast<void>(write_json(Json{json_bytes(bytes)})),
                       doctest::Contains("bytes have no JSON form"), EncodeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(write_json("ab\xFF")), doctest::Contains("not UTF-8 at its byte 2"),
                       EncodeError);
  CHECK_THROWS_AS(static_cast<void>(write_json("\xED\xA0")), EncodeError);
  CHECK_THROWS_AS(static_cast<void>(write_json("\xF0\x9F\x98")), EncodeError);
  Json deep = 1;
  for (int i = 0; i < 512; ++i) deep = Json::array({std::move(deep)});
  CHECK(write_json(deep).size() == 2 * 512 + 1);
  deep = Json{{"a", std::move(deep)}};
  CHECK_THROWS_WITH_AS(static_cast<void>(write_json(deep)), doctest::Contains("512"), EncodeError);
}

TEST_CASE("writing appends") {
  std::string out = "x";
  write_json(Json{1}, out);
  CHECK(out == "x[1]");
}

TEST_CASE("bytes pass through a value") {
  const std::byte bytes[] = {std::byte{0}, std::byte{0xFF}};
  const Json value = json_bytes(bytes);
  REQUIRE(bytes_of(value).size() == 2);
  CHECK(bytes_of(value)[1] == std::byte{0xFF});
  CHECK(bytes_of(Json("text")).empty());
}
