#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <kelp/error.hpp>
#include <kelp/serialization.hpp>

#include "codec/registries.hpp"

using namespace kelp;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
std::string text_of(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

struct Fresh {
  Fresh() { codec::reset_registries(); }
  ~Fresh() { codec::reset_registries(); }
};

const std::vector<std::string> nothing;

}  // namespace

TEST_CASE_FIXTURE(Fresh, "bodies are encoded by Kombu's table") {
  std::string buffer;
  const auto check = [](const Encoded& encoded, std::string_view type, std::string_view encoding,
                        std::string_view payload) {
    CHECK(encoded.content_type == type);
    CHECK(encoded.content_encoding == encoding);
    CHECK(text_of(encoded.payload) == payload);
  };
  check(dumps_text("h\xC3\xA9llo", "", buffer), "text/plain", "utf-8", "h\xC3\xA9llo");
  check(dumps_bytes(bytes(std::string_view("\0\1\xFF", 3)), "", buffer), "application/data", "binary",
        std::string_view("\0\1\xFF", 3));
  check(dumps(42, "", buffer), "application/json", "utf-8", "42");
  check(dumps(Json{1, 2}, "", buffer), "application/json", "utf-8", "[1, 2]");
  check(dumps(nullptr, "", buffer), "application/json", "utf-8", "null");
  check(dumps("abc", "", buffer), "application/json", "utf-8", "\"abc\"");
  check(dumps_text("abc", "json", buffer), "application/json", "utf-8", "\"abc\"");
  check(dumps_text("abc", "raw", buffer), "application/data", "utf-8", "abc");
  check(dumps("abc", "raw", buffer), "application/data", "utf-8", "abc");
  check(dumps_bytes(bytes("abc"), "raw", buffer), "application/data", "binary", "abc");
  check(dumps(json_bytes(bytes("abc")), "raw", buffer), "application/data", "binary", "abc");
  CHECK_THROWS_WITH_AS(static_cast<void>(dumps(42, "raw", buffer)),
                       doctest::Contains("text or bytes, not number"), EncodeError);
  CHECK_THROWS_AS(static_cast<void>(dumps_bytes(bytes("abc"), "json", buffer)), EncodeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(dumps(42, "jsn", buffer)),
                       "no encoder \"jsn\" is installed; there are \"json\", \"raw\"",
                       SerializerNotInstalled);
}

TEST_CASE_FIXTURE(Fresh, "text and bytes are not copied, and the buffer is reused") {
  std::string buffer;
  const std::string body(100, 'x');
  CHECK(reinterpret_cast<const char*>(dumps_text(body, "", buffer).payload.data()) == body.data());
  CHECK(reinterpret_cast<const char*>(dumps_bytes(bytes(body), "raw", buffer).payload.data()) == body.data());
  CHECK(buffer.empty());
  static_cast<void>(dumps(body, "", buffer));
  const char* memory = buffer.data();
  CHECK(text_of(dumps(Json{1}, "", buffer).payload) == "[1]");
  CHECK(buffer.data() == memory);
}

TEST_CASE_FIXTURE(Fresh, "accept rules are Kombu's") {
  const auto allows = [](const Accept& accept, std::string_view type) {
    try {
      accept.check(type);
      return true;
    } catch (const ContentDisallowed&) {
      return false;
    }
  };
  const Accept standard;
  CHECK(allows(standard, "application/json"));
  CHECK(allows(standard, "text/plain"));
  CHECK(allows(standard, "application/data"));
  CHECK(allows(standard, ""));
  CHECK_FALSE(allows(standard, "application/x-python-serialize"));

  const std::vector<std::string> json_only{"json"};
  CHECK(allows(Accept(json_only), "application/json"));
  CHECK_FALSE(allows(Accept(json_only), "text/plain"));
  CHECK(allows(Accept(json_only), "application/text"));

  CHECK_FALSE(allows(Accept(nothing), "application/json"));
  CHECK(allows(Accept(nothing), "application/data"));
  CHECK(allows(Accept(nothing), "application/text"));

  const std::vector<std::string> mixed{"raw", "application/x-custom"};
  CHECK(allows(Accept(mixed), "application/x-custom"));
  CHECK(allows(Accept::everything(), "application/x-custom"));

  const std::vector<std::string> unknown{"jsn"};
  CHECK_THROWS_WITH_AS(Accept{unknown}, doctest::Contains("\"json\", \"raw\""), SerializerNotInstalled);
  CHECK_THROWS_WITH_AS(Accept(nothing).check("application/json"),
                       "Refusing to deserialize untrusted content of type json (application/json)",
                       ContentDisallowed);
  CHECK_THROWS_WITH_AS(
      standard.check("application/x-nope"),
      "Refusing to deserialize untrusted content of type application/x-nope (application/x-nope)",
      ContentDisallowed);
}

TEST_CASE_FIXTURE(Fresh, "disabled serializers do not decode for accept=None") {
  const std::vector<std::string> json{"json", "unknown"};
  CHECK(loads(bytes("1"), "application/json", "utf-8", Accept::enabled()) == 1);
  disable_serializers(json);
  CHECK_THROWS_WITH_AS(static_cast<void>(loads(bytes("1"), "application/json", "utf-8", Accept::enabled())),
                       "Refusing to deserialize disabled content of type json (application/json)",
                       ContentDisallowed);
  CHECK(loads(bytes("1"), "application/json", "utf-8", Accept::everything()) == 1);
  std::string buffer;
  CHECK(text_of(dumps(1, "json", buffer).payload) == "1");
  enable_serializers(json);
  CHECK(loads(bytes("1"), "application/json", "utf-8", Accept::enabled()) == 1);
}

TEST_CASE_FIXTURE(Fresh, "bodies are decoded by content type, then by encoding") {
  CHECK(loads(bytes("{\"a\": 1}"), "application/json", "utf-8") == Json{{"a", 1}});
  CHECK(loads(bytes("h\xC3\xA9"), "text/plain", "UTF-8") == "h\xC3\xA9");
  CHECK(loads(bytes("h\xE9"), "text/plain", "Latin_1") == "h\xC3\xA9");
  CHECK(loads(bytes("h"), "text/plain", "us-ascii") == "h");
  CHECK(loads(bytes("h"), "text/plain", "") == "h");
  CHECK(loads(bytes("h"), "", "") == "h");
  CHECK(text_of(bytes_of(loads(bytes("\xFF"), "application/data", "binary"))) == "\xFF");
  CHECK(text_of(bytes_of(loads(bytes("\xFF"), "", "ASCII-8BIT"))) == "\xFF");
  CHECK_THROWS_WITH_AS(static_cast<void>(loads(bytes("ab\xFF"), "text/plain", "utf-8")),
                       doctest::Contains("not UTF-8 at byte 2"), DecodeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(loads(bytes("\xFF"), "text/plain", "ascii")),
                       doctest::Contains("not ASCII at byte 0"), DecodeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(loads(bytes("x"), "text/plain", "ebcdic")),
                       doctest::Contains("\"ebcdic\""), DecodeError);
  CHECK_THROWS_AS(static_cast<void>(loads(bytes("{"), "application/json", "utf-8")), DecodeError);
  CHECK_THROWS_AS(static_cast<void>(loads(bytes("x"), "application/x-yaml", "utf-8")), ContentDisallowed);
}

TEST_CASE_FIXTURE(Fresh, "empty data is not decoded, whatever its type") {
  CHECK(loads({}, "application/json", "utf-8") == "");
  CHECK(loads({}, "text/plain", "") == "");
  const Json empty = loads({}, "application/data", "binary");
  CHECK(empty.is_binary());
  CHECK(bytes_of(empty).empty());
  CHECK_THROWS_AS(static_cast<void>(loads({}, "application/x-yaml", "utf-8")), ContentDisallowed);
}

TEST_CASE_FIXTURE(Fresh, "serializers can be added, replaced and removed") {
  const auto upper = [](const Json& value, std::string& out) {
    for (const char c : value.get<std::string>()) out += static_cast<char>(c - 'a' + 'A');
  };
  register_serializer({.name = "upper", .content_type = "application/x-upper", .encode = upper});
  CHECK(serializers() == std::vector<std::string>{"json", "raw", "upper"});
  std::string buffer;
  const Encoded encoded = dumps_text("abc", "upper", buffer);
  CHECK(text_of(encoded.payload) == "ABC");
  CHECK(encoded.content_type == "application/x-upper");
  // Without a decoder it is text.
  CHECK(loads(encoded.payload, "application/x-upper", "utf-8", Accept::everything()) == "ABC");

  register_serializer({.name = "upper",
                       .content_type = "application/x-other",
                       .content_encoding = "binary",
                       .decode = [](auto) { return Json("decoded"); }});
  CHECK_THROWS_AS(static_cast<void>(dumps_text("abc", "upper", buffer)), SerializerNotInstalled);
  const std::vector<std::string> accept{"upper"};
  CHECK(loads(bytes("x"), "application/x-other", "", Accept(accept)) == "decoded");
  CHECK(encoded.content_type == "application/x-upper");

  unregister_serializer("upper");
  CHECK_THROWS_WITH_AS(unregister_serializer("upper"), doctest::Contains("no serializer \"upper\""),
                       SerializerNotInstalled);
  CHECK(serializers() == std::vector<std::string>{"json", "raw"});
}

TEST_CASE_FIXTURE(Fresh, "errors of one's own serializers are wrapped") {
  register_serializer({.name = "bad",
                       .content_type = "application/x-bad",
                       .encode = [](const Json&, std::string&) { throw std::runtime_error("no"); },
                       .decode = [](auto) -> Json { throw std::runtime_error("neither"); }});
  std::string buffer;
  CHECK_THROWS_WITH_AS(static_cast<void>(dumps(1, "bad", buffer)), "bad: no", EncodeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(loads(bytes("x"), "application/x-bad", "", Accept::everything())),
                       "bad: neither", DecodeError);
}

TEST_CASE_FIXTURE(Fresh, "the default serializer can be chosen") {
  register_serializer({.name = "one",
                       .content_type = "application/x-one",
                       .encode = [](const Json&, std::string& out) { out = "1"; }});
  CHECK_THROWS_AS(set_default_serializer("two"), SerializerNotInstalled);
  set_default_serializer("one");
  std::string buffer;
  CHECK(dumps(Json{}, "", buffer).content_type == "application/x-one");
  CHECK(dumps_text("x", "", buffer).content_type == "text/plain");
}

TEST_CASE_FIXTURE(Fresh, "registrations are checked") {
  CHECK_THROWS_AS(register_serializer({.name = "", .content_type = "a/b"}), InvalidArgument);
  CHECK_THROWS_AS(register_serializer({.name = "x", .content_type = ""}), InvalidArgument);
  CHECK_THROWS_AS(register_serializer({.name = "raw", .content_type = "a/b"}), InvalidArgument);
  CHECK_THROWS_AS(register_serializer({.name = "x", .content_type = std::string(256, 'x')}), InvalidArgument);
}

TEST_CASE_FIXTURE(Fresh, "the registry may change while others use it") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([] {
      std::string buffer;
      for (int i = 0; i < 300; ++i) {
        static_cast<void>(dumps(i, "json", buffer));
        static_cast<void>(loads(bytes("1"), "application/json", ""));
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    register_serializer(
        {.name = "x" + std::to_string(i % 3), .content_type = "application/x-" + std::to_string(i)});
  }
  for (auto& thread : threads) thread.join();
  CHECK(serializers().size() == 5);
}
