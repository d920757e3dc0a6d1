#include <kelp/message.hpp>

#include <utility>

#include <kelp/compression.hpp>
#include <kelp/error.hpp>

#include "messaging/message_access.hpp"

namespace kelp {

using messaging::Decoded;

namespace {

const Accept& default_accept() {
  static const Accept accept;
  return accept;
}

[[noreturn, gnu::cold]] void throw_settled(MessageState state, std::uint64_t tag) {
  std::string text = "message " + std::to_string(tag);
  switch (state) {
    case MessageState::acked:
      throw MessageStateError(text + " is acknowledged already");
    case MessageState::rejected:
      throw MessageStateError(text + " is rejected already");
    case MessageState::requeued:
      throw MessageStateError(text + " is requeued already");
    default:
      throw MessageStateError(text + " cannot be settled: its channel is closed");
  }
}

}  // namespace

Message::Message() noexcept = default;

Message::Message(Message&& other) noexcept
    : shared_(std::move(other.shared_)),
      record_(std::exchange(other.record_, nullptr)),
      tag_(std::exchange(other.tag_, 0)),
      consumer_(std::exchange(other.consumer_, nullptr)),
      consumer_owner_(std::move(other.consumer_owner_)),
      decoded_(std::move(other.decoded_)),
      redelivered_(other.redelivered_) {
  // On the stack of a drain it borrows; from here it may go anywhere.
  shared_.own();
  if (consumer_ != nullptr && consumer_owner_ == nullptr) consumer_owner_ = consumer_->shared_from_this();
}

Message& Message::operator=(Message&& other) noexcept {
  if (this == &other) return *this;
  this->~Message();
  return *::new (static_cast<void*>(this)) Message(std::move(other));
}

Message::~Message() {
  if (record_ != nullptr) record_->pool->drop_messages(*record_);
}

const FieldTable& Message::headers() const {
  if (decoded_ == nullptr) decoded_ = std::make_unique<Decoded>();
  if (decoded_->headers == nullptr) decoded_->headers = std::make_unique<FieldTable>(shared_.headers());
  return *decoded_->headers;
}

std::span<const std::byte> Message::body() const {
  if (!shared_.has_headers()) return shared_.body();
  const FieldValue* compression = headers().find("compression");
  const std::string* name = compression != nullptr ? compression->get_if<std::string>() : nullptr;
  if (name == nullptr || name->empty()) return shared_.body();
  if (!decoded_->decompressed) {
    decompress(shared_.body(), *name, decoded_->body);
    decoded_->decompressed = true;
  }
  return std::as_bytes(std::span(decoded_->body));
}

std::string_view Message::text() const {
  const auto bytes = body();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const Json& Message::payload() {
  if (decoded_ != nullptr && decoded_->payload != nullptr) return *decoded_->payload;
  const Accept& accept = consumer_ != nullptr ? *consumer_->accept : default_accept();
  const Properties own = properties();
  accept.check(own.content_type);
  auto payload = std::make_shared<const Json>(loads(body(), own.content_type, own.content_encoding, accept));
  if (decoded_ == nullptr) decoded_ = std::make_unique<Decoded>();
  decoded_->payload = std::move(payload);
  return *decoded_->payload;
}

DeliveryInfo Message::delivery_info() const noexcept {
  if (!shared_) return {};
  const Address address = shared_.address();
  const std::string_view tag = consumer_ != nullptr ? std::string_view(consumer_->tag) : std::string_view();
  return {address.exchange, address.routing_key, tag, tag_, redelivered_};
}

void Message::settle(MessageState outcome, bool multiple) {
  if (record_ == nullptr) {
    if (shared_) return;  // no_ack
    throw MessageStateError("an empty message cannot be settled");
  }
  if (!record_->decide(outcome)) [[unlikely]]
    throw_settled(state(), tag_);
  record_->pool->core().settle(*record_, shared_, multiple);
}

void Message::ack(bool multiple) { settle(MessageState::acked, multiple); }
void Message::reject(bool requeue) {
  settle(requeue ? MessageState::requeued : MessageState::rejected, false);
}
void Message::requeue() { settle(MessageState::requeued, false); }

MessageState Message::state() const noexcept {
  // Acquire: who sees it settled sees what its settler did before.
  return record_ != nullptr ? record_->state.load(std::memory_order_acquire) : MessageState::received;
}

bool Message::acknowledged() const noexcept {
  const MessageState now = state();
  return now != MessageState::received && now != MessageState::closed;
}

}  // namespace kelp
