#include <kelp/entity.hpp>

#include <doctest/doctest.h>

#include <unordered_set>

using kelp::Exchange;
using kelp::Queue;
using namespace std::chrono_literals;

TEST_CASE("entity: exchanges compare as Kombu's do") {
  const Exchange a{.name = "a", .type = "topic"};
  CHECK(a == Exchange{.name = "a", .type = "topic", .passive = true, .no_declare = true});
  CHECK_FALSE(a == Exchange{.name = "a", .type = "fanout"});
  CHECK_FALSE(a == Exchange{.name = "a", .type = "topic", .durable = false});
  CHECK_FALSE(a == Exchange{.name = "a", .type = "topic", .delivery_mode = kelp::DeliveryMode::transient});
  CHECK_FALSE(a == Exchange{.name = "a", .type = "topic", .arguments = {{"x", 1}}});
}

TEST_CASE("entity: queues compare without the convenience attributes") {
  const Queue a{.name = "a", .routing_key = "k"};
  CHECK(a == Queue{.name = "a", .routing_key = "k", .message_ttl = 5s});
  CHECK_FALSE(a == Queue{.name = "a", .routing_key = "other"});
  CHECK_FALSE(a == Queue{.name = "a", .exchange = {.name = "x"}, .routing_key = "k"});
  CHECK_FALSE(a == Queue{.name = "a", .routing_key = "k", .exclusive = true});
}

TEST_CASE("entity: hashes go by kind and name") {
  CHECK(std::hash<Queue>{}({.name = "a"}) == std::hash<Queue>{}({.name = "a", .durable = false}));
  CHECK(std::hash<Queue>{}({.name = "a"}) != std::hash<Exchange>{}({.name = "a"}));
  const std::unordered_set<Exchange> set{{.name = "a"}, {.name = "b"}, {.name = "a"}};
  CHECK(set.size() == 2);
}

TEST_CASE("entity: convenience attributes become arguments, in milliseconds") {
  const Queue queue{.queue_arguments = {{"x-odd", true}, {"x-max-length", std::int64_t{1}}},
                    .expires = 60500ms,
                    .message_ttl = 5250ms,
                    .max_length = 10,
                    .max_length_bytes = 1000,
                    .max_priority = std::uint8_t{9}};
  const kelp::FieldTable arguments = queue.declared_arguments();
  const auto number = [&](std::string_view name) { return *arguments.find(name)->get_if<std::int64_t>(); };
  CHECK(number("x-expires") == 60500);
  CHECK(number("x-message-ttl") == 5250);
  CHECK(number("x-max-length") == 10);
  CHECK(number("x-max-length-bytes") == 1000);
  CHECK(number("x-max-priority") == 9);
  CHECK(*arguments.find("x-odd")->get_if<bool>());
  CHECK(Queue{}.declared_arguments().empty());
}

TEST_CASE("entity: text forms") {
  CHECK(to_string(Exchange{.name = "media", .type = "topic"}) == "Exchange media(topic)");
  CHECK(to_string(Exchange{}) == "Exchange ''(direct)");
  CHECK(to_string(Queue{.name = "video"}) == "Queue video");
  CHECK(to_string(kelp::Binding{.exchange = {.name = "x"}, .routing_key = "k"}) == "x->k");
}
