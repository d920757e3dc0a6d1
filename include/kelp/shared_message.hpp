#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kelp/export.hpp>
#include <kelp/field_table.hpp>
#include <kelp/properties.hpp>

namespace kelp {

namespace message {
struct Block;
}

/// A handle on one immutable message: address, properties, headers and body in one pooled block.
///
/// A handle owns a reference or borrows one. A borrowed handle is valid only while its lender
/// keeps the message (a transport: until the delivery is settled); a copy always owns.
/// Threads: distinct handles on one message may be used by different threads.
class KELP_API SharedMessage {
 public:
  SharedMessage() noexcept = default;
  SharedMessage(const SharedMessage& other) noexcept;
  SharedMessage(SharedMessage&& other) noexcept : word_(other.word_) { other.word_ = 0; }
  SharedMessage& operator=(const SharedMessage& other) noexcept;
  SharedMessage& operator=(SharedMessage&& other) noexcept;
  ~SharedMessage() {
    if (word_ & owned_bit) release();
  }

  /// Takes over a reference that the caller owns.
  [[nodiscard]] static SharedMessage adopt(message::Block* block) noexcept;
  /// Refers without owning.
  [[nodiscard]] static SharedMessage borrow(message::Block* block) noexcept;

  /// Allocates a message outside any pool, for transports and tests. Throws InvalidArgument when a
  /// name, key or property does not fit AMQP's limits.
  [[nodiscard]] static SharedMessage make(const Address& address, const Properties& properties,
                                          std::span<const std::byte> body);

  [[nodiscard]] explicit operator bool() const noexcept { return word_ != 0; }
  [[nodiscard]] bool owns() const noexcept { return (word_ & owned_bit) != 0; }
  /// Makes a borrowed handle an owner, by taking a reference of its own.
  void own() noexcept;
  /// Declares that the lender has handed over its reference: no count changes.
  void become_owner() noexcept { word_ |= word_ != 0 ? owned_bit : 0; }
  /// Gives the reference away: the handle is empty afterwards. Only for owners.
  [[nodiscard]] message::Block* detach() noexcept;

  [[nodiscard]] Address address() const noexcept;
  /// Views into the message; `headers` is null: see headers(). Does not allocate.
  [[nodiscard]] Properties properties() const noexcept;
  [[nodiscard]] bool has_headers() const noexcept;
  /// Decodes the headers. Allocates.
  [[nodiscard]] FieldTable headers() const;
  [[nodiscard]] std::span<const std::byte> body() const noexcept;

  [[nodiscard]] message::Block* block() const noexcept {
    return reinterpret_cast<message::Block*>(word_ & ~owned_bit);
  }

 private:
  static constexpr std::uintptr_t owned_bit = 1;
  explicit SharedMessage(std::uintptr_t word) noexcept : word_(word) {}
  void release() noexcept;

  std::uintptr_t word_ = 0;
};

}  // namespace kelp
