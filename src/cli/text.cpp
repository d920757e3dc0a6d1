#include "cli/text.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "cli/utf8.hpp"

namespace kelp::cli {
namespace {

std::atomic<bool> live_line{false};

std::string hex_escape(const char* prefix, unsigned char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "%s%02x", prefix, byte);
  return text;
}

template <class Escape>
std::string escaped(std::string_view text, Escape escape) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.data() + i, text.data() + text.size());
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length <= 1) {
      result += escape(byte, length == 0);
      ++i;
    } else {
      result += text.substr(i, length);
      i += length;
    }
  }
  return result;
}

}  // namespace

std::string json_quoted(std::string_view text) {
  return '"' +
         escaped(text,
                 [](unsigned char byte, bool broken) -> std::string {
                   if (broken) return "\xEF\xBF\xBD";
                   switch (byte) {
                     case '"':
                       return "\\\"";
                     case '\\':
                       return "\\\\";
                     case '\n':
                       return "\\n";
                     case '\r':
                       return "\\r";
                     case '\t':
                       return "\\t";
                     default:
                       return byte < 0x20 || byte == 0x7F ? hex_escape("\\u00", byte)
                                                          : std::string(1, static_cast<char>(byte));
                   }
                 }) +
         '"';
}

std::string printable(std::string_view text) {
  return escaped(text, [](unsigned char byte, bool broken) -> std::string {
    return broken || byte < 0x20 || byte == 0x7F ? hex_escape("\\x", byte)
                                                 : std::string(1, static_cast<char>(byte));
  });
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::size_t display_width(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  complain(std::string("cannot write to standard output: ") + std::strerror(errno));
  return false;
}

void set_live_line(bool on) noexcept {
  // Relaxed: at worst a complaint stands beside the live line.
  live_line.store(on, std::memory_order_relaxed);
}

void complain(std::string_view text) {
  const char* const clear = live_line.load(std::memory_order_relaxed) ? "\r\x1b[K" : "";
  const std::string line = clear + ("kelp: " + std::string(text)) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string Table::text(bool fancy, bool total) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  std::string rule;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) rule += "  ";
    for (std::size_t k = 0; k < widths[i]; ++k) rule += fancy ? "─" : "-";
  }
  rule += '\n';
  std::string result;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (r == 1 || (total && r > 1 && r + 1 == rows_.size())) result += rule;
    std::string line;
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string padding(widths[i] - display_width(rows_[r][i]), ' ');
      if (i > 0) line += "  ";
      line += i < left_ ? rows_[r][i] + padding : padding + rows_[r][i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (fancy && r == 0) line = "\x1b[1m" + line + "\x1b[0m";
    result += line + '\n';
  }
  return result;
}

}  // namespace kelp::cli
