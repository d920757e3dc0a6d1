#include <kelp/consumer.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

#include <kelp/error.hpp>

#include "messaging/declare.hpp"
#include "messaging/message_access.hpp"

namespace kelp {

using messaging::ChannelCore;
using messaging::Source;

namespace {

/// Kombu numbers its consumers process-wide, from 1.
std::string next_tag(const std::string& prefix) {
  static constinit std::atomic<std::uint64_t> last{0};
  return prefix +
         std::to_string(last.fetch_add(1, std::memory_order_relaxed) + 1);  // relaxed: a number, no more
}

}  // namespace

struct Consumer::State final : messaging::Sink, std::enable_shared_from_this<State> {
  std::shared_ptr<ChannelCore> core;
  bool owns_channel = false;
  ConsumerOptions options;
  std::shared_ptr<const Accept> accept;
  std::vector<Queue> queues;
  std::vector<std::pair<std::string, std::shared_ptr<Source>>> active;  // by queue
  std::deque<Callback> callbacks;                                       // a callback may register another one
  std::unique_ptr<OnMessage> on_message;
  std::vector<std::unique_ptr<OnMessage>> replaced;  // one of them may be running

  void deliver(Message& message) override;
  void add(Queue queue);
  void consume(std::optional<bool> no_ack);
  void cancel();
};

void Consumer::State::deliver(Message& message) {
  if (on_message != nullptr) {
    (*on_message)(message);
    return;
  }
  if (callbacks.empty()) throw InvalidArgument("a consumer without a callback cannot take messages");
  std::shared_ptr<const Json> body;
  try {
    body = messaging::MessageAccess::payload(message);
  } catch (const Error& error) {
    if (!options.on_decode_error) throw;
    options.on_decode_error(message, error);
    return;
  }
  for (std::size_t i = 0; i < callbacks.size(); ++i) callbacks[i](*body, message);
}

void Consumer::State::add(Queue queue) {
  ChannelCore& channel = messaging::live(core);
  if (options.auto_declare) messaging::declare(channel, queue, {});
  queues.push_back(std::move(queue));
}

void Consumer::State::consume(std::optional<bool> no_ack) {
  ChannelCore& channel = messaging::live(core);
  bool any = false;
  for (const Queue& queue : queues) {
    const auto has = [&](const auto& entry) { return entry.first == queue.name; };
    if (std::any_of(active.begin(), active.end(), has)) continue;
    const std::string tag = next_tag(options.tag_prefix);
    SubscribeOptions subscribe;
    subscribe.consumer_tag = tag;
    subscribe.no_ack = no_ack.value_or(options.no_ack.value_or(queue.no_ack));
    subscribe.exclusive = options.exclusive;
    subscribe.prefetch_count = options.prefetch_count;
    subscribe.arguments = &queue.consumer_arguments;
    active.emplace_back(queue.name,
                        channel.subscribe(queue.name, subscribe, shared_from_this(), accept, options.fetch));
    any = true;
  }
  if (any) channel.publish_sources();
}

void Consumer::State::cancel() {
  while (!active.empty()) {
    const auto source = std::move(active.back().second);
    active.pop_back();
    if (!core->closed()) core->unsubscribe(source);
  }
}

Consumer::Consumer(const Channel& channel, std::vector<Queue> queues, ConsumerOptions options)
    : Consumer(channel.core_, std::move(queues), std::move(options)) {}

Consumer::Consumer(std::shared_ptr<ChannelCore> core, std::vector<Queue> queues, ConsumerOptions options)
    : state_(std::make_shared<State>()) {
  state_->core = std::move(core);
  state_->accept = options.accept
                       ? std::make_shared<const Accept>(std::span<const std::string>(*options.accept))
                       : std::make_shared<const Accept>();
  state_->options = std::move(options);
  for (Queue& queue : queues) state_->add(std::move(queue));
}

Consumer Consumer::owning(std::shared_ptr<ChannelCore> core, std::vector<Queue> queues,
                          ConsumerOptions options) {
  struct Guard {  // the channel is the consumer's from the first moment: it goes if declaring fails
    std::shared_ptr<ChannelCore> core;
    ~Guard() {
      if (core != nullptr) core->close();
    }
  } guard{core};
  Consumer consumer(std::move(core), std::move(queues), std::move(options));
  consumer.state_->owns_channel = true;
  guard.core = nullptr;
  return consumer;
}

Consumer::Consumer(const Channel& channel, std::vector<Queue> queues, Callback callback,
                   ConsumerOptions options)
    : Consumer(channel, std::move(queues), std::move(options)) {
  register_callback(std::move(callback));
}

Consumer::Consumer(const Channel& channel, std::vector<Queue> queues, OnMessage on_message,
                   ConsumerOptions options)
    : Consumer(channel, std::move(queues), std::move(options)) {
  this->on_message(std::move(on_message));
}

Consumer::Consumer(Consumer&&) noexcept = default;

Consumer& Consumer::operator=(Consumer&& other) noexcept {
  Consumer old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Consumer::~Consumer() { close(); }

void Consumer::consume(std::optional<bool> no_ack) { state_->consume(no_ack); }

void Consumer::cancel() { state_->cancel(); }

void Consumer::cancel_by_queue(std::string_view queue) {
  auto& active = state_->active;
  const auto found =
      std::find_if(active.begin(), active.end(), [&](const auto& e) { return e.first == queue; });
  if (found != active.end()) {
    const auto source = found->second;
    active.erase(found);
    messaging::live(state_->core).unsubscribe(source);
  }
  std::erase_if(state_->queues, [&](const Queue& q) { return q.name == queue; });
}

void Consumer::add_queue(Queue queue) { state_->add(std::move(queue)); }

bool Consumer::consuming_from(std::string_view queue) const {
  const auto& active = state_->active;
  return std::any_of(active.begin(), active.end(), [&](const auto& e) { return e.first == queue; });
}

void Consumer::register_callback(Callback callback) { state_->callbacks.push_back(std::move(callback)); }

void Consumer::on_message(OnMessage callback) {
  if (state_->on_message != nullptr) state_->replaced.push_back(std::move(state_->on_message));
  state_->on_message = std::make_unique<OnMessage>(std::move(callback));
}

std::uint64_t Consumer::purge() {
  std::uint64_t count = 0;
  const ChannelCore::Pass pass(messaging::live(state_->core));
  for (const Queue& queue : state_->queues) count += pass->purge_queue(queue.name);
  return count;
}

void Consumer::qos(std::uint32_t prefetch_count) {
  const ChannelCore::Pass pass(messaging::live(state_->core));
  state_->options.prefetch_count = prefetch_count;
  for (const auto& [queue, source] : state_->active) source->subscription->set_prefetch(prefetch_count);
}

void Consumer::recover() { messaging::live(state_->core).recover(); }

const std::vector<Queue>& Consumer::queues() const noexcept { return state_->queues; }

std::string_view Consumer::consumer_tag(std::string_view queue) const {
  for (const auto& [name, source] : state_->active) {
    if (name == queue) return source->info->tag;
  }
  return {};
}

void Consumer::close() noexcept {
  if (state_ == nullptr || state_->core == nullptr) return;
  if (!state_->owns_channel) {
    try {
      state_->cancel();
      return;
    } catch (const std::exception&) {
      // Another thread is inside: what it would call back is about to go. Closing waits for it.
    }
  }
  state_->core->close();
  auto core = state_->core;
  state_->active.clear();
  core->keep_while_dispatching(core);
}

}  // namespace kelp
