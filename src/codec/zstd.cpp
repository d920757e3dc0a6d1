// zstd (RFC 8878): one frame, level 3, with the content size in its header, because Python's readers
// refuse frames without it. Contexts are kept for each thread: making one costs more than most bodies.
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include <kelp/error.hpp>

#include "codec/registries.hpp"

namespace kelp::codec {
namespace {

constexpr int level = 3;

struct Free {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (context == nullptr) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  return context.get();
}

void compress_zstd(std::span<const std::byte> body, std::string& out) {
  out.resize(ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compressCCtx(compressor(), out.data(), out.size(), body.data(), body.size(), level);
  if (ZSTD_isError(size)) throw EncodeError(std::string("zstd: ") + ZSTD_getErrorName(size));
  out.resize(size);
}

[[noreturn]] void too_large(std::size_t limit) {
  throw DecodeError("zstd: the body would be larger than " + std::to_string(limit) + " bytes");
}

// What to reserve at first: what the frame claims, but never more than the input makes likely.
std::size_t first_size(std::span<const std::byte> body, std::size_t limit) {
  const unsigned long long claimed = ZSTD_getFrameContentSize(body.data(), body.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) throw DecodeError("zstd: the body is no zstd frame");
  const std::size_t likely = body.size() * 32 + 4096;
  if (claimed == ZSTD_CONTENTSIZE_UNKNOWN) return std::min(likely, limit);
  if (claimed > limit) too_large(limit);
  return std::min(likely, static_cast<std::size_t>(claimed));
}

void decompress_zstd(std::span<const std::byte> body, std::string& out, std::size_t limit) {
  limit = std::min(limit, out.max_size() - 1);
  out.resize(std::max<std::size_t>(first_size(body, limit), 1));
  ZSTD_DCtx* const context = decompressor();
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  for (;;) {
    const std::size_t before = in.pos + target.pos;
    const std::size_t left = ZSTD_decompressStream(context, &target, &in);
    if (ZSTD_isError(left)) {
      throw DecodeError(std::string("zstd: ") + ZSTD_getErrorName(left) + " near byte " +
                        std::to_string(in.pos));
    }
    if (target.pos > limit) too_large(limit);
    if (left == 0 && in.pos == in.size) break;
    if (target.pos == target.size) {
      // One more than the limit, so that a body of just that size can end.
      out.resize(std::min(std::max<std::size_t>(out.size() * 2, 4096), limit + 1));
      target.dst = out.data();
      target.size = out.size();
    } else if (in.pos + target.pos == before) {
      throw DecodeError("zstd: the body ends early, after " + std::to_string(body.size()) + " bytes");
    }
  }
  out.resize(target.pos);
}

}  // namespace

Compression zstd_compression() {
  return {.names = {"zstd", "zstandard"},
          .content_type = "application/zstd",
          .compress = compress_zstd,
          .decompress = decompress_zstd};
}

}  // namespace kelp::codec
