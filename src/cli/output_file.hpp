// One queue's file: whole lines, plain or as one zstd frame.
//
// What is counted as written is in the file: flushed to the system and, after a failure, cut back to
// the last whole line. A zstd file is cut back to the last flushed block and its frame is closed, so
// that it stays readable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kelp::cli {

/// Threads: one at a time.
class OutputFile {
 public:
  struct Options {
    bool zstd = false;
    std::size_t buffer = std::size_t{256} << 10;
    bool small_window = false;  ///< zstd: less memory, for many files
  };

  /// Creates or empties `path`. Throws OperationalError with the path and the system's reason,
  /// NotSupported for zstd in a build without it.
  OutputFile(std::string path, const Options& options);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Takes one line as it came. If the line before had no line end it gets one first. Flushes when
  /// the buffer is full. False once anything has failed: the line is not taken.
  bool append(std::string_view line);
  /// False once anything has failed.
  bool flush();
  /// Flushes, ends the frame, closes. False once anything has failed.
  bool close();

  /// Lines that are in the file.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// Lines taken and not yet in the file; after a failure they are lost.
  [[nodiscard]] std::uint64_t pending() const noexcept { return pending_; }
  [[nodiscard]] bool failed() const noexcept { return !error_.empty(); }
  /// With the path and the system's reason.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  struct Compressor;

  void write_lines(std::string_view lines, std::uint64_t count);
  void write_plain(std::string_view lines, std::uint64_t count);
  void write_compressed(std::string_view lines, std::uint64_t count);
  std::size_t write_bytes(std::string_view bytes);
  void fail(const char* doing, int number);
  void cut_back(std::uint64_t size);

  std::string path_;
  int fd_ = -1;
  bool regular_ = false;
  bool line_open_ = false;     // the last line taken had no line end
  bool flushed_open_ = false;  // the same of the last line that is in the file
  std::size_t capacity_;
  std::string buffer_;
  std::uint64_t size_ = 0;  // of the file, up to the last whole line or block
  std::uint64_t written_ = 0;
  std::uint64_t pending_ = 0;
  std::string error_;
  std::unique_ptr<Compressor> compressor_;
};

}  // namespace kelp::cli
