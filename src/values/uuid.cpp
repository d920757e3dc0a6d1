#include <kelp/uuid.hpp>

#include <array>
#include <cstdint>

namespace kelp {

void uuid4(Clock& clock, std::span<char, 36> out) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::uint64_t, 2> bits{clock.random(), clock.random()};
  bits[0] = (bits[0] & ~0xF000ull) | 0x4000ull;                         // version 4
  bits[1] = (bits[1] & 0x3FFFFFFFFFFFFFFFull) | 0x8000000000000000ull;  // RFC 4122's variant
  std::size_t at = 0;
  for (std::size_t nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) out[at++] = '-';
    out[at++] = digits[(bits[nibble / 16] >> (60 - 4 * (nibble % 16))) & 0xF];
  }
}

std::string uuid4(Clock& clock) {
  std::string text(36, '\0');
  uuid4(clock, std::span<char, 36>(text.data(), 36));
  return text;
}

}  // namespace kelp
