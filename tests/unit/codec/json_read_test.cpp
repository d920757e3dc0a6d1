#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

using namespace kelp;

namespace {

void refused(std::string_view text, const char* why) {
  CAPTURE(text);
  CHECK_THROWS_WITH_AS(static_cast<void>(read_json(text)), doctest::Contains(why), DecodeError);
}

}  // namespace

TEST_CASE("every kind of value is read") {
  CHECK(read_json(" null ").is_null());
  CHECK(read_json("true") == true);
  CHECK(read_json("false") == false);
  CHECK(read_json("0") == 0);
  CHECK(read_json("-0") == 0);
  CHECK(read_json("-12") == -12);
  CHECK(read_json("1.5e3") == 1500.0);
  CHECK(read_json("1E-2") == 0.01);
  CHECK(read_json("-0.0").get<double>() == 0.0);
  CHECK(std::signbit(read_json("-0.0").get<double>()));
  CHECK(read_json("\"text\"") == "text");
  CHECK(read_json("[]") == Json::array());
  CHECK(read_json("{}") == Json::object());
  CHECK(read_json("\t[1 ,\n2,[ ],{ }\r]") == Json{1, 2, Json::array(), Json::object()});
  CHECK(read_json(R"({"a":{"b":[true,null]} , "c":"d"})") ==
        Json{{"a", {{"b", Json::array({true, nullptr})}}}, {"c", "d"}});
}

TEST_CASE("objects keep their order; of equal names the last value stands at the first place") {
  const Json value = read_json(R"({"b":1,"a":2,"b":3,"c":4})");
  CHECK(write_json(value) == R"({"b": 3, "a": 2, "c": 4})");

  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  for (int i = 0; i < 5000; i += 2) text += "\"k" + std::to_string(i) + "\":-" + std::to_string(i + 1) + ",";
  text.back() = '}';
  const Json large = read_json(text);
  REQUIRE(large.size() == 5000);
  int i = 0;
  for (const auto& [name, field] : large.items()) {
    REQUIRE(name == "k" + std::to_string(i));
    REQUIRE(field == (i % 2 == 0 ? -i - 1 : i));
    ++i;
  }
}

TEST_CASE("integers of any size lose nothing") {
  CHECK(read_json("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(read_json("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(read_json("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const std::string digits : {"18446744073709551616", "-9223372036854775809",
                                   "123456789012345678901234567890123456789012345678901234567890"}) {
    const Json value = read_json(digits);
    CHECK(is_big_integer(value));
    CHECK(big_integer_digits(value) == digits);
    CHECK(write_json(value) == digits);
    CHECK(value == big_integer(digits));
    CHECK(bytes_of(value).empty());
  }
  CHECK(big_integer("42") == 42);
  CHECK_FALSE(is_big_integer(big_integer("-42")));
  CHECK_FALSE(is_big_integer(json_bytes({})));
  for (const char* wrong : {"", "-", "01", "-01", "1a", "+1", " 1", "1.0"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(static_cast<void>(big_integer(wrong)), InvalidArgument);
  }
}

TEST_CASE("what is no number, and what is beyond all numbers, is read as Python reads it") {
  CHECK(std::isnan(read_json("NaN").get<double>()));
  CHECK(read_json("Infinity") == std::numeric_limits<double>::infinity());
  CHECK(read_json("[-Infinity]")[0] == -std::numeric_limits<double>::infinity());
  CHECK(read_json("1e400") == std::numeric_limits<double>::infinity());
  CHECK(read_json("-1e400") == -std::numeric_limits<double>::infinity());
  CHECK(read_json("1e-400") == 0.0);
  CHECK(read_json("0e999999999999999999999") == 0.0);
  CHECK(read_json("1e-999999999999999999999") == 0.0);
  CHECK(read_json("0." + std::string(500, '0') + "1e100") == 0.0);
  CHECK(read_json("1" + std::string(500, '0') + ".5") == std::numeric_limits<double>::infinity());
  CHECK(read_json("1.7976931348623157e308") == std::numeric_limits<double>::max());
  CHECK(read_json("5e-324") == std::numeric_limits<double>::denorm_min());
}

TEST_CASE("escapes and UTF-8 are decoded; lone surrogates survive") {
  CHECK(read_json(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")") ==
        "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(read_json("\"h\xC3\xA9llo \xF0\x9F\x98\x80 and more ascii text\"") ==
        "h\xC3\xA9llo \xF0\x9F\x98\x80 and more ascii text");
  CHECK(read_json(R"("\u0000")") == std::string(1, '\0'));
  CHECK(read_json(R"("\uD83D\uDE00")") == "\xF0\x9F\x98\x80");
  for (const std::string lone : {R"("\ud800")", R"("\udfff")", R"("\ud800x")", R"("\ud800\n")",
                                 R"("\ude00\ud83d")", R"("\ud83d\ud83d\ude00")"}) {
    CAPTURE(lone);
    CHECK(write_json(read_json(lone)) == lone);
  }
  CHECK(read_json(R"("\ud800")") == "\xED\xA0\x80");
}

TEST_CASE("nesting is limited to 512") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(write_json(read_json(nested(512))) == nested(512));
  refused(nested(513), "nested more than 512 deep at byte 512");
  refused(std::string(1000000, '['), "nested more than 512 deep");
  std::string objects;
  for (int i = 0; i < 513; ++i) objects += "{\"a\":";
  refused(objects, "nested more than 512 deep");
}

TEST_CASE("what is no JSON is refused with its place") {
  refused("", "a value is expected at byte 0");
  refused("  ", "a value is expected at byte 2");
  refused("1 2", "text follows the value at byte 2");
  refused("[1,]", "a value is expected at byte 3");
  refused("[1", "',' or ']' is expected at byte 2");
  refused("[1}", "',' or ']' is expected at byte 2");
  refused("{\"a\":1", "',' or '}' is expected at byte 6");
  refused("{\"a\" 1}", "':' is expected at byte 5");
  refused("{a:1}", "a name in quotes is expected at byte 1");
  refused("{\"a\":1,}", "a name in quotes is expected at byte 7");
  refused("nul", "a value is expected at byte 0");
  refused("nan", "a value is expected at byte 0");
  refused("-", "a digit is expected at byte 1");
  refused("-NaN", "a digit is expected at byte 1");
  refused("+1", "a value is expected at byte 0");
  refused("01", "a number starts with 0 at byte 1");
  refused("1.", "a digit is expected at byte 2");
  refused(".5", "a value is expected at byte 0");
  refused("1e", "a digit is expected at byte 2");
  refused("1e+", "a digit is expected at byte 3");
  refused("\"abc", "the string does not end at byte 4");
  refused("\"a\nb\"", "a control character in a string at byte 2");
  refused("\"\\x\"", "an escape that does not exist at byte 2");
  refused("\"\\", "an escape that does not exist at byte 2");
  refused("\"\\u12g4\"", "\\u needs four hexadecimal digits at byte 2");
  refused("\"\\u12", "\\u needs four hexadecimal digits at byte 2");
  refused("\"0123456789\xFFzz\"", "not UTF-8 at byte 11");
  refused("\"\xC3\"", "not UTF-8 at byte 1");
  refused("\"\xED\xA0\x80\"", "not UTF-8 at byte 1");
  refused("\"\xC0\x80\"", "not UTF-8 at byte 1");
  refused("\xEF\xBB\xBF{}", "a value is expected at byte 0");
  refused(std::string_view("1\0", 2), "text follows the value at byte 1");
  refused(std::string_view("\0", 1), "a value is expected at byte 0");
}
