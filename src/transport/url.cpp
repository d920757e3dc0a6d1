// Kombu's URL grammar (kombu/utils/url.py and Python's urllib.parse, which it stands on).
#include <kelp/url.hpp>

#include <algorithm>
#include <charconv>

#include <kelp/error.hpp>

#include "transport/percent.hpp"
#include "util/utf8.hpp"

namespace kelp {
namespace {

using transport::percent_decode;
using transport::percent_encode;

constexpr std::string_view separator = "://";

// For people: what stands before the last @ may hold a password, and the query may hold anything.
std::string masked(std::string_view text) {
  const bool has_query = text.find('?') != std::string_view::npos;
  text = text.substr(0, text.find('?'));
  const std::string_view tail = has_query ? "?..." : "";
  const std::size_t start = text.find(separator);
  const std::size_t user = start == std::string_view::npos ? 0 : start + separator.size();
  const std::size_t at = text.rfind('@');
  const std::size_t colon = text.find(':', user);
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::string(text).append(tail);
  }
  return std::string(text.substr(0, colon + 1)).append("**").append(text.substr(at)).append(tail);
}

// One URL that is being parsed, for errors.
struct Source {
  std::string_view text;

  [[noreturn]] void fail(const std::string& what) const {
    std::string shown = masked(text);
    for (char& c : shown) c = static_cast<unsigned char>(c) < ' ' ? '?' : c;
    throw InvalidArgument("URL \"" + shown + "\": " + what);
  }
  [[nodiscard]] std::string decoded(std::string_view part, const char* name,
                                    bool plus_is_space = false) const {
    std::string out = percent_decode(part, plus_is_space);
    if (const std::size_t valid = util::utf8_prefix(out); valid != out.size()) {
      fail(std::string(name) + " is not UTF-8 at byte " + std::to_string(valid));
    }
    if (out.find('\0') != std::string::npos) fail(std::string(name) + " has a zero byte");
    return out;
  }
  /// Empty is not set, as everywhere in Kombu's URLs.
  [[nodiscard]] std::optional<std::string> component(std::string_view part, const char* name) const {
    if (part.empty()) return std::nullopt;
    return decoded(part, name);
  }
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::optional<std::uint16_t> parse_port(const Source& source, std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value > 65535) {
    // An @ later on: this is no port but the start of a password with a slash in it.
    const std::size_t at = source.text.rfind('@', source.text.find('?'));
    if (at != std::string_view::npos && at > static_cast<std::size_t>(digits.data() - source.text.data())) {
      source.fail("the port is not a number; in a user or password '/' is written %2F");
    }
    source.fail("the port \"" + std::string(digits) + "\" is not a number from 0 to 65535");
  }
  if (value == 0) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

void parse_authority(const Source& source, std::string_view authority, Url& url) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = authority.substr(0, at);
    const std::size_t colon = user_info.find(':');
    url.userid = source.component(user_info.substr(0, colon), "the user");
    if (colon != std::string_view::npos) {
      url.password = source.component(user_info.substr(colon + 1), "the password");
    }
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority, rest;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) source.fail("the host has a '[' without a ']'");
    host = authority.substr(1, bracket - 1);
    rest = authority.substr(bracket + 1);
    if (!rest.empty() && rest.front() != ':') source.fail("text follows the ']' of the host");
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  // Lower-cased first: an escaped capital stays one.
  url.hostname = source.component(lowered(host), "the host");
  if (!rest.empty()) url.port = parse_port(source, rest.substr(1));
}

void parse_query(const Source& source, std::string_view text, Url& url) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals + 1 == pair.size()) continue;  // blank values are dropped
    std::string key = source.decoded(pair.substr(0, equals), "a key of the query", true);
    std::string value = source.decoded(pair.substr(equals + 1), "a value of the query", true);
    const auto found = std::find_if(url.query.begin(), url.query.end(),
                                    [&](const auto& option) { return option.first == key; });
    if (found == url.query.end()) {
      url.query.emplace_back(std::move(key), std::move(value));
    } else {
      found->second = std::move(value);
    }
  }
}

// `scheme` may be followed by anything that Kombu lets a transport be called.
std::string parse_scheme(const Source& source, std::string_view scheme) {
  const auto allowed = [](char c) {
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  if (scheme.empty()) source.fail("the transport before \"://\" is missing");
  if (!std::all_of(scheme.begin(), scheme.end(), allowed)) {
    source.fail("the transport \"" + std::string(scheme.substr(0, 40)) +
                "\" has other characters than letters, digits, '-', '.' and '_'");
  }
  return lowered(scheme);
}

// The inner URL of a prefix URL without password (or with it) and query, as Kombu sanitizes it.
std::string inner_uri(std::string_view inner, bool include_password) {
  inner = inner.substr(0, inner.find('?'));
  return include_password ? std::string(inner) : masked(inner);
}

}  // namespace

Url Url::parse(std::string_view text) {
  const Source source{text};
  if (text.empty()) source.fail("is empty");
  if (text.find('\0') != std::string_view::npos) source.fail("has a zero byte");
  Url url;
  const std::size_t start = text.find(separator);
  if (start == std::string_view::npos) {
    url.transport = "amqp";
    url.hostname = std::string(text);
    return url;
  }
  if (const std::size_t plus = text.find('+'); plus < start) {
    url.transport = url.prefix = parse_scheme(source, text.substr(0, plus));
    url.hostname = std::string(text.substr(plus + 1));
    return url;
  }
  url.transport = parse_scheme(source, text.substr(0, start));
  std::string_view rest = text.substr(start + separator.size());
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = rest.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : rest.substr(question + 1);
  rest = rest.substr(0, question);
  const std::size_t slash = rest.find('/');
  parse_authority(source, rest.substr(0, slash), url);
  if (slash != std::string_view::npos)
    url.virtual_host = source.component(rest.substr(slash + 1), "the virtual host");
  parse_query(source, query, url);
  return url;
}

std::vector<Url> Url::parse_list(std::string_view text) {
  std::vector<Url> urls;
  for (;;) {
    const std::size_t end = text.find(';');
    const std::string_view one = text.substr(0, end);
    if (one.empty())
      throw InvalidArgument("a list of URLs has an empty one at place " + std::to_string(urls.size() + 1));
    urls.push_back(parse(one));
    if (end == std::string_view::npos) return urls;
    text.remove_prefix(end + 1);
  }
}

const std::string* Url::option(std::string_view key) const noexcept {
  for (const auto& [name, value] : query) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Url::as_uri(bool include_password) const {
  if (!prefix.empty()) return prefix + "+" + inner_uri(hostname.value_or(""), include_password);
  std::string uri = transport + "://";
  if (userid || password) {
    uri += percent_encode(userid.value_or(""), "");
    if (password) (uri += ':') += include_password ? percent_encode(*password, "") : std::string("**");
    uri += '@';
  }
  uri += percent_encode(hostname.value_or(""), "");
  if (port) (uri += ':') += std::to_string(*port);
  return uri + "/" + percent_encode(virtual_host.value_or(""), "/");
}

}  // namespace kelp
