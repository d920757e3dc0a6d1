// Encoded field tables: what can be decoded is encoded again, within its computed size, and means the
// same. Input: the table with its length word.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include <kelp/error.hpp>

#include "message/field_codec.hpp"

namespace {

using namespace kelp;
using namespace kelp::message;

std::vector<std::byte> encoded(const FieldTable& table) {
  std::vector<std::byte> bytes(encoded_size(table));
  if (encode_table(table, bytes.data()) != bytes.data() + bytes.size()) {
    std::fprintf(stderr, "the size was wrong\n");
    std::abort();
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FieldTable table;
  try {
    table = decode_table(std::as_bytes(std::span(data, size)));
  } catch (const DecodeError&) {
    return 0;
  }
  const auto once = encoded(table);
  // Bytes, not values: a NaN is not equal to itself.
  if (once.size() > size || encoded(decode_table(once)) != once) {
    std::fprintf(stderr, "the table changed\n");
    std::abort();
  }
  return 0;
}
