// Operations on what exists: exchanges, queues, bindings, channels, connections.
#include "driver.hpp"

namespace kelp::model {

void Driver::declare_exchange() {
  static const std::array<const char*, 4> types{"topic", "direct", "fanout", "headers"};
  const std::string name = exchange_name();
  const std::uint64_t number = name.starts_with("x") ? static_cast<std::uint64_t>(name[1] - '0') : 0;
  ExchangeDeclaration d{.name = name, .type = types[number % 4]};
  d.passive = chance(10);
  d.durable = chance(95) == (number % 2 == 0);
  d.auto_delete = chance(97) == (number >= 5);
  d.internal = chance(98) == (number == 7);
  if (chance(3)) d.type = types[pick(4)];
  if (chance(1)) d.type = "nonsense";
  ChannelPair& channel = any_channel();
  both(
      name_of(channel) + "declare exchange " + name + " " + std::string(d.type) +
          (d.passive ? " passive" : "") + (d.auto_delete ? " auto-delete" : "") +
          (d.internal ? " internal" : ""),
      [&] { return channel.real->declare_exchange(d), "ok"; },
      [&] { return reference_.declare_exchange(d), "ok"; });
  if (!d.passive) count(operation_);
}

void Driver::delete_exchange() {
  const std::string name = exchange_name();
  const bool if_unused = chance(40);
  ChannelPair& channel = any_channel();
  both(
      name_of(channel) + "delete exchange " + name + (if_unused ? " if unused" : ""),
      [&] { return channel.real->delete_exchange(name, if_unused), "ok"; },
      [&] { return reference_.delete_exchange(name, if_unused), "ok"; });
  count(operation_);
}

void Driver::declare_queue() {
  const std::string name = chance(1) ? "" : chance(1) ? "amq.mine" : queue_name();
  const std::uint64_t number = name.starts_with("q") ? static_cast<std::uint64_t>(name[1] - '0') : 0;
  QueueDeclaration d{.name = name};
  d.durable = chance(95) == (number % 2 == 0);
  d.auto_delete = chance(97) == (number == 3 || number == 7 || name.empty());
  d.exclusive = chance(97) == (number == 4 || number == 8);
  ChannelPair& channel = any_channel();
  std::string generated;
  both(
      name_of(channel) + "declare queue '" + name + "'" + (d.durable ? " durable" : "") +
          (d.auto_delete ? " auto-delete" : "") + (d.exclusive ? " exclusive" : ""),
      [&] {
        const QueueDeclared answer = channel.real->declare_queue(d);
        if (name.empty()) {
          const bool fresh = answer.name.starts_with("amq.gen-") && !reference_.queues.contains(answer.name);
          generated = fresh ? answer.name : "not fresh";
        }
        return answer.name + " " + std::to_string(answer.message_count) + " " +
               std::to_string(answer.consumer_count);
      },
      [&] {
        const Queue& q = reference_.declare_queue(channel.reference->connection, d, generated);
        return q.name + " " + std::to_string(q.ready.size()) + " " + std::to_string(q.consumers.size());
      });
  count(operation_);
}

void Driver::declare_passive() {
  const std::string name = queue_name();
  ChannelPair& channel = any_channel();
  both(
      name_of(channel) + "declare queue " + name + " passive",
      [&] {
        const QueueDeclared answer = channel.real->declare_queue({.name = name, .passive = true});
        return std::to_string(answer.message_count) + " " + std::to_string(answer.consumer_count);
      },
      [&] {
        const Queue& q =
            reference_.declare_queue(channel.reference->connection, {.name = name, .passive = true}, "");
        return std::to_string(q.ready.size()) + " " + std::to_string(q.consumers.size());
      });
  count(operation_);
}

void Driver::delete_queue() {
  const std::string name = queue_name();
  const bool if_unused = chance(30), if_empty = chance(30);
  ChannelPair& channel = any_channel();
  both(
      name_of(channel) + "delete queue " + name + (if_unused ? " if unused" : "") +
          (if_empty ? " if empty" : ""),
      [&] { return std::to_string(channel.real->delete_queue(name, if_unused, if_empty)); },
      [&] {
        return std::to_string(
            reference_.delete_queue(channel.reference->connection, name, if_unused, if_empty));
      });
  count(operation_);
}

void Driver::purge_queue() {
  const std::string name = queue_name();
  ChannelPair& channel = any_channel();
  both(
      name_of(channel) + "purge " + name, [&] { return std::to_string(channel.real->purge_queue(name)); },
      [&] { return std::to_string(reference_.purge_queue(channel.reference->connection, name)); });
  count(operation_);
}

Binding Driver::random_binding(bool to_exchange) {
  static const std::array<const char*, 5> matches{"", "all", "any", "all-with-x", "any-with-x"};
  Binding b{.key = binding_key(),
            .match = "",
            .arguments = {},
            .to_exchange = to_exchange,
            .destination = to_exchange ? exchange_name() : queue_name()};
  if (chance(40)) {
    b.match = chance(2) ? "nonsense" : matches[pick(matches.size())];
    b.arguments = random_headers();
    for (auto& [name, value] : b.arguments) {
      if (chance(20)) value.reset();
    }
  }
  return b;
}

void Driver::bind(bool to_exchange) {
  const std::string source = exchange_name();
  const Binding b = random_binding(to_exchange);
  ChannelPair& channel = any_channel();
  const FieldTable arguments = to_table(b.arguments, b.match);
  const BindingDeclaration d{.source = source,
                             .destination = b.destination,
                             .routing_key = b.key,
                             .to_exchange = to_exchange,
                             .arguments = arguments.empty() ? nullptr : &arguments};
  both(
      name_of(channel) + "bind " + source + " -> " + b.destination + " '" + b.key + "' " + b.match + " " +
          describe(b.arguments),
      [&] { return channel.real->bind(d), "ok"; },
      [&] { return reference_.bind(channel.reference->connection, source, b), "ok"; });
  count(operation_);
  if (const auto x = reference_.exchanges.find(source); x != reference_.exchanges.end()) {
    most_bindings_ = std::max(most_bindings_, x->second.bindings.size());
  }
}

void Driver::unbind(bool to_exchange) {
  std::string source = exchange_name();
  Binding b = random_binding(to_exchange);
  for (int i = 0; i < 4 && chance(90); ++i) {  // one that is there, if there is one
    const auto x = reference_.exchanges.find(source);
    if (x != reference_.exchanges.end() && !x->second.bindings.empty()) {
      b = x->second.bindings[pick(x->second.bindings.size())];
      break;
    }
    source = name_in(reference_.exchanges);
  }
  ChannelPair& channel = any_channel();
  const FieldTable arguments = to_table(b.arguments, b.match);
  const BindingDeclaration d{.source = source,
                             .destination = b.destination,
                             .routing_key = b.key,
                             .to_exchange = b.to_exchange,
                             .arguments = arguments.empty() ? nullptr : &arguments};
  both(
      name_of(channel) + "unbind " + source + " -> " + b.destination + " '" + b.key + "' " + b.match + " " +
          describe(b.arguments),
      [&] { return channel.real->unbind(d), "ok"; },
      [&] { return reference_.unbind(channel.reference->connection, source, b), "ok"; });
  count(b.to_exchange ? "unbind exchange" : "unbind queue");
}

// --- Channels and connections ---

void Driver::open_channel() {
  ConnectionPair& connection = any_connection();
  if (connection.channels.size() < 3) open_channel(connection);
}

void Driver::open_channel(ConnectionPair& connection) {
  auto pair = std::make_unique<ChannelPair>();
  pair->real = connection.real->open_channel();
  pair->reference = std::make_unique<Channel>(Channel{connection.id, 0, 0, {}, {}});
  connection.channels.push_back(std::move(pair));
  log(name_of(*connection.channels.back()) + "open channel");
  count("open channel");
}

void Driver::close(ConnectionPair& connection, std::size_t at) {
  ChannelPair& channel = *connection.channels[at];
  const std::uint64_t way = pick(4);
  check_borrowed(channel);
  log(name_of(channel) + "close channel, way " + std::to_string(way));
  reference_.close(*channel.reference);
  if (way == 0) {
    // Its consumers go first, which must not lose what they hold.
    channel.real->recover();
    channel.subs.clear();
  }
  if (way != 1) channel.real->close();
  if (way == 2) channel.real->close();
  if (way == 3) channel.subs.clear();
  channel.real.reset();
  channel.subs.clear();  // of the others, subscriptions outlive their channel
  connection.channels.erase(connection.channels.begin() + static_cast<std::ptrdiff_t>(at));
  count("close channel");
}

void Driver::close_channel() {
  ConnectionPair& connection = any_connection();
  if (connection.channels.empty() || channel_count() <= 4) return;
  close(connection, pick(connection.channels.size()));
}

void Driver::open_connection() {
  if (connections_.size() >= 4) return;
  auto fresh = std::make_unique<ConnectionPair>();
  fresh->real = broker_.connect();
  fresh->id = next_connection_++;
  connections_.push_back(std::move(fresh));
  count("open connection");
  for (int i = 0; i < 2; ++i) open_channel(*connections_.back());
}

void Driver::close_connection() {
  const std::size_t at = pick(connections_.size());
  ConnectionPair& connection = *connections_[at];
  if (connections_.size() <= 2 || channel_count() - connection.channels.size() < 4) return;
  while (!connection.channels.empty()) close(connection, connection.channels.size() - 1);
  reference_.close_connection(connection.id);
  both(
      "close connection " + std::to_string(connection.id),
      [&] {
        if (chance(50)) return connection.real.reset(), "ConnectionError";
        connection.real->close();
        connection.real->close();
        return static_cast<void>(connection.real->open_channel()), "ok";
      },
      [] { return "ConnectionError"; });
  connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(at));
  count(operation_);
}

void Driver::set_channel_prefetch() {
  ChannelPair& channel = any_channel();
  const auto limit = static_cast<std::uint32_t>(chance(50) ? 0 : pick(60));
  channel.real->set_prefetch(limit);
  channel.reference->prefetch = limit;
  log(name_of(channel) + "prefetch " + std::to_string(limit));
  count(operation_);
}

void Driver::trim() {
  broker_.trim();
  log("trim");
  count(operation_);
}

}  // namespace kelp::model
