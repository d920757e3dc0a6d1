// The model test's two brokers side by side: every operation is done to the real one and to the
// reference, and both answers, written as text, must be equal.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>

#include "reference_broker.hpp"

namespace kelp::model {

/// Two answers differ; the text has both.
struct Disagreement : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Driver {
 public:
  explicit Driver(std::uint64_t seed);

  /// One random operation on both sides. Throws Disagreement.
  void step();
  /// Compares all that can be seen from outside. Throws Disagreement.
  void compare_everything();
  /// Takes every message that is left and compares them. Throws Disagreement.
  void drain_everything();

  /// How often each operation happened, and each refusal.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const noexcept { return counts_; }
  /// The names of all operations.
  [[nodiscard]] static std::vector<std::string> operations();
  /// The last operations with their answers.
  [[nodiscard]] const std::deque<std::string>& history() const noexcept { return history_; }
  /// The largest number of bindings that an exchange has had, and of messages that a queue has had.
  [[nodiscard]] std::size_t most_bindings() const noexcept { return most_bindings_; }
  [[nodiscard]] std::size_t most_messages() const noexcept { return most_messages_; }

 private:
  struct Operation;
  static const std::vector<Operation>& table();

  struct Sub {
    std::unique_ptr<Subscription> real;
    std::shared_ptr<Consumer> reference;
  };
  struct ChannelPair {
    std::unique_ptr<TransportChannel> real;
    std::unique_ptr<Channel> reference;
    std::vector<Sub> subs;
    std::map<std::uint64_t, SharedMessage> borrowed;  // by tag, until it is settled
  };
  struct ConnectionPair {
    std::unique_ptr<TransportConnection> real;
    int id;
    std::vector<std::unique_ptr<ChannelPair>> channels;
  };

  // Operations: driver_topology.cpp and driver_messages.cpp.
  void declare_exchange();
  void delete_exchange();
  void declare_queue();
  void declare_passive();
  void delete_queue();
  void purge_queue();
  void bind_queue() { bind(false); }
  void bind_exchange() { bind(true); }
  void unbind_queue() { unbind(false); }
  void unbind_exchange() { unbind(true); }
  void set_channel_prefetch();
  void close_channel();
  void open_channel();
  void close_connection();
  void open_connection();
  void trim();
  void publish();
  void publish_default();
  void get();
  void subscribe();
  void receive_one() { receive(1); }
  void receive_batch();
  void ack() { settle(Settle::ack, false); }
  void reject() { settle(Settle::reject, false); }
  void requeue() { settle(Settle::requeue, false); }
  void ack_multiple() { settle(Settle::ack, true); }
  void reject_multiple() { settle(Settle::reject, true); }
  void requeue_multiple() { settle(Settle::requeue, true); }
  void settle_unknown();
  void settle_batch();
  void recover();
  void set_consumer_prefetch();
  void cancel();

  void bind(bool to_exchange);
  void unbind(bool to_exchange);
  void publish(Message message);
  void receive(std::size_t want);
  void settle(Settle outcome, bool multiple);
  void settle(ChannelPair& channel, std::vector<Settlement> settlements, const std::string& what);
  void take(ChannelPair& channel, Delivery& delivery, const Given& expected);
  void check_borrowed(const ChannelPair& channel);
  void open_channel(ConnectionPair& connection);
  void close(ConnectionPair& connection, std::size_t channel);

  // Random choices.
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  ConnectionPair& any_connection() { return *connections_[pick(connections_.size())]; }
  ChannelPair& any_channel();
  ChannelPair* channel_with_unsettled();
  Sub* any_sub(ChannelPair*& owner);
  template <class Map>
  std::string name_in(const Map& map) {
    if (map.empty()) return "missing";
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(pick(map.size())))->first;
  }
  std::string exchange_name();
  std::string queue_name();
  std::string routing_key();
  std::string binding_key();
  Headers random_headers();
  Binding random_binding(bool to_exchange);
  std::uint64_t some_tag(const ChannelPair& channel);
  [[nodiscard]] std::size_t channel_count() const;
  [[nodiscard]] std::string name_of(const ChannelPair& channel) const;
  void choose_phase();

  /// Runs both sides and compares what they answer.
  template <class Real, class Reference>
  void both(const std::string& what, Real&& real, Reference&& reference);
  void compare(const std::string& what, const std::string& real, const std::string& reference) const;
  void log(std::string line);
  void count(const std::string& operation) { ++counts_[operation], ++performed_; }

  std::mt19937_64 random_;
  std::shared_ptr<ManualClock> clock_;
  Broker broker_;
  ReferenceBroker reference_;
  std::vector<std::unique_ptr<ConnectionPair>> connections_;
  std::deque<SharedMessage> kept_;  // owned after they were settled
  std::deque<std::string> kept_bodies_;
  int next_connection_ = 1;
  std::uint64_t next_message_ = 1;
  std::uint64_t next_consumer_ = 1;

  // The phase: which operations are likely, and how wide the keys spread.
  std::size_t phase_ = 0;
  std::size_t phase_left_ = 0;
  bool wide_keys_ = false;
  std::string focus_;        // the exchange that most bindings go to
  std::string focus_queue_;  // the queue that most messages go to

  const char* operation_ = "";
  std::uint64_t performed_ = 0;
  std::map<std::string, std::uint64_t> counts_;
  std::deque<std::string> history_;
  std::size_t most_bindings_ = 0;
  std::size_t most_messages_ = 0;
};

/// The class of an error and its reply code, as in Refusal.
[[nodiscard]] std::string describe(const Error& error);
[[nodiscard]] std::string describe(const Headers& headers);
[[nodiscard]] FieldTable to_table(const Headers& headers, const std::string& match = {});
[[nodiscard]] std::string text_of(const SharedMessage& message);

template <class Real, class Reference>
void Driver::both(const std::string& what, Real&& real, Reference&& reference) {
  std::string left, right;
  try {
    left = real();
  } catch (const Error& e) {
    left = describe(e);
  }
  try {
    right = reference();
  } catch (const Refusal& r) {
    right = r.what;
    ++counts_[std::string(operation_) + ": " + right];
  }
  log(what + " -> " + left);
  compare(what, left, right);
}

}  // namespace kelp::model
