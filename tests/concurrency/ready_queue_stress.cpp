// The ready queue under threads: nothing lost, nothing twice, and no message handed out while one that
// was published before it, in happens-before order, waits. Tiny segments and yields inside the queue
// make every boundary and every overtaking frequent, even on two processors.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "support/ready_queue_models.hpp"

using kelp::broker::Push;

namespace {

/// Yields now and then between any two steps.
void maybe_yield() {
  thread_local std::minstd_rand random{
      static_cast<unsigned>(std::hash<std::thread::id>()(std::this_thread::get_id()))};
  thread_local unsigned until_next = 0;
  if (until_next-- != 0) return;
  std::this_thread::yield();
  until_next = random() % 4 == 0 ? random() % 400 : random() % 10;  // bursts, and stretches of peace
}

struct YieldingModel : kelp::testing::SmallModel {
  static constexpr std::uint32_t side_max = kelp::broker::RealModel::side_max;

  template <class T>
  struct atomic : std::atomic<T> {
    using Base = std::atomic<T>;
    using Base::Base;
    T load(std::memory_order order) const noexcept { return maybe_yield(), Base::load(order); }
    void store(T value, std::memory_order order) noexcept { maybe_yield(), Base::store(value, order); }
    T fetch_add(T value, std::memory_order order) noexcept {
      return maybe_yield(), Base::fetch_add(value, order);
    }
    T fetch_sub(T value, std::memory_order order) noexcept {
      return maybe_yield(), Base::fetch_sub(value, order);
    }
    T fetch_or(T value, std::memory_order order) noexcept {
      return maybe_yield(), Base::fetch_or(value, order);
    }
    T fetch_and(T value, std::memory_order order) noexcept {
      return maybe_yield(), Base::fetch_and(value, order);
    }
    template <class... Orders>
    bool compare_exchange_strong(T& expected, T desired, Orders... orders) noexcept {
      return maybe_yield(), Base::compare_exchange_strong(expected, desired, orders...);
    }
  };
};

/// The same, and the side count overflows all the time.
struct SlowModel : YieldingModel {
  static constexpr std::uint32_t side_max = 2;
};

struct Plan {
  unsigned producers;
  unsigned consumers;
  unsigned messages;      // of each producer
  unsigned requeue_odds;  // one in so many is returned; 0: none
  bool chain;             // producers take turns: all messages are ordered
};

/// A pop, or a requeue: when it began and when it had returned.
struct Event {
  std::uint64_t handle, begin, end;
};

constexpr std::uint64_t handle_of(std::uint64_t sequence, std::uint64_t number) {
  return sequence << 32 | number;
}

template <class Model>
class Round {
  using Queue = kelp::broker::BasicReadyQueue<Model>;
  using Access = kelp::broker::BasicAccess<Model>;
  using Claim = typename Queue::Claim;
  struct Held {
    Claim claim;
    unsigned turns;
  };
  struct Log {
    std::vector<Event> pops;
    std::vector<Event> requeues;
    std::size_t redelivered = 0;
  };

 public:
  Round(kelp::util::Domain& domain, kelp::broker::BasicSegmentPool<Model>& pool, const Plan& plan,
        unsigned seed)
      : domain_(domain),
        pool_(pool),
        plan_(plan),
        seed_(seed),
        queue_(pool, seed % 2 == 0),
        logs_(plan.consumers) {}

  void run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < plan_.producers; ++i) threads.emplace_back([this, i] { produce(i); });
    for (unsigned i = 0; i < plan_.consumers; ++i) threads.emplace_back([this, i] { consume(i); });
    for (auto& thread : threads) thread.join();
    check();
  }

 private:
  // Relaxed throughout: a locked addition is in one order with the queue's own on the machines that
  // this runs on, and must not order for ThreadSanitizer what the queue fails to order.
  std::uint64_t now() { return clock_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t total() const { return std::uint64_t{plan_.producers} * plan_.messages; }

  void produce(unsigned id) {
    kelp::util::Reader& reader = domain_.open_reader();
    {
      Access access(domain_, reader, pool_);
      std::minstd_rand random(seed_ * 100 + id);
      std::vector<std::uint64_t> batch;
      for (unsigned sent = 0; sent < plan_.messages;) {
        const unsigned n =
            std::min(plan_.messages - sent, random() % 4 == 0 ? 1 + unsigned(random() % 20) : 1);
        if (plan_.chain) {
          while (turn_.load(std::memory_order_acquire) % plan_.producers != id) std::this_thread::yield();
        }
        batch.clear();
        for (unsigned i = 0; i < n; ++i) {
          ++sent;
          batch.push_back(plan_.chain ? handle_of(0, ++chain_length_) : handle_of(id, sent));
        }
        const bool ok = n == 1 ? queue_.push(access, batch[0]) == Push::ok : queue_.push(access, batch) == n;
        if (!ok) failures_.fetch_add(1);
        if (plan_.chain) pass_turn(id, sent);
      }
    }
    domain_.close_reader(reader);
  }

  /// To the next producer that has something left; `left_` belongs to who has the turn.
  void pass_turn(unsigned id, unsigned sent) {
    if (left_.empty()) left_.assign(plan_.producers, plan_.messages);
    left_[id] = plan_.messages - sent;
    unsigned next = id;
    for (unsigned i = 0; i < plan_.producers; ++i) {
      next = (next + 1) % plan_.producers;
      if (left_[next] != 0) break;
    }
    turn_.store(next, std::memory_order_release);
  }

  void consume(unsigned id) {
    kelp::util::Reader& reader = domain_.open_reader();
    {
      Access access(domain_, reader, pool_);
      std::minstd_rand random(seed_ * 100 + 50 + id);
      std::vector<Held> held;
      Claim claims[8];
      while (settled_.load(std::memory_order_relaxed) < total()) {
        const std::uint64_t begin = now();
        const std::size_t n = queue_.pop(access, {claims, 1 + random() % 8});
        const std::uint64_t end = now();
        for (std::size_t i = 0; i < n; ++i) {
          const Claim& c = claims[i];
          logs_[id].pops.push_back({c.handle, begin, end});
          if (c.redelivered) ++logs_[id].redelivered;
          held.push_back({c, unsigned(random() % 16)});
        }
        finish(access, held, random, logs_[id]);
        if (n == 0) idle(access, random);
      }
    }
    domain_.close_reader(reader);
  }

  void finish(Access& access, std::vector<Held>& held, std::minstd_rand& random, Log& log) {
    for (std::size_t i = 0; i < held.size();) {
      if (held[i].turns != 0) {
        --held[i++].turns;
        continue;
      }
      const Claim claim = held[i].claim;
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
      if (plan_.requeue_odds != 0 && random() % plan_.requeue_odds == 0) {
        const std::uint64_t begin = now();
        queue_.requeue(access, claim);
        log.requeues.push_back({claim.handle, begin, now()});
      } else {
        queue_.settle(access, claim.segment, 1);
        settled_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }

  void idle(Access& access, std::minstd_rand& random) {
    switch (random() % 8) {
      case 0:
        queue_.give_back_if_idle(access);
        break;
      case 1:
        access.flush();
        break;
      case 2:
        (void)queue_.look(access);
        break;
      case 3:
        (void)queue_.size(access);
        break;
      case 4:
        (void)queue_.open_holes(access);
        break;
      default:
        std::this_thread::yield();
    }
  }

  void check();

  kelp::util::Domain& domain_;
  kelp::broker::BasicSegmentPool<Model>& pool_;
  const Plan plan_;
  const unsigned seed_;
  Queue queue_;
  std::atomic<std::uint64_t> clock_{1};
  std::atomic<std::uint64_t> settled_{0};
  std::atomic<unsigned> turn_{0};
  std::atomic<unsigned> failures_{0};
  std::uint64_t chain_length_ = 0;  // belongs to who has the turn
  std::vector<unsigned> left_;
  std::vector<Log> logs_;
};

/// Pops of each message and, before each pop but the first, its requeue.
struct History {
  std::vector<Event> pops;
  std::vector<Event> requeues;
};

template <class Model>
void Round<Model>::check() {
  std::vector<std::vector<History>> sequences(plan_.chain ? 1 : plan_.producers);
  for (auto& sequence : sequences) sequence.resize(total() / sequences.size());
  std::size_t requeues = 0;
  std::size_t redelivered = 0;
  std::size_t disorder_in_pop = 0;
  for (const Log& log : logs_) {
    const Event* before = nullptr;
    for (const Event& e : log.pops) {
      sequences.at(e.handle >> 32).at((e.handle & 0xFFFFFFFF) - 1).pops.push_back(e);
      if (before != nullptr && before->begin == e.begin && before->handle >> 32 == e.handle >> 32 &&
          before->handle >= e.handle) {
        ++disorder_in_pop;
      }
      before = &e;
    }
    for (const Event& e : log.requeues) {
      sequences.at(e.handle >> 32).at((e.handle & 0xFFFFFFFF) - 1).requeues.push_back(e);
    }
    requeues += log.requeues.size();
    redelivered += log.redelivered;
  }
  std::size_t wrong_counts = 0;
  std::size_t overtaken = 0;
  for (auto& sequence : sequences) {
    std::vector<Event> all;
    for (History& h : sequence) {
      if (h.pops.size() != h.requeues.size() + 1) ++wrong_counts;
      // A pop ends, and a requeue begins, while its thread owns the message.
      std::sort(h.pops.begin(), h.pops.end(), [](const Event& a, const Event& b) { return a.end < b.end; });
      std::sort(h.requeues.begin(), h.requeues.end(),
                [](const Event& a, const Event& b) { return a.begin < b.begin; });
      all.insert(all.end(), h.pops.begin(), h.pops.end());
    }
    for (const History& h : sequence) {
      for (std::size_t i = 0; i < h.pops.size() && i <= h.requeues.size(); ++i) {
        // A first stay has no beginning: who took a successor came after the push.
        const std::uint64_t in = i == 0 ? 0 : h.requeues[i - 1].end;
        overtaken += static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Event& e) {
          return e.handle > h.pops[i].handle && e.begin >= in && e.end < h.pops[i].begin;
        }));
      }
    }
  }
  CHECK(failures_.load() == 0);
  CHECK(wrong_counts == 0);
  CHECK(disorder_in_pop == 0);
  CHECK(overtaken == 0);
  CHECK(redelivered >= requeues);  // a message keeps the mark at later pops
  kelp::util::Reader& reader = domain_.open_reader();
  {
    Access access(domain_, reader, pool_);
    CHECK(queue_.size(access) == 0);
    CHECK(queue_.open_holes(access) == 0);
    CHECK(queue_.give_back_if_idle(access));
    CHECK(queue_.pinned() == 0);
  }
  domain_.close_reader(reader);
}

template <class Model>
void run_rounds(const Plan& plan, unsigned rounds) {
  kelp::util::Domain domain;
  kelp::broker::BasicSegmentPool<Model> pool;
  for (unsigned seed = 1; seed <= rounds; ++seed) {
    CAPTURE(seed);
    Round<Model>(domain, pool, plan, seed).run();
  }
  CHECK(pool.allocated() < 4000);
}

}  // namespace

TEST_CASE_TEMPLATE("every message once, in order", Model, YieldingModel, SlowModel) {
  const unsigned rounds = 60;
  SUBCASE("one to one") { run_rounds<Model>({1, 1, 1000, 0, false}, rounds); }
  SUBCASE("several to several") { run_rounds<Model>({3, 3, 400, 0, false}, rounds); }
  SUBCASE("several to several, with returns") { run_rounds<Model>({3, 3, 400, 4, false}, rounds); }
  SUBCASE("one to several, with returns") { run_rounds<Model>({1, 3, 1000, 3, false}, rounds); }
  SUBCASE("producers in turn") { run_rounds<Model>({4, 3, 250, 0, true}, rounds); }
  SUBCASE("producers in turn, with returns") { run_rounds<Model>({4, 3, 250, 4, true}, rounds); }
}

TEST_CASE_TEMPLATE("a seal loses nothing that was accepted", Model, YieldingModel) {
  kelp::util::Domain domain;
  kelp::broker::BasicSegmentPool<Model> pool;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    kelp::broker::BasicReadyQueue<Model> queue(pool, false);
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> popped{0};
    std::atomic<bool> popping{true};
    const auto with_access = [&](auto&& body) {
      kelp::util::Reader& reader = domain.open_reader();
      {
        kelp::broker::BasicAccess<Model> access(domain, reader, pool);
        body(access);
      }
      domain.close_reader(reader);
    };
    const auto pop_all = [&](auto& access) {
      kelp::broker::BasicClaim<Model> claims[4];
      while (const std::size_t n = queue.pop(access, claims)) {
        queue.settle(access, claims[0].segment, static_cast<std::uint32_t>(n));
        popped += n;
      }
    };
    const auto produce = [&] {
      with_access([&](auto& access) {
        const std::uint64_t batch[] = {1, 2, 3};
        for (std::size_t n = 3; n == 3;) {
          accepted += n = queue.push(access, batch);
          while (accepted > popped + 50 && !queue.sealed()) std::this_thread::yield();
        }
      });
    };
    std::thread consumer([&] {
      with_access([&](auto& access) {
        while (popping) {
          pop_all(access);
          queue.give_back_if_idle(access);
        }
      });
    });
    std::thread first(produce);
    std::thread second(produce);
    with_access([&](auto& access) {
      if (seed % 2 == 0) {
        for (unsigned i = 0; i < seed % 20; ++i) std::this_thread::yield();
        queue.seal(access);
      } else {
        while (!queue.seal_if_empty(access)) std::this_thread::yield();
      }
    });
    first.join();
    second.join();
    popping = false;
    consumer.join();
    with_access([&](auto& access) {
      pop_all(access);
      CHECK(queue.sealed());
      CHECK(queue.push(access, 5) == Push::sealed);
    });
    CHECK(popped == accepted);
  }
}
