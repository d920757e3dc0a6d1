// The choice of operations, and what they have in common.
#include "driver.hpp"

#include <typeinfo>

namespace kelp::model {

/// How likely an operation is in each phase: anything goes; the topology grows; it shrinks; messages
/// pile up; messages drain.
struct Driver::Operation {
  const char* name;
  void (Driver::*run)();
  std::array<unsigned, 5> weights;
};

const std::vector<Driver::Operation>& Driver::table() {
  using D = Driver;
  static const std::vector<Operation> operations{
      {"declare exchange", &D::declare_exchange, {30, 60, 10, 20, 20}},
      {"delete exchange", &D::delete_exchange, {6, 1, 20, 1, 1}},
      {"declare queue", &D::declare_queue, {40, 60, 20, 30, 20}},
      {"declare passive", &D::declare_passive, {10, 5, 10, 10, 10}},
      {"delete queue", &D::delete_queue, {6, 1, 20, 1, 1}},
      {"purge queue", &D::purge_queue, {4, 4, 15, 0, 0}},
      {"bind queue", &D::bind_queue, {60, 300, 20, 15, 15}},
      {"bind exchange", &D::bind_exchange, {15, 30, 5, 2, 2}},
      {"unbind queue", &D::unbind_queue, {20, 10, 250, 5, 5}},
      {"unbind exchange", &D::unbind_exchange, {10, 5, 30, 2, 2}},
      {"publish", &D::publish, {250, 150, 100, 400, 60}},
      {"publish to a queue", &D::publish_default, {90, 40, 40, 250, 30}},
      {"get", &D::get, {50, 20, 20, 10, 60}},
      {"subscribe", &D::subscribe, {40, 30, 30, 30, 40}},
      {"receive one", &D::receive_one, {150, 80, 80, 60, 200}},
      {"receive batch", &D::receive_batch, {60, 30, 30, 15, 120}},
      {"ack", &D::ack, {90, 60, 60, 40, 150}},
      {"reject", &D::reject, {25, 15, 15, 10, 40}},
      {"requeue", &D::requeue, {60, 40, 40, 30, 80}},
      {"ack multiple", &D::ack_multiple, {8, 5, 5, 4, 25}},
      {"reject multiple", &D::reject_multiple, {4, 3, 3, 3, 8}},
      {"requeue multiple", &D::requeue_multiple, {6, 5, 5, 5, 8}},
      {"settle unknown", &D::settle_unknown, {8, 4, 4, 4, 4}},
      {"settle batch", &D::settle_batch, {20, 10, 10, 10, 40}},
      {"recover", &D::recover, {6, 4, 4, 4, 6}},
      {"set consumer prefetch", &D::set_consumer_prefetch, {10, 5, 5, 5, 5}},
      {"set channel prefetch", &D::set_channel_prefetch, {6, 4, 4, 4, 4}},
      {"cancel", &D::cancel, {20, 10, 20, 10, 10}},
      {"close channel", &D::close_channel, {3, 3, 3, 2, 2}},
      {"open channel", &D::open_channel, {6, 6, 6, 4, 4}},
      {"close connection", &D::close_connection, {4, 4, 4, 3, 3}},
      {"open connection", &D::open_connection, {4, 4, 4, 3, 3}},
      {"trim", &D::trim, {3, 3, 3, 3, 3}},
  };
  return operations;
}

std::vector<std::string> Driver::operations() {
  std::vector<std::string> names;
  for (const Operation& operation : table()) names.emplace_back(operation.name);
  return names;
}

Driver::Driver(std::uint64_t seed)
    : random_(seed), clock_(std::make_shared<ManualClock>(seed)), broker_({.clock = clock_}) {
  for (int i = 0; i < 3; ++i) open_connection();
}

void Driver::choose_phase() {
  static const auto totals = [] {
    std::array<unsigned, 5> sums{};
    for (const Operation& o : table()) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += o.weights[i];
    }
    return sums;
  }();
  if (phase_left_-- == 0) {
    // What has grown is taken down again half of the time.
    phase_ = phase_ == 1 && chance(50) ? 2 : phase_ == 3 && chance(70) ? 4 : pick(totals.size());
    const bool grows = phase_ == 1 || phase_ == 3;
    phase_left_ = 500 + pick(grows ? 8000 : 4000);
    wide_keys_ = chance(grows ? 60 : 20);
    focus_ = "x" + std::to_string(pick(8));
    focus_queue_ = "q" + std::to_string(pick(10));
  }
  auto dice = static_cast<unsigned>(pick(totals[phase_]));
  for (const Operation& o : table()) {
    if (dice < o.weights[phase_]) {
      operation_ = o.name;
      (this->*o.run)();
      return;
    }
    dice -= o.weights[phase_];
  }
}

void Driver::step() {
  // An operation that finds nothing to do, a cancel without consumers, does not count.
  for (const std::uint64_t before = performed_; performed_ == before;) choose_phase();
  if (connections_.size() < 2 || channel_count() < 4) throw Disagreement{"the driver closed too much"};
}

void Driver::log(std::string line) {
  history_.push_back(std::move(line));
  if (history_.size() > 50) history_.pop_front();
}

void Driver::compare(const std::string& what, const std::string& real, const std::string& reference) const {
  if (real == reference) return;
  throw Disagreement{what + "\n  the broker:    " + real + "\n  the reference: " + reference};
}

// --- Choices ---

Driver::ChannelPair& Driver::any_channel() {
  for (;;) {
    ConnectionPair& connection = any_connection();
    if (!connection.channels.empty()) return *connection.channels[pick(connection.channels.size())];
  }
}

Driver::ChannelPair* Driver::channel_with_unsettled() {
  for (int i = 0; i < 8; ++i) {
    ChannelPair& channel = any_channel();
    if (!channel.reference->unsettled.empty()) return &channel;
  }
  return nullptr;
}

Driver::Sub* Driver::any_sub(ChannelPair*& owner) {
  for (int i = 0; i < 8; ++i) {
    owner = &any_channel();
    if (!owner->subs.empty()) return &owner->subs[pick(owner->subs.size())];
  }
  return nullptr;
}

std::string Driver::exchange_name() {
  static const std::array<const char*, 8> others{
      "", "amq.direct", "amq.topic", "amq.fanout", "amq.headers", "amq.match", "amq.mine", "missing"};
  if (wide_keys_ && chance(50)) return focus_;
  if (chance(8)) return others[pick(others.size())];
  if (chance(80)) return name_in(reference_.exchanges);
  return "x" + std::to_string(pick(8));
}

std::string Driver::queue_name() {
  if (chance(1)) return "missing";
  if (chance(phase_ == 3 ? 40 : 10)) return focus_queue_;
  if (chance(85)) return name_in(reference_.queues);
  return "q" + std::to_string(pick(10));
}

std::string Driver::routing_key() {
  static const std::array<const char*, 5> words{"a", "b", "c", "a", ""};
  if (wide_keys_ && chance(80)) {
    const std::string key = "w" + std::to_string(pick(1500));
    return chance(50) ? key : key + ".a";
  }
  std::string key;
  const std::uint64_t count = pick(5);
  for (std::uint64_t i = 0; i < count; ++i)
    key += (i == 0 ? "" : ".") + std::string(words[pick(words.size())]);
  return key;
}

std::string Driver::binding_key() {
  static const std::array<const char*, 8> words{"a", "b", "c", "*", "*", "#", "#", ""};
  if (wide_keys_ && chance(80)) {
    const std::string key = "w" + std::to_string(pick(1500));
    return chance(50) ? key : chance(50) ? key + ".*" : chance(50) ? "#." + key : key + ".#";
  }
  std::string key;
  const std::uint64_t count = pick(5);
  for (std::uint64_t i = 0; i < count; ++i)
    key += (i == 0 ? "" : ".") + std::string(words[pick(words.size())]);
  return key;
}

Headers Driver::random_headers() {
  static const std::array<const char*, 4> names{"a", "b", "c", "x-d"};
  Headers headers;
  if (chance(50)) return headers;
  const std::uint64_t count = pick(4);
  for (std::uint64_t i = 0; i < count; ++i) headers[names[pick(names.size())]] = static_cast<int>(pick(2));
  return headers;
}

std::uint64_t Driver::some_tag(const ChannelPair& channel) {
  const auto& unsettled = channel.reference->unsettled;
  if (unsettled.empty()) return pick(channel.reference->last_tag + 2);
  const std::uint64_t first = unsettled.begin()->first, last = unsettled.rbegin()->first;
  return unsettled.lower_bound(first + pick(last - first + 1))->first;
}

std::size_t Driver::channel_count() const {
  std::size_t count = 0;
  for (const auto& connection : connections_) count += connection->channels.size();
  return count;
}

std::string Driver::name_of(const ChannelPair& channel) const {
  for (const auto& connection : connections_) {
    for (std::size_t i = 0; i < connection->channels.size(); ++i) {
      if (connection->channels[i].get() != &channel) continue;
      return "connection " + std::to_string(connection->id) + " channel " + std::to_string(i) + ": ";
    }
  }
  return "?: ";
}

// --- Texts ---

std::string describe(const Error& error) {
  std::string name = "Error " + std::to_string(static_cast<int>(error.code()));
  if (typeid(error) == typeid(ChannelError)) name = "ChannelError";
  if (typeid(error) == typeid(AccessRefused)) name = "AccessRefused";
  if (typeid(error) == typeid(NotFound)) name = "NotFound";
  if (typeid(error) == typeid(ResourceLocked)) name = "ResourceLocked";
  if (typeid(error) == typeid(PreconditionFailed)) name = "PreconditionFailed";
  if (typeid(error) == typeid(ConnectionError)) name = "ConnectionError";
  if (typeid(error) == typeid(InvalidArgument)) name = "InvalidArgument";
  const auto* refused = dynamic_cast<const ChannelError*>(&error);
  return refused == nullptr ? name : name + " " + std::to_string(refused->reply_code());
}

std::string describe(const Headers& headers) {
  std::string text = "{";
  for (const auto& [name, value] : headers) text += name + ":" + (value ? std::to_string(*value) : "") + " ";
  return text + "}";
}

FieldTable to_table(const Headers& headers, const std::string& match) {
  FieldTable table;
  for (const auto& [name, value] : headers) {
    table.set(name, value ? FieldValue(static_cast<std::int32_t>(*value)) : FieldValue());
  }
  if (!match.empty()) table.set("x-match", match);
  return table;
}

std::string text_of(const SharedMessage& message) {
  const auto body = message.body();
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

}  // namespace kelp::model
