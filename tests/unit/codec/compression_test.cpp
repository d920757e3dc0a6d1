#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <kelp/compression.hpp>
#include <kelp/error.hpp>

#include "codec/registries.hpp"

using namespace kelp;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct Fresh {
  Fresh() { codec::reset_registries(); }
  ~Fresh() { codec::reset_registries(); }
};

Compression reversing(std::vector<std::string> names, std::string type) {
  const auto reverse = [](std::span<const std::byte> body, std::string& out) {
    out.assign(reinterpret_cast<const char*>(body.data()), body.size());
    out.assign(out.rbegin(), out.rend());
  };
  return {std::move(names), std::move(type), reverse,
          [reverse](std::span<const std::byte> body, std::string& out, std::size_t) { reverse(body, out); }};
}

}  // namespace

TEST_CASE_FIXTURE(Fresh, "an unknown compression lists what there is") {
  std::string out;
  CHECK_THROWS_WITH_AS(static_cast<void>(compress(bytes("x"), "zst", out)),
                       doctest::Contains("no compression \"zst\""), SerializerNotInstalled);
  CHECK_THROWS_AS(decompress(bytes("x"), "application/x-nope", out), SerializerNotInstalled);
}

TEST_CASE_FIXTURE(Fresh, "compressions can be added, and found by alias and type") {
  register_compression(reversing({"rev", "backwards"}, "application/x-rev"));
  std::string out;
  CHECK(compress(bytes("abc"), "rev", out) == "application/x-rev");
  CHECK(out == "cba");
  CHECK(compress(bytes("abc"), "application/x-rev", out) == "application/x-rev");
  decompress(bytes("cba"), "backwards", out);
  CHECK(out == "abc");

  register_compression(reversing({"backwards"}, "application/x-new"));
  CHECK(compress(bytes("abc"), "backwards", out) == "application/x-new");
  CHECK(compress(bytes("abc"), "rev", out) == "application/x-rev");
}

TEST_CASE_FIXTURE(Fresh, "registrations are checked, and errors wrapped") {
  CHECK_THROWS_AS(register_compression(reversing({}, "a/b")), InvalidArgument);
  CHECK_THROWS_AS(register_compression(reversing({""}, "a/b")), InvalidArgument);
  CHECK_THROWS_AS(register_compression(reversing({"x"}, "")), InvalidArgument);
  CHECK_THROWS_AS(register_compression({{"x"}, "a/b", nullptr, nullptr}), InvalidArgument);
  register_compression({{"bad"},
                        "a/b",
                        [](auto, std::string&) { throw std::runtime_error("no"); },
                        [](auto, std::string&, std::size_t) { throw std::runtime_error("neither"); }});
  std::string out;
  CHECK_THROWS_WITH_AS(static_cast<void>(compress(bytes("x"), "bad", out)), "bad: no", EncodeError);
  CHECK_THROWS_WITH_AS(decompress(bytes("x"), "bad", out), "bad: neither", DecodeError);
}

#ifdef KELP_TEST_ZSTD

TEST_CASE_FIXTURE(Fresh, "zstd goes there and back, whatever the size") {
  for (const std::size_t size : {0u, 1u, 100u, 5000u, 1000000u}) {
    std::string body(size, '\0'), packed, out = "left over";
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * i >> 7);
    for (const char* name : {"zstd", "zstandard", "application/zstd"}) {
      CHECK(compress(bytes(body), name, packed) == "application/zstd");
      decompress(bytes(packed), name, out);
      CHECK(out == body);
    }
  }
}

TEST_CASE_FIXTURE(Fresh, "zstd frames are what Python's readers want: with their content size") {
  std::string packed;
  static_cast<void>(compress(bytes(std::string(300, 'x')), "zstd", packed));
  REQUIRE(packed.size() > 6);
  CHECK(packed.substr(0, 4) == "\x28\xB5\x2F\xFD");
  // RFC 8878, 3.1.1.1: single segment with a content size of two bytes, less 256.
  CHECK((static_cast<unsigned char>(packed[4]) >> 6) == 1);
  CHECK(static_cast<unsigned char>(packed[5]) == 300 - 256);
}

TEST_CASE_FIXTURE(Fresh, "a decompressed body is limited") {
  std::string packed, out;
  static_cast<void>(compress(bytes(std::string(1 << 20, 'x')), "zstd", packed));
  decompress(bytes(packed), "zstd", out, 1 << 20);
  CHECK(out.size() == 1 << 20);
  CHECK_THROWS_WITH_AS(decompress(bytes(packed), "zstd", out, (1 << 20) - 1),
                       doctest::Contains("larger than 1048575"), DecodeError);
  // A frame may hide its size, and several may follow one another.
  const std::string twice = packed + packed;
  decompress(bytes(twice), "zstd", out, 2 << 20);
  CHECK(out.size() == 2 << 20);
  CHECK_THROWS_AS(decompress(bytes(twice), "zstd", out, (2 << 20) - 1), DecodeError);
}

TEST_CASE_FIXTURE(Fresh, "damaged zstd is refused") {
  std::string packed, out;
  static_cast<void>(
      compress(bytes("some text that is long enough to be a block of its own"), "zstd", packed));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(decompress(bytes(packed).first(size), "zstd", out), DecodeError);
  }
  CHECK_THROWS_AS(decompress(bytes(packed + "x"), "zstd", out), DecodeError);
  CHECK_THROWS_AS(decompress(bytes("plain text"), "zstd", out), DecodeError);
  // A frame that claims 255 MiB and holds nothing fails without asking for them.
  const unsigned char bomb[] = {0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0x00, 0x00, 0xF0, 0x0F, 0x01};
  CHECK_THROWS_AS(decompress(std::as_bytes(std::span(bomb)), "zstd", out), DecodeError);
  CHECK(out.capacity() < 1 << 20);
}

#endif
