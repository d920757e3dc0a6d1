// The hot functions by themselves: a message block made and released, a handle through the ready
// queue, a cached route.
#include <array>
#include <vector>

#include "bench/harness.hpp"
#include "broker/ready_queue.hpp"
#include "message/pool.hpp"
#include "util/xxh3.hpp"

namespace {

void message_make() {
  kelp::message::Pool pool;
  kelp::message::Arena& arena = pool.open_arena();
  const std::size_t count = bench::scaled(4'000'000);
  for (const std::size_t size : {64, 1024}) {
    const std::vector<std::byte> body(size);
    std::vector<char> copy(size);
    bench::compare(
        "message::make + release, " + std::to_string(size) + " B / memcpy", "ns", 0,
        [&] {
          const double start = bench::now();
          for (std::size_t i = 0; i < count; ++i) {
            kelp::message::Block& block =
                kelp::message::make(arena, {"orders", "orders.eu.created"}, {}, body);
            bench::keep(block);
            kelp::message::release(block, arena);
          }
          return (bench::now() - start) / static_cast<double>(count);
        },
        [&] {
          const double start = bench::now();
          for (std::size_t i = 0; i < count; ++i) {
            std::memcpy(copy.data(), body.data(), size);
            bench::keep(copy);
          }
          return (bench::now() - start) / static_cast<double>(count);
        });
  }
  kelp::message::flush(arena);
  pool.close_arena(arena);
}

void ready_queue() {
  using namespace kelp::broker;
  SegmentPool pool;
  kelp::util::Domain domain;
  kelp::util::Reader& reader = domain.open_reader();
  {
    Access access(domain, reader, pool);
    ReadyQueue queue(pool, false);
    const std::size_t count = bench::scaled(4'000'000);
    std::vector<std::uint64_t> values;
    for (int round = 0; round < 7; ++round) {
      std::array<Claim, 1> claim;
      const double start = bench::now();
      for (std::size_t i = 0; i < count; ++i) {
        queue.push(access, 8);
        if (queue.pop(access, claim) == 1) queue.settle(access, claim[0].segment, 1);
      }
      values.push_back(static_cast<std::uint64_t>((bench::now() - start) * 100 / static_cast<double>(count)));
    }
    std::sort(values.begin(), values.end());
    bench::report("ReadyQueue push + pop + settle, one at a time", static_cast<double>(values[3]) / 100,
                  "ns");
  }
  domain.close_reader(reader);
}

}  // namespace

int main() {
  message_make();
  ready_queue();
}
