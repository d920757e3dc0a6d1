// Encoding a message into a block: the only place where a message is written.
#include <limits>
#include <new>
#include <string>

#include <kelp/error.hpp>

#include "message/arena.hpp"
#include "message/make.hpp"
#include "message/properties_codec.hpp"

namespace kelp::message {
namespace {

// What a message needs, computed before anything is allocated.
struct Plan {
  PropertyPlan properties;
  std::size_t body_offset;
  std::size_t size;
};

[[noreturn, gnu::cold, gnu::noinline]] void refuse(const char* what, std::string_view text) {
  throw InvalidArgument(std::string(what) + " \"" + std::string(text.substr(0, 40)) + "...\" has " +
                        std::to_string(text.size()) + " bytes; AMQP's limit is 255");
}

[[noreturn, gnu::cold, gnu::noinline]] void refuse_size(std::size_t size) {
  throw InvalidArgument("properties and headers have " + std::to_string(size) + " bytes; the limit is 4 GiB");
}

[[gnu::always_inline]] inline Plan plan_message(const Address& address, const Properties& properties,
                                                std::span<const std::byte> body) {
  if (address.exchange.size() > 255) [[unlikely]]
    refuse("exchange name", address.exchange);
  if (address.routing_key.size() > 255) [[unlikely]]
    refuse("routing key", address.routing_key);
  Plan plan;
  plan.properties = plan_properties(properties);
  const std::size_t head = sizeof(Block) + address.exchange.size() + address.routing_key.size();
  plan.body_offset = (head + plan.properties.size + 7) & ~std::size_t{7};
  if (plan.body_offset > std::numeric_limits<std::uint32_t>::max()) [[unlikely]] {
    refuse_size(plan.properties.size);
  }
  plan.size = plan.body_offset + body.size();
  return plan;
}

[[gnu::always_inline]] inline void fill(Block& block, const Plan& plan, const Address& address,
                                        const Properties& properties,
                                        std::span<const std::byte> body) noexcept {
  // Relaxed: the block is published by whatever hands it on.
  block.refs.store(1, std::memory_order_relaxed);
  block.properties_size = static_cast<std::uint32_t>(plan.properties.size);
  block.body_size = body.size();
  block.body_offset = static_cast<std::uint32_t>(plan.body_offset);
  block.exchange_size = static_cast<std::uint8_t>(address.exchange.size());
  block.key_size = static_cast<std::uint8_t>(address.routing_key.size());
  std::byte* out = put_text(block.bytes(), address.exchange);
  out = put_text(out, address.routing_key);
  encode_properties(properties, plan.properties, out);
  copy(reinterpret_cast<std::byte*>(&block) + plan.body_offset, body.data(), body.size());
}

Block& allocate_exact(std::size_t size) {
  auto* block = new (::operator new(size)) Block;
  block->home = nullptr;
  block->size_class = exact_class;
  return *block;
}

[[gnu::noinline]] Block& make_exact(const Plan& plan, const Address& address, const Properties& properties,
                                    std::span<const std::byte> body) {
  Block& block = allocate_exact(plan.size);
  fill(block, plan, address, properties, body);
  return block;
}

}  // namespace

Block& make(Arena& arena, const Address& address, const Properties& properties,
            std::span<const std::byte> body) {
  const Plan plan = plan_message(address, properties, body);
  if (plan.size > largest_block) [[unlikely]]
    return make_exact(plan, address, properties, body);
  Block& block = arena.take(class_of(plan.size));
  fill(block, plan, address, properties, body);
  return block;
}

Block& make_unpooled(const Address& address, const Properties& properties, std::span<const std::byte> body) {
  return make_exact(plan_message(address, properties, body), address, properties, body);
}

}  // namespace kelp::message
