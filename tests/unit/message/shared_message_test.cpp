#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <kelp/shared_message.hpp>

#include "message/block.hpp"
#include "message/pool.hpp"
#include "message/properties_codec.hpp"

using namespace kelp;

namespace {

std::uint32_t count(const SharedMessage& message) { return message.block()->refs.load(); }

}  // namespace

TEST_CASE("an empty handle has nothing") {
  const SharedMessage empty;
  CHECK_FALSE(empty);
  CHECK_FALSE(empty.owns());
  CHECK(empty.body().empty());
  CHECK(empty.address().exchange.empty());
  CHECK(empty.properties().content_type.data() == nullptr);
  CHECK_FALSE(empty.has_headers());
  CHECK(empty.headers().empty());
  const SharedMessage copy = empty;
  CHECK_FALSE(copy);
  CHECK_FALSE(SharedMessage::adopt(nullptr));
  SharedMessage owner;
  owner.become_owner();
  owner.own();
  CHECK_FALSE(owner.owns());
}

TEST_CASE("copies own, moves hand over, borrowed handles own nothing") {
  SharedMessage first = SharedMessage::make({.exchange = "e", .routing_key = "k"}, {}, {});
  CHECK(first.owns());
  CHECK(count(first) == 1);
  SharedMessage second = first;
  CHECK(count(first) == 2);
  SharedMessage moved = std::move(second);
  CHECK_FALSE(second);
  CHECK(count(first) == 2);

  SharedMessage borrowed = SharedMessage::borrow(first.block());
  CHECK_FALSE(borrowed.owns());
  CHECK(count(first) == 2);
  const SharedMessage owner = borrowed;
  CHECK(owner.owns());
  CHECK(count(first) == 3);
  borrowed.own();
  borrowed.own();
  CHECK(count(first) == 4);

  second = moved;
  CHECK(count(first) == 5);
  auto& alias = second;
  second = alias;
  CHECK(count(first) == 5);
  second = std::move(alias);
  CHECK(count(first) == 5);
  second = {};
  CHECK(count(first) == 4);
}

TEST_CASE("a reference can be detached, adopted, and lent for good") {
  SharedMessage message = SharedMessage::make({}, {}, {});
  SharedMessage lent = SharedMessage::borrow(message.block());
  message::Block* block = message.detach();
  CHECK_FALSE(message);
  CHECK(block->refs.load() == 1);
  lent.become_owner();
  CHECK(lent.owns());
  CHECK(count(lent) == 1);
  SharedMessage again = SharedMessage::adopt(lent.detach());
  message::add_references(*block, 2);  // from 1, by a store
  CHECK(count(again) == 3);
  message::add_references(*block, 1);  // from 3, by an addition
  CHECK(count(again) == 4);
  for (int i = 0; i < 3; ++i) message::release(*block);
  CHECK(count(again) == 1);
}

TEST_CASE("every property goes there and back, each alone and all together") {
  const FieldTable headers{{"a", 1}};
  const Properties all{.content_type = "application/json",
                       .content_encoding = "utf-8",
                       .headers = &headers,
                       .delivery_mode = 2,
                       .priority = 9,
                       .correlation_id = "c",
                       .reply_to = "r",
                       .expiration = "60000",
                       .message_id = "m",
                       .timestamp = 1577836800,
                       .type = "t",
                       .user_id = "u",
                       .app_id = "a",
                       .cluster_id = ""};
  for (unsigned mask = 0; mask < 1u << 14; ++mask) {
    Properties some;
    unsigned bit = 0;
    const auto pick = [&](auto member) {
      if ((mask >> bit++ & 1) != 0) some.*member = all.*member;
    };
    pick(&Properties::content_type);
    pick(&Properties::content_encoding);
    pick(&Properties::headers);
    pick(&Properties::delivery_mode);
    pick(&Properties::priority);
    pick(&Properties::correlation_id);
    pick(&Properties::reply_to);
    pick(&Properties::expiration);
    pick(&Properties::message_id);
    pick(&Properties::timestamp);
    pick(&Properties::type);
    pick(&Properties::user_id);
    pick(&Properties::app_id);
    pick(&Properties::cluster_id);
    const SharedMessage message = SharedMessage::make({.routing_key = "k"}, some, {});
    const Properties got = message.properties();
    const auto same = [&](auto member) {
      return got.*member == some.*member &&
             ((got.*member).data() == nullptr) == ((some.*member).data() == nullptr);
    };
    REQUIRE(same(&Properties::content_type));
    REQUIRE(same(&Properties::content_encoding));
    REQUIRE(same(&Properties::correlation_id));
    REQUIRE(same(&Properties::reply_to));
    REQUIRE(same(&Properties::expiration));
    REQUIRE(same(&Properties::message_id));
    REQUIRE(same(&Properties::type));
    REQUIRE(same(&Properties::user_id));
    REQUIRE(same(&Properties::app_id));
    REQUIRE(same(&Properties::cluster_id));
    REQUIRE(got.delivery_mode == some.delivery_mode);
    REQUIRE(got.priority == some.priority);
    REQUIRE(got.timestamp == some.timestamp);
    REQUIRE(got.headers == nullptr);
    REQUIRE(message.has_headers() == (some.headers != nullptr));
    REQUIRE(message.headers() == (some.headers != nullptr ? headers : FieldTable{}));
  }
}

TEST_CASE("properties are in AMQP's wire form") {
  const SharedMessage message =
      SharedMessage::make({}, {.content_type = "a/b", .delivery_mode = 2, .priority = 1, .type = "t"}, {});
  const auto bytes = message.block()->properties();
  const std::string wire(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(wire == std::string("\x98\x20\x03"
                            "a/b\x02\x01\x01t",
                            10));
}

TEST_CASE("empty headers are headers") {
  const FieldTable none;
  const SharedMessage message = SharedMessage::make({}, {.headers = &none}, {});
  CHECK(message.has_headers());
  CHECK(message.headers().empty());
}
