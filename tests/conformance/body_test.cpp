#include "bench.hpp"

#include <algorithm>
#include <array>

using namespace conformance;
using kelp::Json;
using kelp::Message;
using kelp::Queue;

namespace {

struct Sent {
  Bench b;
  Queue queue = b.queue();
  kelp::Producer producer{b.channel};

  Message back(const kelp::Body& body, kelp::PublishOptions options = {}) {
    options.routing_key = queue.name;
    producer.publish(body, options);
    Message message = b.take(queue);
    message.ack();
    return message;
  }
};

}  // namespace

TEST_CASE("bodies: braces and Json travel as json") {
  Sent s;
  Message message = s.back({{"name", "héllo"}, {"list", {1, 2.5, nullptr, true}}});
  CHECK(message.content_type() == "application/json");
  CHECK(message.content_encoding() == "utf-8");
  CHECK(message.payload() == Json{{"name", "héllo"}, {"list", {1, 2.5, nullptr, true}}});
  CHECK(&message.payload() == &message.payload());
  CHECK(s.back(42).payload() == 42);
  CHECK(s.back(Json::array()).payload() == Json::array());
}

TEST_CASE("bodies: text without a serializer is text/plain, with one it is serialized") {
  Sent s;
  Message plain = s.back("héllo");
  CHECK(plain.content_type() == "text/plain");
  CHECK(plain.content_encoding() == "utf-8");
  CHECK(plain.text() == "héllo");
  CHECK(plain.payload() == Json("héllo"));
  Message quoted = s.back("abc", {.serializer = "json"});
  CHECK(quoted.content_type() == "application/json");
  CHECK(quoted.text() == "\"abc\"");
  CHECK(quoted.payload() == Json("abc"));
}

TEST_CASE("bodies: bytes are application/data and come back as they were") {
  Sent s;
  std::array<unsigned char, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
  Message message = s.back(bytes);
  CHECK(message.content_type() == "application/data");
  CHECK(message.content_encoding() == "binary");
  const auto body = message.body();
  CHECK(std::equal(body.begin(), body.end(), bytes.begin(), bytes.end(),
                   [](std::byte a, unsigned char b) { return static_cast<unsigned char>(a) == b; }));
  const auto payload = kelp::bytes_of(message.payload());
  CHECK(std::equal(body.begin(), body.end(), payload.begin(), payload.end()));
}

TEST_CASE("bodies: empty and large ones") {
  Sent s;
  CHECK(s.back("").body().empty());
  const std::string large(1 << 20, 'L');
  CHECK(s.back(large).text() == large);
}

TEST_CASE("bodies: a content type of one's own is passed on, and nothing is serialized") {
  Sent s;
  Message message = s.back("<x/>", {.content_type = "application/xml", .content_encoding = "latin-1"});
  CHECK(message.content_type() == "application/xml");
  CHECK(message.content_encoding() == "latin-1");
  CHECK(message.text() == "<x/>");
}

TEST_CASE("bodies: compressed ones arrive as they were") {
  Sent s;
  const auto known = kelp::compressions();
  if (std::find(known.begin(), known.end(), "zstd") == known.end()) {
    CHECK_THROWS_AS(s.back("x", {.compression = "zstd"}), kelp::SerializerNotInstalled);
    return;
  }
  const std::string text(10000, 'z');
  Message message = s.back(text, {.compression = "zstd", .headers = {{"mine", "kept"}}});
  CHECK(message.text() == text);
  CHECK(message.shared().body().size() < 1000);
  CHECK(*message.headers().find("compression") == kelp::FieldValue("application/zstd"));
  CHECK(*message.headers().find("mine") == kelp::FieldValue("kept"));
  CHECK(s.back({{"k", text}}, {.compression = "zstd"}).payload() == Json{{"k", text}});
}

TEST_CASE("bodies: an unknown serializer or compression is refused, and nothing is sent") {
  Sent s;
  CHECK_THROWS_AS(s.producer.publish({1}, {.routing_key = s.queue.name, .serializer = "nonsense"}),
                  kelp::SerializerNotInstalled);
  CHECK_THROWS_AS(s.producer.publish({1}, {.routing_key = s.queue.name, .compression = "nonsense"}),
                  kelp::SerializerNotInstalled);
  CHECK(s.b.contents(s.queue).empty());
}

TEST_CASE("bodies: properties arrive as they were sent") {
  Sent s;
  Message message = s.back("x", {.delivery_mode = kelp::DeliveryMode::transient,
                                 .priority = std::uint8_t{7},
                                 .correlation_id = "corr",
                                 .reply_to = "reply",
                                 .message_id = "id",
                                 .timestamp = 1700000000,
                                 .type = "kind",
                                 .app_id = "app"});
  const kelp::Properties p = message.properties();
  CHECK(p.delivery_mode == std::uint8_t{1});
  CHECK(p.priority == std::uint8_t{7});
  CHECK(p.correlation_id == "corr");
  CHECK(p.reply_to == "reply");
  CHECK(p.message_id == "id");
  CHECK(p.timestamp == std::uint64_t{1700000000});
  CHECK(p.type == "kind");
  CHECK(p.app_id == "app");
  CHECK(p.user_id.data() == nullptr);
  CHECK(s.back("x").properties().delivery_mode == std::uint8_t{2});
}

TEST_CASE("bodies: the exchange's delivery mode counts, and the call's before it") {
  Bench b;
  const kelp::Exchange exchange = b.exchange("direct", {.delivery_mode = kelp::DeliveryMode::transient});
  const Queue queue = b.bound(exchange, "k");
  kelp::Producer producer(b.channel, {.exchange = exchange, .routing_key = "k"});
  producer.publish("own");
  producer.publish("named", {.exchange = exchange});
  producer.publish("call", {.delivery_mode = kelp::DeliveryMode::persistent});
  CHECK(b.take(queue, true).properties().delivery_mode == std::uint8_t{1});
  CHECK(b.take(queue, true).properties().delivery_mode == std::uint8_t{1});
  CHECK(b.take(queue, true).properties().delivery_mode == std::uint8_t{2});
}

TEST_CASE("bodies: headers of every kind arrive as they were sent") {
  Sent s;
  const kelp::FieldTable headers{{"text", "value"},
                                 {"yes", true},
                                 {"int", std::int32_t{-5}},
                                 {"long", std::int64_t{1} << 40},
                                 {"double", 2.5},
                                 {"none", nullptr},
                                 {"list", kelp::FieldArray{std::int32_t{1}, "two"}},
                                 {"table", kelp::FieldTable{{"inner", "x"}}}};
  Message message = s.back("x", {.headers = headers});
  CHECK(message.headers() == headers);
  CHECK(s.back("x").headers().empty());
}

TEST_CASE("bodies: a consumer decodes only what it accepts") {
  Bench b;
  const Queue queue = b.queue();
  kelp::Producer producer(b.channel);
  producer.publish("plain", {.routing_key = queue.name});
  producer.publish({1, 2}, {.routing_key = queue.name});
  producer.publish("?", {.routing_key = queue.name, .content_type = "application/x-odd"});
  Texts refused;
  std::vector<Json> accepted;
  auto consumer =
      b.connection.consumer({queue},
                            [&](const Json& body, Message& message) {
                              accepted.push_back(body);
                              message.ack();
                            },
                            {.accept = std::vector<std::string>{"json"},
                             .on_decode_error = [&](Message& message, const std::exception& error) {
                               CHECK(dynamic_cast<const kelp::ContentDisallowed*>(&error) != nullptr);
                               refused.emplace_back(message.content_type());
                               message.reject();
                             }});
  for (int i = 0; i < 3; ++i) b.connection.drain_events(patience);
  CHECK(accepted == std::vector<Json>{Json{1, 2}});
  CHECK(refused == Texts{"text/plain", "application/x-odd"});
}

TEST_CASE("bodies: a damaged body throws DecodeError out of drain_events and stays unsettled") {
  Bench b;
  const Queue queue = b.queue();
  kelp::Producer producer(b.channel);
  producer.publish("{broken", {.routing_key = queue.name, .content_type = "application/json"});
  {
    auto consumer = b.connection.consumer({queue}, [](const Json&, Message&) { FAIL("not to be called"); });
    CHECK_THROWS_AS(b.connection.drain_events(patience), kelp::DecodeError);
  }
  CHECK(b.contents(queue) == Texts{"{broken"});
}
