// The pool among threads: run under ThreadSanitizer and AddressSanitizer too.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <kelp/shared_message.hpp>

#include "message/block.hpp"
#include "message/pool.hpp"

using namespace kelp;
using namespace kelp::message;

namespace {

constexpr std::size_t slots = 64;

Block& numbered(Arena& arena, std::uint64_t number) {
  std::array<std::byte, 2000> body{};
  std::memcpy(body.data(), &number, sizeof number);
  const std::size_t size = 9 + number % 1900;
  body[size - 1] = static_cast<std::byte>(number);
  return make(arena, {.routing_key = "key"}, {.content_type = "text/plain"}, std::span(body).first(size));
}

// Every body says how long it is and how it ends: false when it was overwritten.
bool intact(const Block& block) {
  std::uint64_t number = 0;
  std::memcpy(&number, block.body().data(), sizeof number);
  return block.body().size() == 9 + number % 1900 && block.body().back() == static_cast<std::byte>(number) &&
         block.routing_key() == "key";
}

}  // namespace

TEST_CASE("blocks made by one thread are released by others, while channels come and go") {
  Pool pool;
  std::array<std::atomic<Block*>, slots> exchange{};
  std::atomic<bool> damaged{false};
  std::atomic<std::uint64_t> next{0};
  const auto work = [&](unsigned seed) {
    for (int channel = 0; channel < 8; ++channel) {
      Arena& arena = pool.open_arena();
      for (int i = 0; i < 1500; ++i) {
        seed = seed * 1664525 + 1013904223;
        Block& fresh = numbered(arena, next.fetch_add(1));
        Block* old = exchange[seed >> 16 & (slots - 1)].exchange(&fresh, std::memory_order_acq_rel);
        if (old == nullptr) continue;
        if (!intact(*old)) damaged = true;
        if (i % 7 == 0) {
          release(*old);
        } else {
          release(*old, arena);
        }
        if (i % 100 == 0) flush(arena);
        if (i % 333 == 0) pool.trim();
      }
      pool.close_arena(arena);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, t + 1);
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(damaged);
  for (auto& slot : exchange) {
    if (Block* block = slot.load()) release(*block);
  }
}

TEST_CASE("the last holder among several threads frees the message, wherever its pool is by then") {
  for (int round = 0; round < 200; ++round) {
    auto pool = std::make_unique<Pool>();
    Arena& arena = pool->open_arena();
    std::vector<SharedMessage> messages;
    for (int i = 0; i < 20; ++i)
      messages.push_back(SharedMessage::adopt(&numbered(arena, static_cast<std::uint64_t>(i))));
    std::atomic<bool> damaged{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([copies = messages, &damaged]() mutable {
        for (auto& copy : copies) {
          if (!intact(*copy.block())) damaged = true;
          copy = {};
        }
      });
    }
    messages.clear();
    pool->close_arena(arena);
    pool.reset();
    for (auto& thread : threads) thread.join();
    REQUIRE_FALSE(damaged);
  }
}

TEST_CASE("fan-out: references added once are given back by many") {
  Pool pool;
  Arena& arena = pool.open_arena();
  std::array<std::atomic<Block*>, 2> boxes{};
  std::atomic<bool> done{false};
  std::vector<std::thread> consumers;
  for (auto& box : boxes) {
    consumers.emplace_back([&] {
      Arena& mine = pool.open_arena();
      for (;;) {
        const bool last = done.load(std::memory_order_acquire);
        if (Block* block = box.exchange(nullptr, std::memory_order_acq_rel)) {
          release(*block, mine);
        } else if (last) {
          break;
        }
      }
      pool.close_arena(mine);
    });
  }
  for (std::uint64_t i = 0; i < 5000; ++i) {
    Block& block = numbered(arena, i);
    add_references(block, 2);
    for (auto& box : boxes) {
      if (Block* missed = box.exchange(&block, std::memory_order_acq_rel)) release(*missed, arena);
    }
    CHECK(intact(block));
    release(block, arena);
  }
  done.store(true, std::memory_order_release);
  for (auto& consumer : consumers) consumer.join();
  for (auto& box : boxes) CHECK(box.load() == nullptr);
  pool.close_arena(arena);
}
