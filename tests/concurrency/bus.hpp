// What the broker's concurrency tests share: numbered messages, the ledger that finds lost, doubled and
// disordered ones, and consumers that do everything a consumer may.
//
// Messages belong to chains. The messages of one chain are published one after the other, in the sense of
// happens-before: by one thread, or by several that pass a token on.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/transport.hpp>

#include "support/sanitizer.hpp"

namespace kelp::testing {

using namespace std::chrono_literals;

/// Long enough for the slowest machine; reached only when something is lost.
inline constexpr auto patience = 100s;

inline std::uint64_t seed() {
  const char* text = std::getenv("KELP_SEED");
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : 1;
}

/// Repetitions: fewer under a sanitizer, but more than it takes there to be as fast.
constexpr std::uint32_t rounds_of(std::uint32_t normally) {
  return std::min(normally, affordable(6 * normally));
}

struct Id {
  std::uint32_t chain;
  std::uint32_t number;
};

inline std::span<const std::byte> body_of(const Id& id) { return std::as_bytes(std::span(&id, 1)); }

inline Id id_of(const SharedMessage& message) {
  Id id{};
  std::memcpy(&id, message.body().data(), std::min(sizeof id, message.body().size()));
  return id;
}

/// What one queue is to give: each message of some chains, once, in the order of its chain.
class Ledger {
 public:
  static constexpr std::uint32_t most_chains = 8;
  /// For each chain, how many of its messages had been handed out for certain at some time.
  using Mark = std::array<std::uint32_t, most_chains>;

  /// `length[c]` messages of chain c; 0: none may come.
  explicit Ledger(std::vector<std::uint32_t> length) : length_(std::move(length)) {
    for (const std::uint32_t n : length_) {
      messages_.push_back(std::vector<Message>(n));
      expected_ += n;
    }
  }

  /// Before a receive.
  [[nodiscard]] Mark mark() const {
    Mark now{};
    for (std::size_t c = 0; c < length_.size(); ++c) now[c] = handed_out_[c].load();
    return now;
  }

  /// After it. A message that nobody has had is not older than any that was handed out before the
  /// receive began, nor than one that stands before it in the batch.
  void received(std::span<const Delivery> batch, const Mark& before) {
    Mark oldest = before;
    for (const Delivery& d : batch) {
      const Id id = id_of(d.message);
      if (d.message.body().size() != sizeof id || id.chain >= length_.size() ||
          id.number >= length_[id.chain]) {
        ++strange_;
        continue;
      }
      const bool again = messages_[id.chain][id.number].deliveries.fetch_add(1) != 0;
      if (again != d.redelivered) ++doubled_;
      if (d.redelivered) continue;
      if (id.number < oldest[id.chain]) ++disordered_;
      oldest[id.chain] = id.number + 1;
    }
    for (std::size_t c = 0; c < length_.size(); ++c) {
      std::uint32_t known = handed_out_[c].load();
      while (known < oldest[c] && !handed_out_[c].compare_exchange_weak(known, oldest[c])) {
      }
    }
  }

  /// After the acknowledgement, or the delivery without one.
  void done(const Id& id) {
    if (id.chain >= length_.size() || id.number >= length_[id.chain]) return;
    if (messages_[id.chain][id.number].done.fetch_add(1) != 0) ++doubled_;
    ++done_;
  }

  [[nodiscard]] bool complete() const { return done_.load() >= expected_; }
  [[nodiscard]] std::uint64_t expected() const { return expected_; }
  [[nodiscard]] std::uint64_t done() const { return done_.load(); }

  /// Empty when all is well.
  [[nodiscard]] std::string complaints() const {
    std::string text;
    const auto add = [&](std::uint64_t count, const char* what) {
      if (count != 0) text += std::to_string(count) + " " + what + "; ";
    };
    std::uint64_t lost = 0;
    for (const auto& chain : messages_) {
      lost += static_cast<std::uint64_t>(
          std::count_if(chain.begin(), chain.end(), [](const Message& m) { return m.done.load() == 0; }));
    }
    add(lost, "lost");
    add(doubled_.load(), "doubled");
    add(disordered_.load(), "out of order");
    add(strange_.load(), "that do not belong here");
    return text;
  }

 private:
  struct Message {
    std::atomic<std::uint32_t> deliveries{0};
    std::atomic<std::uint32_t> done{0};
  };
  const std::vector<std::uint32_t> length_;
  std::vector<std::vector<Message>> messages_;
  std::uint64_t expected_ = 0;
  std::array<std::atomic<std::uint32_t>, most_chains> handed_out_{};
  std::atomic<std::uint64_t> done_{0}, doubled_{0}, disordered_{0}, strange_{0};
};

/// One consumer thread's life: receives from one queue until its ledger is complete, settles in every
/// way, cancels, closes its channel in the middle and comes back.
class RestlessConsumer {
 public:
  RestlessConsumer(TransportConnection& connection, std::string queue, Ledger& ledger, std::uint64_t seed)
      : connection_(connection), queue_(std::move(queue)), ledger_(ledger), random_(seed) {}

  void run() {
    const auto give_up = connection_.clock().now() + patience;
    while (!ledger_.complete() && connection_.clock().now() < give_up) {
      if (channel_ == nullptr) channel_ = connection_.open_channel();
      if (consumer_ == nullptr) subscribe();
      receive();
      settle();
      if (chance(100)) channel_->recover(), held_.clear();
      if (chance(80)) consumer_.reset();
      if (chance(200)) close();
    }
    close();
  }

 private:
  struct Held {
    std::uint64_t tag;
    Id id;
  };
  bool chance(unsigned one_in) { return random_() % one_in == 0; }

  void subscribe() {
    no_ack_ = chance(10);
    // Never less than what is held: a consumer that may take nothing more waits in vain.
    const auto prefetch = static_cast<std::uint32_t>(chance(4) ? 0 : 1 + random_() % 40);
    consumer_ = channel_->subscribe(queue_, {.no_ack = no_ack_, .prefetch_count = prefetch});
  }

  void receive() {
    std::array<Subscription*, 1> from{consumer_.get()};
    const std::size_t want = chance(3) ? out_.size() : 1;
    const auto deadline = chance(2) ? Clock::time_point::min() : connection_.clock().now() + 1ms;
    const Ledger::Mark before = ledger_.mark();
    const std::size_t got = connection_.receive(from, std::span(out_).first(want), deadline);
    ledger_.received(std::span(out_).first(got), before);
    for (std::size_t i = 0; i < got; ++i) {
      if (no_ack_) {
        ledger_.done(id_of(out_[i].message));
      } else {
        held_.push_back({out_[i].tag, id_of(out_[i].message)});
      }
      out_[i] = {};
    }
  }

  void settle_one(Settlement settlement) { channel_->settle(std::span(&settlement, 1)); }

  void settle() {
    while (!held_.empty() && !chance(8)) {
      const std::size_t at = chance(4) ? random_() % held_.size() : 0;
      const Held held = held_[at];
      const auto outcome = chance(10) ? Settle::requeue : chance(4) ? Settle::reject : Settle::ack;
      const bool multiple = chance(20);
      settle_one({.tag = held.tag, .outcome = outcome, .multiple = multiple});
      const auto last = multiple ? std::partition(held_.begin(), held_.end(),
                                                  [&](const Held& h) { return h.tag > held.tag; })
                                 : held_.end() - 1;
      if (!multiple) std::swap(held_[at], held_.back());
      for (auto it = last; it != held_.end(); ++it) {
        if (outcome != Settle::requeue) ledger_.done(it->id);
      }
      held_.erase(last, held_.end());
    }
  }

  void close() {
    held_.clear();  // back to the queue
    if (channel_ != nullptr && chance(2)) channel_->close();
    consumer_.reset();
    channel_.reset();
  }

  TransportConnection& connection_;
  const std::string queue_;
  Ledger& ledger_;
  std::mt19937_64 random_;
  std::unique_ptr<TransportChannel> channel_;
  std::unique_ptr<Subscription> consumer_;
  bool no_ack_ = false;
  std::vector<Held> held_;
  std::array<Delivery, 32> out_;
};

/// Ready messages of a queue.
inline std::uint64_t ready(TransportChannel& channel, std::string_view queue) {
  return channel.declare_queue({.name = queue, .passive = true}).message_count;
}

}  // namespace kelp::testing
