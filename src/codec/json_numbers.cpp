#include "codec/json_numbers.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace kelp::codec {
namespace {

// std::from_chars says only that a number is out of range, not at which end. The position of the
// first digit that counts, and the exponent, tell.
double out_of_range(std::string_view text) noexcept {
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  long long exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    const bool down = digits.front() == '-';
    if (down || digits.front() == '+') digits.remove_prefix(1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc()) {
      exponent = std::numeric_limits<long long>::max() / 2;
    }
    if (down) exponent = -exponent;
  }
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_not_of("0.");
  const double zero = negative ? -0.0 : 0.0;
  if (first == std::string_view::npos) return zero;
  if (exponent + static_cast<long long>(point) - static_cast<long long>(first) < 0) return zero;
  return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

}  // namespace

double json_double(std::string_view text) noexcept {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() ? value : out_of_range(text);
}

void append_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char buffer[32];  // "-1.2345678901234567e-308" is the longest
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  // "d.ddde+XX": the digits, and where the point is among them.
  const std::size_t e = text.find('e');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
  std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);
  std::string_view first = text.substr(0, 1), rest = e > 2 ? text.substr(2, e - 2) : std::string_view{};
  // Python writes an exponent outside of 1e-4 <= value < 1e16.
  if (exponent < -4 || exponent >= 16) {
    out += first;
    if (!rest.empty()) out.append(".").append(rest);
    out += exponent < 0 ? "e-" : "e+";
    const std::string digits = std::to_string(std::abs(exponent));
    if (digits.size() < 2) out += '0';
    out += digits;
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(first).append(rest);
  } else {
    const auto whole = static_cast<std::size_t>(exponent);  // digits of `rest` before the point
    out += first;
    out += rest.substr(0, whole);
    if (rest.size() < whole) out.append(whole - rest.size(), '0');
    out += '.';
    out += rest.size() > whole ? rest.substr(whole) : std::string_view("0");
  }
}

}  // namespace kelp::codec
