#include <array>
#include <vector>

#include <kelp/error.hpp>

#include "cli/script_state.hpp"

namespace kelp::cli {
namespace {

constexpr auto patience = std::chrono::seconds(5);  // what a receive waits unless told otherwise
constexpr std::uint64_t most_messages = 1'000'000;
constexpr std::uint64_t most_prefetch = 65'535;

Json nothing() { return Json::object(); }

/// An operation on either kind of entity names exactly one.
bool on_queue(ScriptArgs& args) {
  if (args.has("queue") == args.has("exchange"))
    throw ScriptMistake{1, "it wants either \"queue\" or \"exchange\""};
  return args.has("queue");
}

Json declare_exchange(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string name = args.text("exchange");
  const std::string type = args.text_or("type", "direct");
  const FieldTable arguments = args.table("arguments");
  const ExchangeDeclaration declaration{.name = name,
                                        .type = type,
                                        .passive = args.flag("passive"),
                                        .durable = args.flag("durable"),
                                        .auto_delete = args.flag("auto_delete"),
                                        .internal = args.flag("internal"),
                                        .arguments = &arguments};
  args.finish();
  channel->exchange_declare(declaration);
  return nothing();
}

Json declare_queue(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string name = args.text("queue");
  const FieldTable arguments = args.table("arguments");
  const QueueDeclaration declaration{.name = name,
                                     .passive = args.flag("passive"),
                                     .durable = args.flag("durable"),
                                     .exclusive = args.flag("exclusive"),
                                     .auto_delete = args.flag("auto_delete"),
                                     .arguments = &arguments};
  args.finish();
  const QueueDeclared declared = channel->queue_declare(declaration);
  Json answer = nothing();
  // A name that the broker chose differs from run to run.
  if (!name.empty()) answer["queue"] = clean_text(declared.name);
  answer["messages"] = declared.message_count;
  answer["consumers"] = declared.consumer_count;
  return answer;
}

Json declare(ScriptState& state, ScriptArgs& args) {
  return on_queue(args) ? declare_queue(state, args) : declare_exchange(state, args);
}

struct BindingArgs {
  std::shared_ptr<Channel> channel;
  bool queue;
  std::string destination;
  std::string source;
  std::string key;
  FieldTable arguments;
};

BindingArgs binding_args(ScriptState& state, ScriptArgs& args) {
  const bool queue = on_queue(args);
  BindingArgs result{state.channel(args),
                     queue,
                     args.text(queue ? "queue" : "exchange"),
                     args.text("to"),
                     args.text_or("key", ""),
                     args.table("arguments")};
  args.finish();
  return result;
}

Json bind(ScriptState& state, ScriptArgs& args) {
  const BindingArgs b = binding_args(state, args);
  if (b.queue)
    b.channel->queue_bind(b.destination, b.source, b.key, b.arguments);
  else
    b.channel->exchange_bind(b.destination, b.source, b.key, b.arguments);
  return nothing();
}

Json unbind(ScriptState& state, ScriptArgs& args) {
  const BindingArgs b = binding_args(state, args);
  if (b.queue)
    b.channel->queue_unbind(b.destination, b.source, b.key, b.arguments);
  else
    b.channel->exchange_unbind(b.destination, b.source, b.key, b.arguments);
  return nothing();
}

Json publish(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string exchange = args.text_or("exchange", "");
  const std::string key = args.text_or("key", "");
  const Json* const body = args.any("body");
  const FieldTable headers = args.table("headers");
  const bool has_headers = args.has("headers");
  const std::string content_type =
      args.text_or("content_type", body == nullptr || body->is_string() ? "" : "application/json");
  const std::string correlation_id = args.text_or("correlation_id", "");
  const std::string reply_to = args.text_or("reply_to", "");
  const std::string message_id = args.text_or("message_id", "");
  const std::string expiration = args.text_or("expiration", "");
  const bool has_priority = args.has("priority");
  const auto priority = static_cast<std::uint8_t>(args.number_or("priority", 0, 255));
  const bool mandatory = args.flag("mandatory");
  args.finish();
  const auto given = [](const std::string& text) {
    return text.empty() ? std::string_view() : std::string_view(text);
  };
  Properties properties;
  properties.content_type = given(content_type);
  properties.headers = has_headers ? &headers : nullptr;
  properties.correlation_id = given(correlation_id);
  properties.reply_to = given(reply_to);
  properties.message_id = given(message_id);
  properties.expiration = given(expiration);
  if (has_priority) properties.priority = priority;
  const std::string bytes = body == nullptr     ? ""
                            : body->is_string() ? body->get<std::string>()
                                                : write_json(*body);
  const PublishOutcome outcome =
      channel->try_publish({exchange, key}, bytes, properties, {.mandatory = mandatory});
  Json answer = nothing();
  // Without mandatory a remote broker does not say.
  if (mandatory) answer["returned"] = outcome == PublishOutcome::unroutable;
  return answer;
}

/// A value when the body says that it is JSON and is, else text.
Json body_json(std::string_view text, std::string_view content_type) {
  if (content_type != "application/json") return clean_text(text);
  try {
    return read_json(text);
  } catch (const DecodeError&) {
    return clean_text(text);
  }
}

Json message_json(const SharedMessage& message, bool redelivered) {
  const Address address = message.address();
  const Properties properties = message.properties();
  const auto body = message.body();
  const std::string_view text(reinterpret_cast<const char*>(body.data()), body.size());
  Json answer{{"exchange", clean_text(address.exchange)},
              {"key", clean_text(address.routing_key)},
              {"redelivered", redelivered}};
  const auto add = [&](const char* name, std::string_view value) {
    if (value.data() != nullptr) answer[name] = clean_text(value);
  };
  add("content_type", properties.content_type);
  add("correlation_id", properties.correlation_id);
  add("reply_to", properties.reply_to);
  add("message_id", properties.message_id);
  add("expiration", properties.expiration);
  if (properties.priority) answer["priority"] = *properties.priority;
  if (message.has_headers()) answer["headers"] = json_from(message.headers());
  answer["body"] = body_json(text, properties.content_type);
  return answer;
}

/// With the name under which it can be settled, unless there is nothing to settle.
Json named(const std::string& name, const Json& message) {
  Json answer = nothing();
  if (!name.empty()) answer["message"] = name;
  answer.update(message);
  return answer;
}

Json get(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string queue = args.text("queue");
  const bool no_ack = args.flag("no_ack");
  const std::string chosen = args.text_or("as", "");
  args.finish();
  const std::optional<Message> message = channel->get(queue, no_ack);
  Json answer = nothing();
  answer["messages"] = Json::array();
  if (!message) return answer;
  const std::string name = no_ack ? "" : state.remember({channel, message->delivery_tag()}, chosen);
  answer["messages"].push_back(
      named(name, message_json(message->shared(), message->delivery_info().redelivered)));
  return answer;
}

Json consume(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string queue = args.text("queue");
  const std::string name = args.text("as");
  const FieldTable arguments = args.table("arguments");
  const SubscribeOptions options{
      .consumer_tag = name,
      .no_ack = args.flag("no_ack"),
      .exclusive = args.flag("exclusive"),
      .prefetch_count = static_cast<std::uint32_t>(args.number_or("prefetch", 0, most_prefetch)),
      .arguments = &arguments};
  if (state.consumers.count(name) > 0) args.refuse("as", "names a consumer already");
  args.finish();
  state.consumers.emplace(name,
                          ScriptState::Consumer{channel->subscribe(queue, options), channel, options.no_ack});
  return Json{{"consumer", clean_text(name)}};
}

/// Takes at most `count` messages; each wait ends after `timeout`.
Json take(ScriptState& state, ScriptState::Consumer& consumer, std::uint64_t count, Timeout timeout,
          const std::vector<std::string>& names) {
  Json messages = Json::array();
  while (messages.size() < count) {
    Delivery delivery;
    if (consumer.pull.receive({&delivery, 1}, timeout) == 0) break;
    const std::string chosen = messages.size() < names.size() ? names[messages.size()] : "";
    const std::string name = consumer.no_ack ? "" : state.remember({consumer.channel, delivery.tag}, chosen);
    messages.push_back(named(name, message_json(delivery.message, delivery.redelivered)));
  }
  Json answer = nothing();
  answer["messages"] = std::move(messages);
  return answer;
}

Json receive(ScriptState& state, ScriptArgs& args) {
  ScriptState::Consumer& consumer = state.consumer(args);
  const std::vector<std::string> names = args.texts("as");
  const std::uint64_t count = args.number_or("count", std::max<std::size_t>(names.size(), 1), most_messages);
  const Timeout timeout = args.seconds_or("timeout", patience);
  args.finish();
  return take(state, consumer, count, timeout, names);
}

Json drain(ScriptState& state, ScriptArgs& args) {
  ScriptState::Consumer& consumer = state.consumer(args);
  args.finish();
  return take(state, consumer, most_messages, Timeout::zero(), {});
}

/// "message": one or several names; or "tag", a number, with "channel".
std::vector<ScriptState::Received> to_settle(ScriptState& state, ScriptArgs& args) {
  std::vector<ScriptState::Received> result;
  if (args.has("tag")) {
    result.push_back({state.channel(args), args.number_or("tag", 0, ~std::uint64_t{0})});
    return result;
  }
  const std::vector<std::string> names = args.texts("message");
  if (names.empty()) throw ScriptMistake{1, "\"message\" is missing"};
  for (const std::string& name : names) result.push_back(state.received(args, name));
  return result;
}

Json ack(ScriptState& state, ScriptArgs& args) {
  const auto received = to_settle(state, args);
  const bool multiple = args.flag("multiple");
  args.finish();
  for (const auto& one : received) one.channel->ack(one.tag, multiple);
  return nothing();
}

Json reject(ScriptState& state, ScriptArgs& args) {
  const auto received = to_settle(state, args);
  const bool requeue = args.op() == "requeue" || args.flag("requeue");
  args.finish();
  for (const auto& one : received) one.channel->reject(one.tag, requeue);
  return nothing();
}

Json recover(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  args.finish();
  channel->recover();
  return nothing();
}

Json cancel(ScriptState& state, ScriptArgs& args) {
  ScriptState::Consumer& consumer = state.consumer(args);
  const std::string name = args.text("consumer");
  args.finish();
  consumer.pull.cancel();
  state.consumers.erase(name);
  return nothing();
}

Json qos(ScriptState& state, ScriptArgs& args) {
  ScriptState::Consumer* const consumer = args.has("consumer") ? &state.consumer(args) : nullptr;
  const auto channel = consumer != nullptr ? nullptr : state.channel(args);
  if (!args.has("prefetch")) throw ScriptMistake{1, "\"prefetch\" is missing"};
  const auto prefetch = static_cast<std::uint32_t>(args.number_or("prefetch", 0, most_prefetch));
  args.finish();
  if (consumer != nullptr)
    consumer->pull.set_prefetch(prefetch);
  else
    channel->qos(prefetch);
  return nothing();
}

Json purge(ScriptState& state, ScriptArgs& args) {
  const auto channel = state.channel(args);
  const std::string queue = args.text("queue");
  args.finish();
  return Json{{"messages", channel->queue_purge(queue)}};
}

Json remove(ScriptState& state, ScriptArgs& args) {
  const bool queue = on_queue(args);
  const auto channel = state.channel(args);
  const std::string name = args.text(queue ? "queue" : "exchange");
  const bool if_unused = args.flag("if_unused");
  const bool if_empty = queue && args.flag("if_empty");
  args.finish();
  if (queue) return Json{{"messages", channel->queue_delete(name, if_unused, if_empty)}};
  channel->exchange_delete(name, if_unused);
  return nothing();
}

Json open(ScriptState& state, ScriptArgs& args) {
  (void)state.channel(args);
  args.finish();
  return nothing();
}

void forget_channel(ScriptState& state, const std::string& name) {
  const auto channel = state.channels.find(name);
  std::erase_if(state.consumers, [&](const auto& entry) { return entry.second.channel == channel->second; });
  state.channels.erase(channel);
  state.connection_of.erase(name);
}

/// The name is free afterwards; messages of the channel stay known, and cannot be settled.
Json close(ScriptState& state, ScriptArgs& args) {
  if (args.has("connection") && !args.has("channel")) {
    const std::string name = args.text("connection");
    if (state.connections.count(name) == 0) args.refuse("connection", "names no connection");
    args.finish();
    state.connections.at(name).close();
    std::vector<std::string> gone;
    for (const auto& [channel, owner] : state.connection_of)
      if (owner == name) gone.push_back(channel);
    for (const std::string& channel : gone) forget_channel(state, channel);
    state.connections.erase(name);
    return nothing();
  }
  const std::string name = args.text_or("channel", "main");
  if (state.channels.count(name) == 0) args.refuse("channel", "names no open channel");
  args.finish();
  state.channels.at(name)->close();
  forget_channel(state, name);
  return nothing();
}

Json advance(ScriptState& state, ScriptArgs& args) {
  if (!args.has("seconds")) throw ScriptMistake{1, "\"seconds\" is missing"};
  const auto by = args.seconds_or("seconds", std::chrono::nanoseconds::zero());
  args.finish();
  if (!state.clock)
    throw NotSupported("advance: only the private in-memory broker (no --url) has a manual clock");
  state.clock->advance(by);
  return nothing();
}

struct Operation {
  std::string_view name;
  Json (*run)(ScriptState&, ScriptArgs&);
};

constexpr std::array operations{
    Operation{"declare", declare}, Operation{"bind", bind},      Operation{"unbind", unbind},
    Operation{"publish", publish}, Operation{"get", get},        Operation{"consume", consume},
    Operation{"receive", receive}, Operation{"drain", drain},    Operation{"ack", ack},
    Operation{"reject", reject},   Operation{"requeue", reject}, Operation{"recover", recover},
    Operation{"cancel", cancel},   Operation{"qos", qos},        Operation{"purge", purge},
    Operation{"delete", remove},   Operation{"open", open},      Operation{"close", close},
    Operation{"advance", advance}};

}  // namespace

Json run_operation(ScriptState& state, ScriptArgs& args) {
  for (const Operation& operation : operations)
    if (operation.name == args.op()) return operation.run(state, args);
  args.refuse("op", "is no operation: \"" + args.op() + "\"");
}

}  // namespace kelp::cli
