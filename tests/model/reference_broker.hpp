// What the in-memory broker should do, told as simply as possible: maps, lists and recursion, one
// thread, no speed. The model test compares the real one with it. It shares no code with src.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kelp/transport.hpp>

#include "reference_routing.hpp"

namespace kelp::model {

/// An error's class and reply code.
struct Refusal {
  std::string what;
};

struct Message {
  std::string exchange, key, body;
  Headers headers;
};

struct Consumer;

struct Entry {
  std::shared_ptr<const Message> message;
  bool redelivered = false;
};

struct Queue {
  std::string name;
  bool durable, exclusive, auto_delete;
  int owner;  // a connection, 0: anybody
  std::uint64_t id;
  bool deleted = false;
  bool exclusive_consumer = false;
  std::uint64_t next_position = 0;
  std::map<std::uint64_t, Entry> ready;  // by position
  std::vector<Consumer*> consumers;
};

struct Unsettled {
  std::shared_ptr<Queue> queue;
  std::uint64_t position;
  Entry entry;
  Consumer* consumer;  // null: get
};

struct Channel {
  int connection;
  std::uint32_t prefetch = 0;
  std::uint64_t last_tag = 0;
  std::map<std::uint64_t, Unsettled> unsettled;
  std::list<std::shared_ptr<Consumer>> consumers;
};

struct Consumer {
  Channel* channel;
  std::shared_ptr<Queue> queue;
  std::string tag;
  bool no_ack;
  std::uint32_t prefetch;
  std::uint32_t unsettled = 0;
  bool active = true;
};

/// What a consumer is given.
struct Given {
  std::shared_ptr<const Message> message;
  std::uint64_t tag;
  bool redelivered;
};

class ReferenceBroker {
 public:
  std::map<std::string, Exchange> exchanges{{"", {"direct", true, false, false, {}}},
                                            {"amq.direct", {"direct", true, false, false, {}}},
                                            {"amq.topic", {"topic", true, false, false, {}}},
                                            {"amq.fanout", {"fanout", true, false, false, {}}},
                                            {"amq.headers", {"headers", true, false, false, {}}},
                                            {"amq.match", {"headers", true, false, false, {}}}};
  std::map<std::string, std::shared_ptr<Queue>> queues;

  void declare_exchange(const ExchangeDeclaration& d) {
    const auto found = exchanges.find(std::string(d.name));
    if (d.passive) return found == exchanges.end() ? refuse("NotFound 404") : void();
    if (d.name.empty()) refuse("AccessRefused 403");
    if (!std::set<std::string_view>{"direct", "topic", "fanout", "headers"}.contains(d.type)) {
      refuse("ChannelError 503");
    }
    if (found == exchanges.end()) {
      if (d.name.starts_with("amq.")) refuse("AccessRefused 403");
      exchanges[std::string(d.name)] = {std::string(d.type), d.durable, d.auto_delete, d.internal, {}};
    } else if (const Exchange& x = found->second; x.type != d.type || x.durable != d.durable ||
                                                  x.auto_delete != d.auto_delete ||
                                                  x.internal != d.internal) {
      refuse("PreconditionFailed 406");
    }
  }

  void delete_exchange(const std::string& name, bool if_unused) {
    if (name.empty() || name.starts_with("amq.")) refuse("AccessRefused 403");
    if (!exchanges.contains(name)) return;
    if (if_unused && !exchanges[name].bindings.empty()) refuse("PreconditionFailed 406");
    remove_exchange(name);
  }

  /// `generated` is the name that the broker chose for a queue without one.
  Queue& declare_queue(int connection, const QueueDeclaration& d, const std::string& generated) {
    const std::string name(d.name.empty() ? generated : d.name);
    if (d.passive) return require_queue(connection, std::string(d.name));
    if (queues.contains(name)) {
      Queue& q = require_queue(connection, name);
      if (q.exclusive != d.exclusive) refuse("ResourceLocked 405");
      if (q.durable != d.durable || q.auto_delete != d.auto_delete) refuse("PreconditionFailed 406");
      return q;
    }
    if (d.name.starts_with("amq.")) refuse("AccessRefused 403");
    auto fresh = std::make_shared<Queue>(Queue{name,
                                               d.durable,
                                               d.exclusive,
                                               d.auto_delete,
                                               d.exclusive ? connection : 0,
                                               next_queue_++,
                                               {},
                                               {},
                                               {},
                                               {},
                                               {}});
    return *(queues[name] = fresh);
  }

  std::uint64_t delete_queue(int connection, const std::string& name, bool if_unused, bool if_empty) {
    if (!queues.contains(name)) return 0;
    Queue& q = require_queue(connection, name);
    if (if_unused && !q.consumers.empty()) refuse("PreconditionFailed 406");
    if (if_empty && !q.ready.empty()) refuse("PreconditionFailed 406");
    return remove_queue(q);
  }

  std::uint64_t purge_queue(int connection, const std::string& name) {
    Queue& q = require_queue(connection, name);
    const std::uint64_t count = q.ready.size();
    q.ready.clear();
    return count;
  }

  void bind(int connection, const std::string& source, const Binding& b) {
    Exchange& x = require_ends(connection, source, b);
    if (x.type == "headers" && b.match == "nonsense") refuse("InvalidArgument");
    if (std::find(x.bindings.begin(), x.bindings.end(), b) == x.bindings.end()) x.bindings.push_back(b);
  }

  void unbind(int connection, const std::string& source, const Binding& b) {
    Exchange& x = require_ends(connection, source, b);
    if (std::erase(x.bindings, b) != 0) auto_delete(source);
  }

  /// The number of queues.
  std::size_t publish(const Message& message) {
    if (!exchanges.contains(message.exchange)) refuse("NotFound 404");
    if (exchanges[message.exchange].internal) refuse("AccessRefused 403");
    std::set<std::string> visited, targets;
    route(message.exchange, message, visited, targets);
    const auto shared = std::make_shared<const Message>(message);
    for (const std::string& target : targets) {
      Queue& q = *queues[target];
      q.ready[q.next_position++] = {shared, false};
    }
    return targets.size();
  }

  std::optional<Given> get(Channel& channel, const std::string& name, bool no_ack) {
    require_queue(channel.connection, name);
    const auto queue = queues[name];
    if (queue->ready.empty()) return {};
    return give(channel, queue, nullptr, no_ack);
  }

  void subscribe(Channel& channel, const std::string& name, const SubscribeOptions& o) {
    for (const auto& other : channel.consumers) {
      if (other->tag == o.consumer_tag) refuse("ChannelError 530");
    }
    Queue& q = require_queue(channel.connection, name);
    if (q.exclusive_consumer || (o.exclusive && !q.consumers.empty())) refuse("AccessRefused 403");
    channel.consumers.push_back(std::make_shared<Consumer>(
        Consumer{&channel, queues[name], std::string(o.consumer_tag), o.no_ack, o.prefetch_count}));
    q.consumers.push_back(channel.consumers.back().get());
    q.exclusive_consumer = o.exclusive;
  }

  [[nodiscard]] static std::size_t available(const Consumer& c) {
    if (!c.active) return 0;
    std::size_t most = c.queue->ready.size();
    if (c.no_ack) return most;
    const auto limit = [&](std::size_t prefetch, std::size_t used) {
      if (prefetch != 0) most = std::min(most, prefetch - std::min(prefetch, used));
    };
    limit(c.prefetch, c.unsettled);
    limit(c.channel->prefetch, c.channel->unsettled.size());
    return most;
  }

  static Given deliver(Consumer& c) { return give(*c.channel, c.queue, &c, c.no_ack); }

  static void settle(Channel& channel, const Settlement& s) {
    if (!s.multiple) {
      if (!channel.unsettled.contains(s.tag)) refuse("PreconditionFailed 406");
      return settle_one(channel, s.tag, s.outcome);
    }
    if (s.tag > channel.last_tag) refuse("PreconditionFailed 406");
    const std::uint64_t last = s.tag == 0 ? channel.last_tag : s.tag;
    while (!channel.unsettled.empty() && channel.unsettled.begin()->first <= last) {
      settle_one(channel, channel.unsettled.begin()->first, s.outcome);
    }
  }

  static void recover(Channel& channel) {
    while (!channel.unsettled.empty()) settle_one(channel, channel.unsettled.begin()->first, Settle::requeue);
  }

  void cancel(Consumer& c) {
    const std::shared_ptr<Queue> queue = c.queue;
    std::erase(queue->consumers, &c);
    if (queue->consumers.empty()) queue->exclusive_consumer = false;
    if (queue->consumers.empty() && queue->auto_delete && c.active) remove_queue(*queue);
    c.active = false;
    for (auto& [tag, u] : c.channel->unsettled) {
      if (u.consumer == &c) u.consumer = nullptr;
    }
    c.channel->consumers.remove_if([&](const auto& other) { return other.get() == &c; });
  }

  void close(Channel& channel) {
    recover(channel);
    while (!channel.consumers.empty()) cancel(*channel.consumers.back());
  }

  void close_connection(int connection) {
    const auto all = queues;
    for (const auto& [name, queue] : all) {
      if (queue->owner == connection) remove_queue(*queue);
    }
  }

 private:
  [[noreturn]] static void refuse(const char* what) { throw Refusal{what}; }

  Queue& require_queue(int connection, const std::string& name) {
    if (!queues.contains(name)) refuse("NotFound 404");
    Queue& q = *queues[name];
    if (q.owner != 0 && q.owner != connection) refuse("ResourceLocked 405");
    return q;
  }

  Exchange& require_ends(int connection, const std::string& source, const Binding& b) {
    if (source.empty() || (b.to_exchange && b.destination.empty())) refuse("AccessRefused 403");
    if (!b.to_exchange) require_queue(connection, b.destination);
    if (b.to_exchange && !exchanges.contains(b.destination)) refuse("NotFound 404");
    if (!exchanges.contains(source)) refuse("NotFound 404");
    return exchanges[source];
  }

  void auto_delete(const std::string& name) {
    const auto found = exchanges.find(name);
    if (found != exchanges.end() && found->second.auto_delete && found->second.bindings.empty()) {
      remove_exchange(name);
    }
  }

  void remove_exchange(const std::string& name) {
    exchanges.erase(name);
    remove_bindings_to(true, name);
  }

  void remove_bindings_to(bool to_exchange, const std::string& name) {
    std::vector<std::string> touched;
    for (auto& [source, x] : exchanges) {
      if (std::erase_if(x.bindings, [&](const Binding& b) {
            return b.to_exchange == to_exchange && b.destination == name;
          }) != 0) {
        touched.push_back(source);
      }
    }
    for (const std::string& source : touched) auto_delete(source);
  }

  std::uint64_t remove_queue(Queue& queue) {
    const std::shared_ptr<Queue> kept = queues[queue.name];
    queues.erase(queue.name);
    remove_bindings_to(false, queue.name);
    queue.deleted = true;
    for (Consumer* c : queue.consumers) c->active = false;
    queue.consumers.clear();
    return queue.ready.size();
  }

  void route(const std::string& name, const Message& m, std::set<std::string>& visited,
             std::set<std::string>& targets) {
    if (!visited.insert(name).second) return;
    if (name.empty()) {
      if (queues.contains(m.key)) targets.insert(m.key);
      return;
    }
    const Exchange& x = exchanges[name];
    const Words words = split(m.key);
    for (const Binding& b : x.bindings) {
      if (!matches(x, b, m.key, words, m.headers)) continue;
      if (b.to_exchange) {
        route(b.destination, m, visited, targets);
      } else {
        targets.insert(b.destination);
      }
    }
  }

  static Given give(Channel& channel, const std::shared_ptr<Queue>& queue, Consumer* consumer, bool no_ack) {
    const auto first = queue->ready.begin();
    const Given given{first->second.message, ++channel.last_tag, first->second.redelivered};
    if (!no_ack) {
      channel.unsettled[given.tag] = {queue, first->first, first->second, consumer};
      if (consumer != nullptr) ++consumer->unsettled;
    }
    queue->ready.erase(first);
    return given;
  }

  static void settle_one(Channel& channel, std::uint64_t tag, Settle outcome) {
    const Unsettled u = channel.unsettled[tag];
    if (u.consumer != nullptr) --u.consumer->unsettled;
    if (outcome == Settle::requeue && !u.queue->deleted) u.queue->ready[u.position] = {u.entry.message, true};
    channel.unsettled.erase(tag);
  }

  std::uint64_t next_queue_ = 1;
};

}  // namespace kelp::model
