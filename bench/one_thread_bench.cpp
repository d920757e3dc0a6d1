// Publish + deliver + ack by one thread.
#include "bench/bus.hpp"
#include "bench/peers/moodycamel.hpp"
#include "bench/peers/zeromq.hpp"

int main() {
  const std::size_t count = bench::scaled(2'000'000);
  bench::Bus small(64), large(1024);
  bench::Moodycamel<64> queue;
  bench::Moodycamel<1024> large_queue(4096);
  bench::ZeroMq pair;
  const std::string what = "one thread, publish + deliver + ack, ";
  bench::compare(
      what + "64 B / moodycamel token", "ns", 1.6, [&] { return small.one_thread(count); },
      [&] { return queue.one_thread(count); });
  bench::compare(
      what + "64 B / ZeroMQ inproc pair", "ns", 0.5, [&] { return small.one_thread(count / 4); },
      [&] { return pair.one_thread(count / 4, 64); });
  bench::compare(
      what + "64 B, batches of 32 / moodycamel bulk 32", "ns", 1.7,
      [&] { return small.one_thread_batches(count); }, [&] { return queue.one_thread_bulk(count); });
  bench::compare(
      what + "1 KiB / moodycamel token", "ns", 0, [&] { return large.one_thread(count / 2); },
      [&] { return large_queue.one_thread(count / 2); });
}
