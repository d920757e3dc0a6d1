// URLs: each is parsed or refused with InvalidArgument, and a parsed one survives as_uri(). Input: the URL.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <kelp/error.hpp>
#include <kelp/url.hpp>

namespace {

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kelp::Url url;
  try {
    url = kelp::Url::parse(text);
  } catch (const kelp::InvalidArgument&) {
    return 0;
  }
  require(url.as_uri().size() <= 3 * size + 32, "grows without end", text);
  if (!url.prefix.empty() || text.find("://") == std::string_view::npos) return 0;
  const std::string uri = url.as_uri(true);
  const kelp::Url again = kelp::Url::parse(uri);
  require(again.transport == url.transport && again.userid == url.userid && again.password == url.password &&
              again.virtual_host == url.virtual_host && again.port == url.port,
          "not the same after a second parse", uri);
  require(again.as_uri(true).size() == uri.size(), "not the same text after a second parse", uri);
  return 0;
}
