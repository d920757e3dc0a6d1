// JSON texts: where nlohmann's reader accepts one, ours does and means the same; what ours accepts
// survives being written and read again. Input: the text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

namespace {

using kelp::Json;

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

// nlohmann's reader has doubles in their place.
Json without_big_integers(const Json& value) {
  if (kelp::is_big_integer(value))
    return std::strtod(std::string(kelp::big_integer_digits(value)).c_str(), nullptr);
  Json result = value;
  if (value.is_structured()) {
    for (Json& element : result) element = without_big_integers(element);
  }
  return result;
}

// What ours refuses on purpose, or nlohmann's takes for the end.
bool comparable(std::string_view text) {
  std::size_t brackets = 0;
  for (const char c : text) brackets += c == '[' || c == '{';
  return brackets <= kelp::max_json_depth && text.find('\0') == std::string_view::npos &&
         !text.starts_with("\xEF\xBB\xBF");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Json theirs = Json::parse(text, nullptr, false);
  Json ours;
  try {
    ours = kelp::read_json(text);
  } catch (const kelp::DecodeError&) {
    require(theirs.is_discarded() || !comparable(text), "only nlohmann's reader accepts this", text);
    return 0;
  }
  if (!theirs.is_discarded() && comparable(text)) {
    require(without_big_integers(ours) == theirs, "two readers, two meanings", text);
  }
  const std::string written = kelp::write_json(ours);
  require(kelp::write_json(kelp::read_json(written)) == written, "not the same after a second reading",
          written);
  return 0;
}
