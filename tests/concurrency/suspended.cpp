// A thread that is suspended in the middle of whatever it does stops nobody: the others go on publishing,
// consuming and acknowledging.
//
// A signal handler holds a random worker up at a random instruction until it is let go. Meanwhile every
// other worker has to make progress in everything; a lock that the suspended one held would show as a
// wait that reaches its deadline, far away. The messages are tokens that go round: a worker that
// acknowledges one publishes it again, so at the end each must be there once.
//
// Two things are not the broker's and are kept out of the way. malloc may hold a lock: no worker is
// suspended inside it, and after the warm-up hardly anybody calls it. And a wake that went to the
// suspended thread waits with it: workers that sleep do so with a short deadline.
#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "bus.hpp"
#include "support/allocations.hpp"

using namespace kelp::testing;

namespace {

enum Doing : int { nothing, publishing, receiving, settling, getting, kinds };
constexpr std::array<const char*, kinds> names{"nothing", "publish", "receive", "settle", "get"};

constexpr std::uint32_t tokens = 1500;
constexpr std::size_t workers = 4;

struct Worker {
  pthread_t thread{};
  std::atomic<int> doing{nothing};
  std::atomic<std::uint64_t> published{0}, received{0}, acked{0};
};

struct Progress {
  std::uint64_t published, received, acked;
};

// Between the one who suspends and the one who is suspended.
enum State : int { idle, asked, refused, held };
constinit std::atomic<int> state{idle};
constinit std::atomic<int> held_while{nothing};
constinit int gate[2] = {-1, -1};
thread_local Worker* self = nullptr;

extern "C" void hold(int) {
  // Only what POSIX allows in a handler: read() and lock-free atomics.
  const int error = errno;
  if (self == nullptr || inside_allocator()) {
    state.store(refused);
  } else {
    held_while.store(self->doing.load());
    state.store(held);
    char byte = 0;
    while (read(gate[0], &byte, 1) != 1) {
    }
    state.store(idle);
  }
  errno = error;
}

bool waits_for(bool (*condition)(), kelp::Clock& clock) {
  const auto give_up = clock.now() + patience;
  while (!condition()) {
    if (clock.now() >= give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

class Round {
 public:
  explicit Round(kelp::Broker& broker) : broker_(broker), connection_(broker.connect()) {
    const auto channel = connection_->open_channel();
    channel->declare_exchange({.name = "t", .type = "topic"});
    for (const char* queue : {"q0", "q1"}) channel->declare_queue({.name = queue});
    channel->bind({.source = "t", .destination = "q0", .routing_key = "*.0"});
    channel->bind({.source = "t", .destination = "q1", .routing_key = "#.1"});
    for (std::uint32_t i = 0; i < tokens; ++i) publish(*channel, i);
  }

  static void publish(kelp::TransportChannel& channel, std::uint32_t number) {
    channel.publish({"t", number % 2 == 0 ? "token.0" : "token.1"}, {}, body_of({0, number}), {});
  }

  /// What a worker does until `stop_`.
  void work(Worker& me, std::uint64_t seed) {
    const auto channel = connection_->open_channel();
    std::array<std::unique_ptr<kelp::Subscription>, 2> consumers;
    std::array<kelp::Subscription*, 2> from;
    for (std::size_t q = 0; q < 2; ++q) {
      consumers[q] = channel->subscribe("q" + std::to_string(q), {.prefetch_count = 20});
      from[q] = consumers[q].get();
    }
    warm_up(*channel);
    self = &me;
    me.thread = pthread_self();
    ++ready_;
    std::mt19937_64 random(seed);
    std::array<kelp::Delivery, 8> out;
    while (!stop_.load()) {
      std::size_t got = 0;
      if (random() % 8 == 0) {
        me.doing = getting;
        got = channel->get(random() % 2 == 0 ? "q0" : "q1", false, out[0]) ? 1 : 0;
      } else {
        me.doing = receiving;
        got = connection_->receive(from, out, deadline(random()));
      }
      me.received += got;
      for (std::size_t i = 0; i < got; ++i) {
        const Id id = id_of(out[i].message);
        const bool back = random() % 16 == 0;
        const kelp::Settlement s{.tag = out[i].tag,
                                 .outcome = back ? kelp::Settle::requeue : kelp::Settle::ack};
        me.doing = settling;
        channel->settle(std::span(&s, 1));
        if (back) continue;
        ++me.acked;
        me.doing = publishing;
        publish(*channel, id.number);
        ++me.published;
      }
      me.doing = nothing;
    }
    self = nullptr;
    ++gone_;
    // Not before the last signal has come: a thread that has ended must not get one.
    while (!over_.load()) std::this_thread::yield();
  }

  kelp::Broker& broker_;
  std::unique_ptr<kelp::TransportConnection> connection_;
  std::array<Worker, workers> all_;
  std::atomic<bool> stop_{false}, over_{false};
  std::atomic<std::size_t> ready_{0}, gone_{0};

 private:
  kelp::Clock::time_point deadline(std::uint64_t dice) {
#ifdef KELP_PORTABLE
    // Portable beds have a mutex each, which a suspended waker may hold: nobody lies down.
    static_cast<void>(dice);
    return kelp::Clock::time_point::min();
#else
    if (dice % 4 != 0) return kelp::Clock::time_point::min();
    return connection_->clock().now() + std::chrono::microseconds(dice % 300);
#endif
  }

  /// Every block, segment and list that the worker will need: all tokens may be its own at a time.
  void warm_up(kelp::TransportChannel& channel) {
    const std::string queue = channel.declare_queue({.exclusive = true}).name;
    const auto consumer = channel.subscribe(queue, {});
    std::array<kelp::Subscription*, 1> from{consumer.get()};
    std::array<kelp::Delivery, 32> out;
    for (int round = 0; round < 2; ++round) {
      for (std::uint32_t i = 0; i < 2 * tokens; ++i) channel.publish({"", queue}, {}, body_of({0, i}), {});
      while (const std::size_t got = connection_->receive(from, out, kelp::Clock::time_point::min())) {
        const kelp::Settlement s{.tag = out[got - 1].tag, .multiple = true};
        channel.settle(std::span(&s, 1));
      }
    }
    for (std::uint32_t i = 0; i < 2; ++i) publish(channel, tokens + i);  // both routes are known now
  }
};

/// Lets the others go on until each has done `more` of everything.
bool others_progress(Round& round, const Worker& suspended, std::uint64_t more) {
  std::array<Progress, workers> before{};
  for (std::size_t i = 0; i < workers; ++i) {
    before[i] = {round.all_[i].published, round.all_[i].received, round.all_[i].acked};
  }
  const auto give_up = round.connection_->clock().now() + patience;
  for (std::size_t i = 0; i < workers; ++i) {
    const Worker& w = round.all_[i];
    if (&w == &suspended) continue;
    while (w.published < before[i].published + more || w.received < before[i].received + more ||
           w.acked < before[i].acked + more) {
      if (round.connection_->clock().now() >= give_up) return false;
      std::this_thread::yield();
    }
  }
  return true;
}

}  // namespace

TEST_CASE("a suspended thread stops nobody") {
  REQUIRE(pipe(gate) == 0);
  struct sigaction action {};
  action.sa_handler = hold;
  action.sa_flags = SA_RESTART;
  REQUIRE(sigaction(SIGUSR1, &action, nullptr) == 0);

  kelp::Broker broker;
  Round round(broker);
  kelp::Clock& clock = round.connection_->clock();
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] { round.work(round.all_[i], seed() * 10 + i); });
  }
  while (round.ready_ != workers) std::this_thread::yield();

  const std::uint32_t suspensions = sanitized ? 100 : 200;
  std::array<std::uint32_t, kinds> while_doing{};
  std::uint32_t in_allocator = 0;
  std::mt19937_64 random(seed());
  const std::size_t allocations = allocations_of_all_threads();
  bool lively = true;
  for (std::uint32_t done = 0; done < suspensions && lively;) {
    Worker& chosen = round.all_[random() % workers];
    state = asked;
    REQUIRE(pthread_kill(chosen.thread, SIGUSR1) == 0);
    REQUIRE(waits_for([] { return state != asked; }, clock));
    if (state == refused) {
      ++in_allocator;
      continue;
    }
    ++while_doing[static_cast<std::size_t>(held_while.load())];
    lively = others_progress(round, chosen, 100);
    CHECK(lively);
    REQUIRE(write(gate[1], "x", 1) == 1);
    REQUIRE(waits_for([] { return state == idle; }, clock));
    ++done;
  }
  const std::size_t allocated = allocations_of_all_threads() - allocations;
  round.stop_ = true;
  while (round.gone_ != workers) std::this_thread::yield();
  round.over_ = true;
  threads.clear();

  std::printf("suspended %u times while", suspensions);
  for (std::size_t i = 0; i < kinds; ++i) std::printf(" %s: %u", names[i], while_doing[i]);
  std::printf("; refused inside malloc: %u; allocations meanwhile: %zu\n", in_allocator, allocated);

  // Each token is there once, and so are the two of each warm-up.
  std::vector<std::uint32_t> seen(tokens + 2);
  const auto channel = round.connection_->open_channel();
  kelp::Delivery out;
  for (const char* queue : {"q0", "q1"}) {
    while (channel->get(queue, true, out)) ++seen[id_of(out.message).number];
  }
  for (std::uint32_t i = 0; i < tokens; ++i) REQUIRE(seen[i] == 1);
  CHECK(seen[tokens] == workers);
  CHECK(seen[tokens + 1] == workers);
}
