// Operations on messages: publishing, consuming, settling; and the comparison of everything.
#include <algorithm>

#include "driver.hpp"

namespace kelp::model {

namespace {

std::string show(const Message& m, std::uint64_t tag, bool redelivered) {
  return m.exchange + " '" + m.key + "' " + describe(m.headers) + " " + m.body + " tag " +
         std::to_string(tag) + (redelivered ? " redelivered" : "");
}

std::string show(const Delivery& d) {
  Headers headers;
  if (d.message.has_headers()) {
    for (const auto& [name, value] : d.message.headers()) {
      const auto* number = value.get_if<std::int32_t>();
      headers[name] = number == nullptr ? std::nullopt : std::optional<int>(*number);
    }
  }
  const Address address = d.message.address();
  return show(
      Message{std::string(address.exchange), std::string(address.routing_key), text_of(d.message), headers},
      d.tag, d.redelivered);
}

std::string show(const Given& g) { return show(*g.message, g.tag, g.redelivered); }

}  // namespace

// --- Publishing ---

void Driver::publish() {
  Message message{.exchange = exchange_name(), .key = routing_key(), .body = {}, .headers = random_headers()};
  publish(std::move(message));
}

void Driver::publish_default() {
  publish(Message{.exchange = "", .key = queue_name(), .body = {}, .headers = {}});
}

void Driver::publish(Message message) {
  message.body = "m" + std::to_string(next_message_++);
  if (chance(10)) message.body.append(pick(chance(10) ? 3000 : 200), '.');
  ChannelPair& channel = any_channel();
  const FieldTable headers = to_table(message.headers);
  const auto body = std::as_bytes(std::span(message.body.data(), message.body.size()));
  both(
      name_of(channel) + "publish " + message.exchange + " '" + message.key + "' " +
          describe(message.headers) + " " + message.body.substr(0, 10),
      [&] {
        const PublishOutcome outcome = channel.real->publish(
            {message.exchange, message.key}, {.headers = headers.empty() ? nullptr : &headers}, body, {});
        return outcome == PublishOutcome::accepted ? "accepted" : "unroutable";
      },
      [&] {
        const std::size_t queues = reference_.publish(message);
        counts_["(copies routed)"] += queues;
        return queues != 0 ? "accepted" : "unroutable";
      });
  count(operation_);
}

// --- Consuming ---

void Driver::take(ChannelPair& channel, Delivery& delivery, const Given& expected) {
  const std::string got = show(delivery);
  log(name_of(channel) + operation_ + " gives " + got);
  compare(name_of(channel) + operation_, got, show(expected));
  ++counts_[expected.redelivered ? "(deliveries, again)" : "(deliveries, new)"];
  if (channel.reference->unsettled.contains(expected.tag)) {
    compare("the handle", delivery.message.owns() ? "owns" : "borrows", "borrows");
    channel.borrowed[expected.tag] = std::move(delivery.message);
  } else {
    compare("the handle", delivery.message.owns() ? "owns" : "borrows", "owns");
  }
}

void Driver::get() {
  const std::string name = queue_name();
  const bool no_ack = chance(30);
  ChannelPair& channel = any_channel();
  Delivery delivery;
  std::optional<Given> expected;
  both(
      name_of(channel) + "get " + name + (no_ack ? " without ack" : ""),
      [&] { return channel.real->get(name, no_ack, delivery) ? "one" : "none"; },
      [&] {
        expected = reference_.get(*channel.reference, name, no_ack);
        return expected ? "one" : "none";
      });
  if (expected) take(channel, delivery, *expected);
  count(operation_);
}

void Driver::subscribe() {
  ChannelPair& channel = any_channel();
  if (channel.subs.size() >= 5) return;
  const std::string name = queue_name();
  std::string tag = "c" + std::to_string(next_consumer_++);
  if (chance(5) && !channel.subs.empty()) tag = channel.subs[0].reference->tag;
  SubscribeOptions options{.consumer_tag = tag};
  options.no_ack = chance(25);
  options.exclusive = chance(10);
  options.prefetch_count = static_cast<std::uint32_t>(chance(40) ? 0 : 1 + pick(20));
  Sub sub;
  both(
      name_of(channel) + "subscribe " + name + " " + tag + (options.no_ack ? " without ack" : "") +
          (options.exclusive ? " exclusive" : "") + " prefetch " + std::to_string(options.prefetch_count),
      [&] {
        sub.real = channel.real->subscribe(name, options);
        const bool right = sub.real->consumer_tag() == tag && sub.real->queue() == name && sub.real->active();
        return right ? "ok" : "another one";
      },
      [&] { return reference_.subscribe(*channel.reference, name, options), "ok"; });
  count(operation_);
  if (sub.real == nullptr) return;
  sub.reference = channel.reference->consumers.back();
  channel.subs.push_back(std::move(sub));
}

void Driver::receive_batch() { receive(2 + pick(60)); }

void Driver::receive(std::size_t want) {
  // From one to three subscriptions of one connection, which may be of different channels.
  ConnectionPair& connection = any_connection();
  std::vector<std::pair<Sub*, ChannelPair*>> all;
  for (const auto& channel : connection.channels) {
    for (Sub& sub : channel->subs) all.emplace_back(&sub, channel.get());
  }
  if (all.empty()) return;
  std::shuffle(all.begin(), all.end(), random_);
  all.resize(std::min<std::size_t>(all.size(), chance(60) ? 1 : 1 + pick(3)));
  std::vector<Subscription*> from;
  std::size_t available = 0;
  for (const auto& [sub, channel] : all) {
    from.push_back(sub->real.get());
    available += ReferenceBroker::available(*sub->reference);
  }
  std::vector<Delivery> out(want);
  const auto deadline = clock_->now() + (chance(20) ? std::chrono::seconds(1) : std::chrono::seconds(0));
  std::size_t got = 0;
  both(
      "connection " + std::to_string(connection.id) + ": " + operation_,
      [&] { return (got = connection.real->receive(from, out, deadline)) == 0 ? "none" : "some"; },
      [&] { return available == 0 ? "none" : "some"; });
  for (std::size_t i = 0; i < got; ++i) {
    const auto of = std::find_if(all.begin(), all.end(), [&](const auto& one) {
      return one.first->real.get() == out[i].subscription;
    });
    if (of == all.end()) throw Disagreement{"a delivery of a subscription that was not asked"};
    const auto& [sub, channel] = *of;
    if (ReferenceBroker::available(*sub->reference) == 0) {
      throw Disagreement{name_of(*channel) + "more than allowed: " + show(out[i])};
    }
    take(*channel, out[i], ReferenceBroker::deliver(*sub->reference));
  }
  count(operation_);
}

void Driver::set_consumer_prefetch() {
  ChannelPair* channel = nullptr;
  Sub* sub = any_sub(channel);
  if (sub == nullptr) return;
  const auto limit = static_cast<std::uint32_t>(chance(30) ? 0 : 1 + pick(30));
  sub->real->set_prefetch(limit);
  sub->reference->prefetch = limit;
  log(name_of(*channel) + "prefetch of " + sub->reference->tag + " " + std::to_string(limit));
  count(operation_);
}

void Driver::cancel() {
  ChannelPair* channel = nullptr;
  Sub* sub = any_sub(channel);
  if (sub == nullptr) return;
  compare(name_of(*channel) + "cancel " + sub->reference->tag, sub->real->active() ? "active" : "inactive",
          sub->reference->active ? "active" : "inactive");
  reference_.cancel(*sub->reference);
  channel->subs.erase(channel->subs.begin() + (sub - channel->subs.data()));
  count(operation_);
}

// --- Settling ---

void Driver::settle(Settle outcome, bool multiple) {
  ChannelPair* some = channel_with_unsettled();
  if (some == nullptr) return;
  ChannelPair& channel = *some;
  const std::uint64_t tag = multiple && chance(10) ? 0 : some_tag(channel);
  settle(channel, {Settlement{.tag = tag, .outcome = outcome, .multiple = multiple}}, std::to_string(tag));
}

void Driver::settle_unknown() {
  ChannelPair& channel = any_channel();
  const std::uint64_t tag =
      chance(50) ? pick(channel.reference->last_tag + 1) : channel.reference->last_tag + 1 + pick(3);
  settle(channel, {Settlement{.tag = tag, .outcome = static_cast<Settle>(pick(3)), .multiple = chance(20)}},
         std::to_string(tag));
}

void Driver::settle_batch() {
  ChannelPair* some = channel_with_unsettled();
  if (some == nullptr) return;
  ChannelPair& channel = *some;
  std::vector<Settlement> all;
  std::string what;
  for (std::uint64_t i = 2 + pick(6); i != 0; --i) {
    const std::uint64_t tag = some_tag(channel);
    const bool twice = std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.tag == tag; });
    if (twice && chance(95)) continue;
    all.push_back({.tag = tag, .outcome = static_cast<Settle>(pick(3)), .multiple = chance(3)});
    what += std::to_string(all.back().tag) + (all.back().multiple ? "* " : " ");
  }
  settle(channel, std::move(all), what);
}

void Driver::settle(ChannelPair& channel, std::vector<Settlement> settlements, const std::string& what) {
  check_borrowed(channel);
  for (Settlement& s : settlements) {
    const auto handle = channel.borrowed.find(s.tag);
    const bool may_keep = !s.multiple && s.outcome != Settle::requeue && handle != channel.borrowed.end();
    if (may_keep && chance(30)) s.keep = &handle->second;
  }
  both(
      name_of(channel) + operation_ + " " + what, [&] { return channel.real->settle(settlements), "ok"; },
      [&] {
        for (const Settlement& s : settlements) ReferenceBroker::settle(*channel.reference, s);
        return "ok";
      });
  count(operation_);
  for (auto it = channel.borrowed.begin(); it != channel.borrowed.end();) {
    if (channel.reference->unsettled.contains(it->first)) {
      ++it;
      continue;
    }
    if (it->second.owns()) {
      kept_bodies_.push_back(text_of(it->second));
      kept_.push_back(std::move(it->second));
    }
    it = channel.borrowed.erase(it);
  }
  for (; kept_.size() > 100; kept_.pop_front(), kept_bodies_.pop_front()) {
    compare("a message that was kept", text_of(kept_.front()), kept_bodies_.front());
  }
}

void Driver::recover() {
  ChannelPair* some = channel_with_unsettled();
  if (some == nullptr) return;
  ChannelPair& channel = *some;
  check_borrowed(channel);
  both(
      name_of(channel) + "recover", [&] { return channel.real->recover(), "ok"; },
      [&] { return ReferenceBroker::recover(*channel.reference), "ok"; });
  channel.borrowed.clear();
  count(operation_);
}

void Driver::check_borrowed(const ChannelPair& channel) {
  compare("unsettled handles", std::to_string(channel.borrowed.size()),
          std::to_string(channel.reference->unsettled.size()));
  for (const auto& [tag, message] : channel.borrowed) {
    const std::string& expected = channel.reference->unsettled[tag].entry.message->body;
    if (text_of(message) != expected) compare("body of " + std::to_string(tag), text_of(message), expected);
  }
}

// --- Everything ---

void Driver::compare_everything() {
  operation_ = "compare";
  for (const auto& [name, queue] : reference_.queues) {
    most_messages_ = std::max(most_messages_, queue->ready.size());
    TransportChannel* observer = nullptr;
    for (const auto& connection : connections_) {
      if (queue->owner != 0 && queue->owner != connection->id) continue;
      if (!connection->channels.empty()) observer = connection->channels[0]->real.get();
    }
    if (observer == nullptr) continue;
    const QueueDeclared answer = observer->declare_queue({.name = name, .passive = true});
    compare(name, std::to_string(answer.message_count) + " " + std::to_string(answer.consumer_count),
            std::to_string(queue->ready.size()) + " " + std::to_string(queue->consumers.size()));
  }
  for (const auto& connection : connections_) {
    for (const auto& channel : connection->channels) {
      check_borrowed(*channel);
      for (const Sub& sub : channel->subs) {
        compare(sub.reference->tag, sub.real->active() ? "active" : "inactive",
                sub.reference->active ? "active" : "inactive");
      }
    }
  }
}

void Driver::drain_everything() {
  operation_ = "drain";
  for (const auto& connection : connections_) {
    while (!connection->channels.empty()) close(*connection, 0);
    connection->channels.push_back(std::make_unique<ChannelPair>());
    connection->channels[0]->real = connection->real->open_channel();
    connection->channels[0]->reference = std::make_unique<Channel>(Channel{connection->id, 0, 0, {}, {}});
  }
  for (const auto& connection : connections_) {
    ChannelPair& channel = *connection->channels[0];
    const auto all = reference_.queues;
    for (const auto& [name, queue] : all) {
      if (queue->owner != 0 && queue->owner != connection->id) continue;
      for (bool more = true; more;) {
        Delivery delivery;
        const auto expected = reference_.get(*channel.reference, name, true);
        more = channel.real->get(name, true, delivery);
        compare("drain " + name, more ? "one" : "none", expected ? "one" : "none");
        if (more) take(channel, delivery, *expected);
      }
    }
  }
}

}  // namespace kelp::model
