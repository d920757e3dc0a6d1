#include <kelp/shared_message.hpp>

#include "message/block.hpp"
#include "message/field_codec.hpp"
#include "message/make.hpp"
#include "message/pool.hpp"
#include "message/properties_codec.hpp"

namespace kelp {

SharedMessage::SharedMessage(const SharedMessage& other) noexcept : word_(other.word_ & ~owned_bit) { own(); }

SharedMessage& SharedMessage::operator=(const SharedMessage& other) noexcept {
  return *this = SharedMessage(other);
}

SharedMessage& SharedMessage::operator=(SharedMessage&& other) noexcept {
  if (this != &other) {
    if (owns()) release();
    word_ = other.word_;
    other.word_ = 0;
  }
  return *this;
}

SharedMessage SharedMessage::adopt(message::Block* block) noexcept {
  return SharedMessage(block == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(block) | owned_bit);
}

SharedMessage SharedMessage::borrow(message::Block* block) noexcept {
  return SharedMessage(reinterpret_cast<std::uintptr_t>(block));
}

SharedMessage SharedMessage::make(const Address& address, const Properties& properties,
                                  std::span<const std::byte> body) {
  return adopt(&message::make_unpooled(address, properties, body));
}

void SharedMessage::own() noexcept {
  if (word_ == 0 || owns()) return;
  message::add_references(*block(), 1);
  word_ |= owned_bit;
}

message::Block* SharedMessage::detach() noexcept {
  message::Block* const given = block();
  word_ = 0;
  return given;
}

void SharedMessage::release() noexcept { message::release(*block()); }

Address SharedMessage::address() const noexcept {
  if (word_ == 0) return {};
  return {.exchange = block()->exchange(), .routing_key = block()->routing_key()};
}

Properties SharedMessage::properties() const noexcept {
  return word_ == 0 ? Properties{} : message::decode_properties(block()->properties()).properties;
}

bool SharedMessage::has_headers() const noexcept {
  return word_ != 0 && !message::decode_properties(block()->properties()).headers.empty();
}

FieldTable SharedMessage::headers() const {
  if (word_ == 0) return {};
  const auto encoded = message::decode_properties(block()->properties()).headers;
  return encoded.empty() ? FieldTable{} : message::decode_table(encoded);
}

std::span<const std::byte> SharedMessage::body() const noexcept {
  return word_ == 0 ? std::span<const std::byte>{} : block()->body();
}

}  // namespace kelp
