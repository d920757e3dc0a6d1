#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <kelp/error.hpp>

#include "cli/line_reader.hpp"
#include "cli/output_file.hpp"
#include "cli/route_windows.hpp"

using namespace kelp::cli;

namespace {

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/kelp-cli-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TempDir() { std::system(("rm -rf " + path_).c_str()); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text, std::size_t longest, std::size_t buffer) {
  const TempDir dir;
  std::ofstream(dir / "in", std::ios::binary) << text;
  const int fd = open((dir / "in").c_str(), O_RDONLY);
  LineReader reader(fd, longest, buffer);
  std::vector<std::string> lines;
  while (true) {
    const LineReader::Result result = reader.next();
    if (result == LineReader::Result::line)
      lines.emplace_back(reader.line());
    else if (result == LineReader::Result::too_long)
      lines.push_back("too long: " + std::to_string(reader.length()));
    else
      break;
  }
  close(fd);
  return lines;
}

using Lines = std::vector<std::string>;

/// A file size limit makes write() fail at an exact byte, as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("lines come as they are, whatever the buffer") {
  const std::string text = std::string("one\ntwo\r\n\nfo\0ur\nlast", 20);
  const Lines expected{"one\n", "two\r\n", "\n", std::string("fo\0ur\n", 6), "last"};
  for (const std::size_t buffer : {1U, 2U, 3U, 5U, 8U, 64U}) CHECK(lines_of(text, 1000, buffer) == expected);
  CHECK(lines_of("", 10, 4) == Lines{});
  CHECK(lines_of("\n", 10, 4) == Lines{"\n"});
  CHECK(without_line_end("a\r\n") == "a");
  CHECK(without_line_end("a\r") == "a\r");
  CHECK(without_line_end("\n").empty());
}

TEST_CASE("lines over the limit are skipped and measured") {
  for (const std::size_t buffer : {4U, 11U, 100U}) {
    CHECK(lines_of("0123456789\nx\n", 10, buffer) == Lines{"0123456789\n", "x\n"});
    CHECK(lines_of("0123456789a\nx\n", 10, buffer) == Lines{"too long: 12", "x\n"});
    CHECK(lines_of("x\n" + std::string(50, 'y') + "\nz", 10, buffer) == Lines{"x\n", "too long: 51", "z"});
    CHECK(lines_of(std::string(50, 'y'), 10, buffer) == Lines{"too long: 50"});
  }
}

TEST_CASE("a directory cannot be read") {
  const int fd = open("/tmp", O_RDONLY);
  LineReader reader(fd);
  CHECK(reader.next() == LineReader::Result::failed);
  CHECK(reader.error() == EISDIR);
  close(fd);
}

TEST_CASE("a file holds what was written; a missing line end is made up only before another line") {
  const TempDir dir;
  OutputFile file(dir / "q.log", {.buffer = 8});
  CHECK(file.append("a\n"));
  CHECK(file.append("b"));
  CHECK(file.flush());
  CHECK(content(dir / "q.log") == "a\nb");
  CHECK(file.append("c\r\n"));
  CHECK(file.append("much longer than the buffer"));
  CHECK(file.append("\n"));
  CHECK(file.close());
  CHECK(file.written() == 5);
  CHECK(content(dir / "q.log") == "a\nb\nc\r\nmuch longer than the buffer\n\n");
}

TEST_CASE("a path that cannot be opened is named") {
  CHECK_THROWS_WITH_AS(OutputFile("/nowhere/q.log", {}),
                       "cannot open '/nowhere/q.log': No such file or directory", kelp::OperationalError);
}

TEST_CASE("a full device takes nothing and says so") {
  OutputFile file("/dev/full", {});
  CHECK(file.append("a\n"));
  CHECK_FALSE(file.flush());
  CHECK(file.written() == 0);
  CHECK(file.pending() == 1);
  CHECK(file.error() == "cannot write '/dev/full': No space left on device");
  CHECK_FALSE(file.append("b\n"));
  CHECK_FALSE(file.close());
}

TEST_CASE("a file that becomes full keeps whole lines, and the count is theirs") {
  for (rlim_t room = 0; room < 24; ++room) {
    const TempDir dir;
    OutputFile file(dir / "q.log", {});
    REQUIRE(file.append("first"));
    {
      const FileSizeLimit limit(5);
      REQUIRE(file.flush());
    }
    REQUIRE(file.append("second\n"));
    REQUIRE(file.append("third\n"));
    REQUIRE(file.append("4th"));
    {
      const FileSizeLimit limit(5 + room);
      CHECK(file.flush() == (room >= 17));
    }
    const std::string text = content(dir / "q.log");
    if (room < 8) {
      CHECK((text == "first" || text == "first\n"));
      CHECK(file.written() == 1);
    } else if (room < 14) {
      CHECK(text == "first\nsecond\n");
      CHECK(file.written() == 2);
    } else if (room < 17) {
      CHECK(text == "first\nsecond\nthird\n");
      CHECK(file.written() == 3);
    } else {
      CHECK(text == "first\nsecond\nthird\n4th");
      CHECK(file.written() == 4);
    }
    CHECK(file.written() + file.pending() == 4);
  }
}

#if defined(KELP_HAVE_ZSTD)

TEST_CASE("a compressed file is one frame, and readable after it became full") {
  const TempDir dir;
  std::string expected;
  {
    OutputFile file(dir / "q.log.zst", {.zstd = true});
    for (int i = 0; i < 1000; ++i) {
      const std::string line = std::to_string(i * 7919) + "\n";
      REQUIRE(file.append(line));
      if (i % 100 == 0) REQUIRE(file.flush());
      expected += line;
    }
    REQUIRE(file.close());
    CHECK(file.written() == 1000);
  }
  REQUIRE(std::system(("zstd -q -dc " + (dir / "q.log.zst") + " > " + (dir / "out")).c_str()) == 0);
  CHECK(content(dir / "out") == expected);

  OutputFile file(dir / "full.zst", {.zstd = true});
  REQUIRE(file.append("first\n"));
  REQUIRE(file.flush());
  const std::size_t size = content(dir / "full.zst").size();
  REQUIRE(file.append("second, which is long enough to need more room than there is\n"));
  {
    const FileSizeLimit limit(size + 3);
    CHECK_FALSE(file.flush());
  }
  CHECK_FALSE(file.close());
  CHECK(file.written() == 1);
  REQUIRE(std::system(("zstd -q -dc " + (dir / "full.zst") + " > " + (dir / "out")).c_str()) == 0);
  CHECK(content(dir / "out") == "first\n");
}

#endif

TEST_CASE("windows bound what is in flight") {
  RouteWindows windows(2);
  CHECK(windows.wait_for_room(100, 50));  // nothing is in flight: one message may be larger than the limit
  windows.seal(30);
  windows.seal(20);
  windows.passed(1);
  windows.passed(0);
  windows.passed(1);
  CHECK(windows.wait_for_room(20, 50));
  std::thread worker([&] { windows.passed(0); });
  CHECK(windows.wait_for_room(50, 50));
  worker.join();
  windows.seal(10);
  windows.passed(2);
  std::thread breaker([&] { windows.abort("broken"); });
  CHECK_FALSE(windows.wait_for_room(50, 50));
  breaker.join();
  CHECK(windows.aborted());
  CHECK(windows.why() == "broken");
}
