// One producing thread to one consuming thread, with acknowledgements.
#include "bench/bus.hpp"
#include "bench/peers/moodycamel.hpp"
#include "bench/peers/zeromq.hpp"

int main() {
  const std::size_t count = bench::scaled(1'000'000) / 32 * 32;
  bench::Bus small(64), large(1024);
  bench::Moodycamel<64> queue;
  bench::Moodycamel<1024> large_queue(4096);
  bench::ZeroMq pair;
  const std::string what = "one to one thread, ";
  bench::compare(
      what + "64 B, one at a time / moodycamel token", "ns", 2.0, [&] { return small.two_threads(count, 1); },
      [&] { return queue.two_threads(count, 1); });
  bench::compare(
      what + "64 B, received in batches of 32 / moodycamel bulk 32", "ns", 1.5,
      [&] { return small.two_threads(count, 32); }, [&] { return queue.two_threads(count, 32); });
  bench::compare(
      what + "64 B / ZeroMQ inproc pair", "ns", 0, [&] { return small.two_threads(count / 2, 32); },
      [&] { return pair.two_threads(count / 2, 64); });
  bench::compare(
      what + "1 KiB, received in batches of 32 / moodycamel bulk 32", "ns", 1.2,
      [&] { return large.two_threads(count / 2, 32); },
      [&] { return large_queue.two_threads(count / 2, 32); });
}
