#include "cli/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <kelp/error.hpp>

#if defined(KELP_HAVE_ZSTD)
#include <zstd.h>
#endif

namespace kelp::cli {

#if defined(KELP_HAVE_ZSTD)

struct OutputFile::Compressor {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  explicit Compressor(bool small_window) : context(ZSTD_createCCtx()), out(ZSTD_CStreamOutSize()) {
    if (!context) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, small_window ? 1 : 3);
    if (small_window) ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, 17);
  }

  /// Hands every piece of output to `sink` until it refuses; false then, or when zstd fails.
  template <class Sink>
  bool run(std::string_view bytes, ZSTD_EndDirective directive, Sink sink) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer target{out.data(), out.size(), 0};
      left = ZSTD_compressStream2(context.get(), &target, &in, directive);
      if (ZSTD_isError(left) != 0U) return false;
      if (target.pos > 0 && !sink(std::string_view(out.data(), target.pos))) return false;
    } while (left != 0 || in.pos < in.size);
    return true;
  }

  std::unique_ptr<ZSTD_CCtx, Free> context;
  struct Buffer {
    explicit Buffer(std::size_t size) : bytes(new char[size]), length(size) {}
    char* data() { return bytes.get(); }
    [[nodiscard]] std::size_t size() const { return length; }
    std::unique_ptr<char[]> bytes;
    std::size_t length;
  } out;
};

#else

struct OutputFile::Compressor {};

#endif

OutputFile::OutputFile(std::string path, const Options& options)
    : path_(std::move(path)), capacity_(options.buffer) {
  if (options.zstd) {
#if defined(KELP_HAVE_ZSTD)
    compressor_ = std::make_unique<Compressor>(options.small_window);
#else
    throw NotSupported("--zstd: this kelp was built without zstd");
#endif
  }
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) throw OperationalError("cannot open '" + path_ + "': " + std::strerror(errno), false);
  struct stat info {};
  regular_ = fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  buffer_.reserve(capacity_);
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool OutputFile::append(std::string_view line) {
  if (failed()) return false;
  if (buffer_.size() + line.size() + 1 > capacity_ && !flush()) return false;
  if (line_open_) buffer_ += '\n';
  line_open_ = line.empty() || line.back() != '\n';
  if (buffer_.size() + line.size() <= capacity_) {
    buffer_ += line;
    ++pending_;
    return true;
  }
  // Longer than the buffer, which holds at most the line end that was owed.
  buffer_ += line;
  ++pending_;
  flush();
  buffer_.shrink_to_fit();
  buffer_.reserve(capacity_);
  return !failed();
}

bool OutputFile::flush() {
  if (!failed() && !buffer_.empty()) write_lines(buffer_, pending_);
  buffer_.clear();
  return !failed();
}

void OutputFile::write_lines(std::string_view lines, std::uint64_t count) {
  if (compressor_)
    write_compressed(lines, count);
  else
    write_plain(lines, count);
  if (failed()) return;
  written_ += count;
  pending_ -= count;
  flushed_open_ = line_open_;
}

void OutputFile::write_plain(std::string_view lines, std::uint64_t) {
  const std::size_t done = write_bytes(lines);
  if (done == lines.size()) {
    size_ += done;
    return;
  }
  // A line end inside belongs to a line of this batch, but for the one that an earlier line was owed.
  const std::string_view prefix = lines.substr(0, done);
  const std::size_t last = prefix.rfind('\n');
  if (last != std::string_view::npos) {
    const auto ends = static_cast<std::uint64_t>(std::count(prefix.begin(), prefix.end(), '\n'));
    const std::uint64_t whole = ends - (flushed_open_ ? 1 : 0);
    size_ += last + 1;
    written_ += whole;
    pending_ -= whole;
  }
  cut_back(size_);
}

void OutputFile::write_compressed([[maybe_unused]] std::string_view lines, std::uint64_t) {
#if defined(KELP_HAVE_ZSTD)
  std::uint64_t grown = 0;
  const auto sink = [&](std::string_view bytes) {
    const std::size_t done = write_bytes(bytes);
    grown += done;
    return done == bytes.size();
  };
  if (compressor_->run(lines, ZSTD_e_flush, sink)) {
    size_ += grown;
    return;
  }
  if (!failed()) fail("cannot compress into", 0);
  cut_back(size_);
  // An empty raw block marked as the last one (RFC 8878, section 3.1.1.2) closes a frame without
  // checksum, whatever the compressor had in mind.
  if (size_ > 0) write_bytes(std::string_view("\x01\x00\x00", 3));
#endif
}

std::size_t OutputFile::write_bytes(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = write(fd_, bytes.data() + done, bytes.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      fail("cannot write", errno);
      break;
    }
  }
  return done;
}

bool OutputFile::close() {
  if (fd_ < 0) return !failed();
  flush();
#if defined(KELP_HAVE_ZSTD)
  if (compressor_ && !failed()) {
    const auto sink = [&](std::string_view bytes) { return write_bytes(bytes) == bytes.size(); };
    if (!compressor_->run({}, ZSTD_e_end, sink) && !failed()) fail("cannot compress into", 0);
  }
#endif
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0 && errno != EINTR) fail("cannot close", errno);
  return !failed();
}

void OutputFile::fail(const char* doing, int number) {
  if (failed()) return;
  error_ = std::string(doing) + " '" + path_ + "'" +
           (number != 0 ? std::string(": ") + std::strerror(number) : "");
}

void OutputFile::cut_back(std::uint64_t size) {
  if (!regular_) return;
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0 || lseek(fd_, static_cast<off_t>(size), SEEK_SET) < 0)
    error_ += std::string(" (and cannot cut it back to ") + std::to_string(size) +
              " bytes: " + std::strerror(errno) + ")";
}

}  // namespace kelp::cli
