// Body decides what a call to publish means; this is where it is held to it.
#include <kelp/body.hpp>
#include <kelp/producer.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <type_traits>
#include <vector>

using kelp::Body;
using kelp::Json;
using Kind = Body::Kind;

namespace {

Kind kind_of(const Body& body, const kelp::PublishOptions& = {}) { return body.kind(); }
Json json_of(const Body& body) { return body.json(); }
std::string text_of(const Body& body) { return std::string(body.text()); }

struct Text {
  operator std::string_view() const { return "mine"; }
};

}  // namespace

TEST_CASE("body: braces are json") {
  CHECK(json_of({{"a", 1}, {"b", {1, 2}}}) == Json{{"a", 1}, {"b", {1, 2}}});
  CHECK(json_of({{"a", 1}}) == Json{{"a", 1}});
  CHECK(json_of({1, 2}) == Json::array({1, 2}));
  CHECK(json_of({"a"}) == Json::array({"a"}));
  CHECK(json_of({}) == Json::object());
}

TEST_CASE("body: Json is json, const or not; braces around it are an array") {
  Json value = {{"a", 1}};
  const Json constant = "text";
  CHECK(json_of(value) == value);
  CHECK(json_of(constant) == constant);
  CHECK(json_of(Json(7)) == 7);
  CHECK(json_of({value}) == Json::array({value}));
  CHECK(&Body(value).json() == &value);
}

TEST_CASE("body: scalars are json") {
  CHECK(json_of(42) == 42);
  CHECK(json_of(2.5) == 2.5);
  CHECK(json_of(true) == true);
  CHECK(json_of(nullptr) == nullptr);
}

TEST_CASE("body: what converts to string_view is text") {
  const std::string string = "s";
  const char* pointer = "p";
  const char array[] = "array";
  CHECK(text_of(string) == "s");
  CHECK(text_of(std::string("temporary")) == "temporary");
  CHECK(text_of(pointer) == "p");
  CHECK(text_of(array) == "array");
  CHECK(text_of("literal") == "literal");
  CHECK(text_of(std::string_view("view")) == "view");
  CHECK(text_of(Text{}) == "mine");
  CHECK(kind_of("x") == Kind::text);
}

TEST_CASE("body: contiguous ranges of bytes are bytes") {
  const std::vector<std::byte> vector(3);
  const std::array<unsigned char, 4> array{};
  std::vector<char> chars(5);
  unsigned char raw[6] = {};
  CHECK(kind_of(vector) == Kind::bytes);
  CHECK(kind_of(array) == Kind::bytes);
  CHECK(kind_of(chars) == Kind::bytes);
  CHECK(kind_of(raw) == Kind::bytes);
  CHECK(kind_of(std::span<const std::byte>(vector)) == Kind::bytes);
  CHECK(kind_of(std::span<char>(chars)) == Kind::bytes);
  CHECK(Body(raw).bytes().size() == 6);
  CHECK(Body(vector).bytes().data() == vector.data());
}

TEST_CASE("body: other types do not compile") {
  struct Order {};
  CHECK_FALSE(std::is_constructible_v<Body, Order>);
  CHECK_FALSE(std::is_constructible_v<Body, std::vector<int>>);
  CHECK_FALSE(std::is_copy_constructible_v<Body>);
}

TEST_CASE("options: a named exchange, an Exchange, and lists of entities that live as long as they do") {
  const kelp::Exchange media{.name = "media", .delivery_mode = kelp::DeliveryMode::transient};
  const kelp::Queue video{.name = "video"};
  const kelp::PublishOptions options{.exchange = media, .declare = {video, media}};
  CHECK(options.exchange.name() == "media");
  CHECK(options.exchange.delivery_mode() == kelp::DeliveryMode::transient);
  REQUIRE(options.declare.size() == 2);
  CHECK(options.declare.begin()->queue() == &video);
  CHECK((options.declare.begin() + 1)->exchange() == &media);
  CHECK(kelp::PublishOptions{.exchange = "x"}.exchange.name() == "x");
  CHECK(kelp::PublishOptions{.exchange = ""}.exchange.is_set());
  CHECK_FALSE(kelp::PublishOptions{}.exchange.is_set());
}
