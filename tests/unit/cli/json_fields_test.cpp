#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

#include "cli/json_fields.hpp"
#include "cli/text.hpp"

using namespace kelp::cli;

namespace {

bool valid(std::string_view text) {
  const JsonFields fields({});
  JsonError error;
  return fields.scan(text, {}, error);
}

std::size_t bad_byte(std::string_view text) {
  const JsonFields fields({});
  JsonError error;
  return fields.scan(text, {}, error) ? 0 : error.byte;
}

}  // namespace

TEST_CASE("what is JSON is accepted") {
  for (const char* text : {"{}",
                           " { } ",
                           "[]",
                           "[[],{}]",
                           "0",
                           "-0",
                           "1e5",
                           "1E+5",
                           "-1.25e-3",
                           "true",
                           "null",
                           "\"\"",
                           R"({"a":[{"b":[1,2,{"c":"d"}]}],"e":"\"\\\/\b\f\n\r\t\u12aF"})",
                           "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                           "NaN",
                           "-Infinity",
                           "[Infinity]",
                           "\t[1,\r\n2]\r",
                           "\"\\ud800\"",
                           "\"\x7F\""})
    CHECK_MESSAGE(valid(text), text);
}

TEST_CASE("what is not JSON is refused at its byte") {
  struct Case {
    std::string_view text;
    std::size_t byte;
  };
  for (const Case& c : {Case{"", 1},
                        Case{"{", 2},
                        Case{"}", 1},
                        Case{"[1,]", 4},
                        Case{"{\"a\"}", 5},
                        Case{"{\"a\":}", 6},
                        Case{"{a:1}", 2},
                        Case{"{\"a\":1,}", 8},
                        Case{"01", 2},
                        Case{"1.", 3},
                        Case{".5", 1},
                        Case{"+1", 1},
                        Case{"1e", 3},
                        Case{"-", 2},
                        Case{"tru", 1},
                        Case{"\"a", 3},
                        Case{"\"\\x\"", 3},
                        Case{"\"\\u12g4\"", 3},
                        Case{"\"a\tb\"", 3},
                        Case{"'a'", 1},
                        Case{"[1 2]", 4},
                        Case{"[1}", 3},
                        Case{"{}{}", 3},
                        Case{"\"\xC0\x80\"", 2},
                        Case{"\"\xED\xA0\x80\"", 2},
                        Case{"\"\xF5\x80\x80\x80\"", 2},
                        Case{"\"\xE2\x82\"", 2},
                        Case{"\"12345678\x01\"", 10},
                        Case{std::string_view("\0", 1), 1},
                        Case{"-Inf", 2},
                        Case{"\xEF\xBB\xBF{}", 1}})
    CHECK_MESSAGE(bad_byte(c.text) == c.byte, c.text);
}

TEST_CASE("512 levels and no more") {
  CHECK(valid(std::string(512, '[') + std::string(512, ']')));
  CHECK_FALSE(valid(std::string(513, '[') + std::string(513, ']')));
  CHECK_FALSE(valid(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 511; ++i) objects += "{\"a\":";
  CHECK(valid(objects + "{}" + std::string(511, '}')));
  CHECK_FALSE(valid("{\"a\":" + objects + "{}" + std::string(512, '}')));
}

TEST_CASE("every truncation and every changed byte is handled") {
  const std::string text =
      R"({"level":"error","n":-1.5e3,"list":[true,null,{"k":"\u00e9é"}],"service":"api"})";
  const JsonFields fields({"level", "service"});
  std::array<JsonFields::Value, 2> out;
  JsonError error;
  REQUIRE(fields.scan(text, out, error));
  CHECK(out[0].raw == "error");
  CHECK(out[1].raw == "api");
  for (std::size_t length = 0; length < text.size(); ++length) {
    // A copy without slack, so that a sanitizer sees a read past the end.
    const std::string part(text, 0, length);
    CHECK_FALSE(fields.scan(part, out, error));
    CHECK(error.byte <= length + 1);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = text;
    changed[random() % changed.size()] = static_cast<char>(random());
    if (fields.scan(changed, out, error)) continue;
    CHECK(error.what != nullptr);
    CHECK(error.byte >= 1);
    CHECK(error.byte <= changed.size() + 1);
  }
}

TEST_CASE("escapes are decoded") {
  const auto decoded = [](std::string_view raw) {
    std::string out;
    append_decoded(raw, out);
    return out;
  };
  CHECK(decoded(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(decoded(R"(\u0041\u00e9\u20ac\ud83d\ude00)") == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(decoded(R"(\ud83d)") == "\xED\xA0\xBD");
  CHECK(decoded(R"(\ud83d\u0041)") == "\xED\xA0\xBD\x41");
  CHECK(decoded(R"(\u0000)") == std::string(1, '\0'));
}

TEST_CASE("text for people and for JSON") {
  CHECK(json_quoted("a\"\\\n\x01\xC3\xA9") == "\"a\\\"\\\\\\n\\u0001\xC3\xA9\"");
  CHECK(json_quoted("\xFF") == "\"\xEF\xBF\xBD\"");
  CHECK(printable("a\x1b[m\xFF") == "a\\x1b[m\\xff");
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(display_width("\xC3\xA9t") == 2);
  Table table({"name", "n"}, 1);
  table.add({"a", "1"});
  table.add({"all", "10"});
  CHECK(table.text(false, true) == "name   n\n----  --\na      1\n----  --\nall   10\n");
}
