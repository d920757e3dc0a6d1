#include <doctest/doctest.h>

#include <new>
#include <optional>
#include <string>
#include <vector>

#include <kelp/error.hpp>
#include <kelp/shared_message.hpp>

#include "../../support/allocations.hpp"
#include "allocation_count.hpp"
#include "message/block.hpp"
#include "message/pool.hpp"
#include "message/size_class.hpp"

using namespace kelp;
using namespace kelp::message;
using kelp_test::allocations;
using kelp_test::living_allocations;

namespace {

const bool uncounted = !kelp_test::allocations_are_counted();

std::vector<std::byte> body_of(std::size_t size, unsigned seed = 1) {
  std::vector<std::byte> body(size);
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<std::byte>(i * 31 + seed);
  return body;
}

Block& make_plain(Arena& arena, std::span<const std::byte> body) {
  return make(arena, {.exchange = "media", .routing_key = "video.error"}, {.content_type = "text/plain"},
              body);
}

}  // namespace

TEST_CASE("size classes are as large as they say, and the next smaller one is too small") {
  for (std::size_t bytes = 1; bytes <= largest_block; ++bytes) {
    const unsigned c = class_of(bytes);
    REQUIRE(c < size_classes);
    REQUIRE(class_size(c) >= bytes);
    if (c > 0) REQUIRE(class_size(c - 1) < bytes);
  }
  for (unsigned c = 0; c < size_classes; ++c) CHECK(class_size(c) % 64 == 0);
}

TEST_CASE("blocks of every size hold what was put into them, aligned") {
  Pool pool;
  Arena& arena = pool.open_arena();
  for (const std::size_t size :
       {0u, 1u, 7u, 8u, 15u, 16u, 17u, 32u, 33u, 64u, 65u, 200u, 4000u, 60000u, 65400u, 65536u, 200000u}) {
    CAPTURE(size);
    const auto body = body_of(size);
    Block& block = make_plain(arena, body);
    CHECK(reinterpret_cast<std::uintptr_t>(&block) % 16 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(block.body().data()) % 8 == 0);
    CHECK(block.exchange() == "media");
    CHECK(block.routing_key() == "video.error");
    CHECK(std::equal(body.begin(), body.end(), block.body().begin(), block.body().end()));
    CHECK((block.home == nullptr) == (size > 65450));
    release(block, arena);
  }
  pool.close_arena(arena);
}

TEST_CASE("texts of every length are copied exactly") {
  Pool pool;
  Arena& arena = pool.open_arena();
  for (std::size_t size = 0; size <= 255; ++size) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    Block& block = make(arena, {.exchange = text, .routing_key = text},
                        {.content_type = text, .content_encoding = text}, body_of(size));
    const SharedMessage message = SharedMessage::adopt(&block);
    REQUIRE(message.address().exchange == text);
    REQUIRE(message.address().routing_key == text);
    REQUIRE(message.properties().content_type == text);
    REQUIRE(message.properties().content_encoding == text);
    REQUIRE(message.body().size() == size);
    REQUIRE(std::vector<std::byte>(message.body().begin(), message.body().end()) == body_of(size));
  }
  flush(arena);
  pool.close_arena(arena);
}

TEST_CASE("in the steady state nothing is allocated, and blocks are reused at once") {
  Pool pool;
  Arena& arena = pool.open_arena();
  const auto small = body_of(64), large = body_of(1024);
  Block& first = make_plain(arena, small);
  release(first, arena);
  release(make_plain(arena, large), arena);
  const auto before = allocations();
  for (int i = 0; i < 10000; ++i) {
    Block& block = make_plain(arena, small);
    CHECK_MESSAGE(&block == &first, "the block that came back last is taken first");
    release(make_plain(arena, large), arena);
    release(block, arena);
  }
  CHECK(allocations() == before);
  pool.close_arena(arena);
}

TEST_CASE("blocks go home in chains, and nothing is allocated for it") {
  Pool pool;
  Arena& producer = pool.open_arena();
  Arena& consumer = pool.open_arena();
  const auto body = body_of(64);
  std::vector<Block*> blocks(100);
  const auto round = [&] {
    for (Block*& block : blocks) block = &make_plain(producer, body);
    for (Block* block : blocks) release(*block, consumer);
    flush(consumer);
  };
  round();
  round();
  const auto before = allocations();
  for (int i = 0; i < 100; ++i) round();
  CHECK(allocations() == before);
  pool.close_arena(consumer);
  pool.close_arena(producer);
}

TEST_CASE("one consumer of several producers, and of exact blocks, mixes them up freely") {
  Pool pool;
  std::vector<Arena*> producers;
  for (int i = 0; i < 3; ++i) producers.push_back(&pool.open_arena());
  Arena& consumer = pool.open_arena();
  for (int i = 0; i < 2000; ++i) {
    const auto body = body_of(static_cast<std::size_t>(i % 50 == 0 ? 70000 : i * 37 % 3000));
    release(make_plain(*producers[static_cast<std::size_t>(i * 7 % 3)], body), consumer);
    if (i % 3 == 0) release(make_plain(consumer, body), *producers[0]);
    if (i % 5 == 0) release(make_plain(consumer, body));
  }
  CHECK((uncounted || living_allocations() > 0));
  pool.close_arena(consumer);
  for (Arena* arena : producers) pool.close_arena(*arena);
}

TEST_CASE("an arena outlives its channel until its last block is home, then serves the next") {
  Pool pool;
  Arena& other = pool.open_arena();
  std::vector<Block*> blocks;
  blocks.reserve(500);
  const auto body = body_of(1000);
  const auto before = living_allocations();
  Arena* arena = &pool.open_arena();
  for (int i = 0; i < 500; ++i) blocks.push_back(&make_plain(*arena, body));
  const auto with_blocks = living_allocations();
  pool.close_arena(*arena);
  CHECK((uncounted || living_allocations() == with_blocks));  // every slab still has a living block

  Arena& next = pool.open_arena();
  CHECK(&next != arena);
  pool.close_arena(next);

  // All but one: their slabs go, its slab stays.
  for (std::size_t i = 0; i + 1 < blocks.size(); ++i) release(*blocks[i], other);
  flush(other);
  CHECK((uncounted || living_allocations() < with_blocks));
  CHECK(std::equal(body.begin(), body.end(), blocks.back()->body().begin()));
  CHECK(&pool.open_arena() == &next);
  release(*blocks.back());
  CHECK(&pool.open_arena() == arena);
  CHECK((uncounted || living_allocations() <= before + 2));  // the arenas themselves
  pool.close_arena(next);
  pool.close_arena(*arena);
  pool.close_arena(other);
}

TEST_CASE("messages outlive the pool, and everything is freed at the end") {
  const auto before = living_allocations();
  {
    std::optional<Pool> pool(std::in_place);
    Arena& arena = pool->open_arena();
    std::vector<SharedMessage> messages;
    for (int i = 0; i < 200; ++i) messages.push_back(SharedMessage::adopt(&make_plain(arena, body_of(100))));
    const SharedMessage copy = messages[7];
    release(make_plain(arena, body_of(100)), arena);
    pool->close_arena(arena);
    pool.reset();
    messages.resize(100);
    CHECK(copy.body().size() == 100);
    messages.clear();
    CHECK(copy.address().exchange == "media");
    CHECK((uncounted || living_allocations() > before));
  }
  CHECK((uncounted || living_allocations() == before));
}

TEST_CASE("trim gives idle slabs back, at the owner's next flush") {
  Pool pool;
  Arena& arena = pool.open_arena();
  Block& kept = make_plain(arena, body_of(100));
  std::vector<Block*> blocks;
  for (int i = 0; i < 5000; ++i) blocks.push_back(&make_plain(arena, body_of(100)));
  const auto full = living_allocations();
  for (Block* block : blocks) release(*block, arena);
  CHECK((uncounted || living_allocations() == full));
  pool.trim();
  CHECK((uncounted || living_allocations() == full));
  flush(arena);
  CHECK((uncounted || living_allocations() <= full - 10));
  CHECK(kept.body().size() == 100);
  // What is left still works.
  for (Block*& block : blocks) block = &make_plain(arena, body_of(100));
  CHECK((uncounted || living_allocations() == full));
  for (Block* block : blocks) release(*block);  // by way of the inbox
  release(kept, arena);
  pool.trim();
  flush(arena);
  CHECK((uncounted || living_allocations() < full - 10));
  pool.close_arena(arena);
}

TEST_CASE("after a large backlog memory goes back by itself") {
  Pool pool;
  Arena& arena = pool.open_arena();
  const auto start = living_allocations();
  std::vector<Block*> blocks(40000);
  for (Block*& block : blocks) block = &make_plain(arena, body_of(1000));  // 60 MB
  const auto full = living_allocations();
  for (Block* block : blocks) release(*block, arena);
  flush(arena);
  CHECK((uncounted || living_allocations() < start + (full - start) / 8));
  pool.close_arena(arena);
}

TEST_CASE("names, keys and properties beyond AMQP's limits are refused, by name and length") {
  Pool pool;
  Arena& arena = pool.open_arena();
  const std::string ok(255, 'x'), bad(256, 'x');
  const auto refused = [&](const Address& address, const Properties& properties, const char* why) {
    const auto before = living_allocations();
    CHECK_THROWS_WITH_AS(static_cast<void>(make(arena, address, properties, {})), doctest::Contains(why),
                         InvalidArgument);
    CHECK_THROWS_AS(static_cast<void>(SharedMessage::make(address, properties, {})), InvalidArgument);
    CHECK((uncounted || living_allocations() == before));
  };
  refused({.exchange = bad}, {}, "exchange name \"xxxx");
  refused({.routing_key = bad}, {}, "routing key");
  refused({.routing_key = bad}, {}, "256 bytes");
  refused({}, {.content_type = bad}, "property content_type has 256 bytes");
  refused({}, {.content_encoding = bad}, "property content_encoding");
  refused({}, {.correlation_id = bad}, "property correlation_id");
  refused({}, {.reply_to = bad}, "property reply_to");
  refused({}, {.expiration = bad}, "property expiration");
  refused({}, {.message_id = bad}, "property message_id");
  refused({}, {.type = bad}, "property type");
  refused({}, {.user_id = bad}, "property user_id");
  refused({}, {.app_id = bad}, "property app_id");
  refused({}, {.cluster_id = bad}, "property cluster_id");
  const FieldTable headers{{bad, 1}};
  refused({}, {.headers = &headers}, "256 bytes");
  release(make(arena, {.exchange = ok, .routing_key = ok}, {.content_type = ok, .cluster_id = ok}, {}),
          arena);
  pool.close_arena(arena);
}

TEST_CASE("without memory make() changes nothing") {
  Pool pool;
  Arena& arena = pool.open_arena();
  const auto small = body_of(64), large = body_of(100000);
  for (const auto* body : {&small, &large}) {
    bool refused = false;
    {
      const kelp::testing::FailingAllocations failing(0);
      try {
        release(make_plain(arena, *body), arena);
      } catch (const std::bad_alloc&) {
        refused = true;
      }
    }
    CHECK(refused == kelp::testing::allocations_are_counted());
    Block& block = make_plain(arena, *body);
    CHECK(block.body().size() == body->size());
    release(block, arena);
  }
  pool.close_arena(arena);
}
