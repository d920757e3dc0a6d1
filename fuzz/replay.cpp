// The main function of a fuzz program without a fuzz engine: feeds it every file of its corpus, and
// every prefix of each, so that the ordinary test run covers all inputs found so far and their
// truncations.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// A copy on the heap, of exactly that size: a sanitizer sees a read past its end.
void feed(const std::string& input, std::size_t size) {
  const auto copy = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(input.data(), size, copy.get());
  LLVMFuzzerTestOneInput(copy.get(), size);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::size_t longest_prefix = 512;
  unsigned files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file), {}};
      for (std::size_t n = 0; n < std::min(input.size(), longest_prefix); ++n) feed(input, n);
      feed(input, input.size());
      ++files;
    }
  }
  std::printf("kelp-cases: %u passed, 0 failed\n", files);
  return files == 0 ? 1 : 0;
}
