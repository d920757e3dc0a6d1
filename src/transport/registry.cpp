// The registry of transports: what users added, then what was built in.
#include <kelp/transport_registry.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>

#include <kelp/error.hpp>

#include "transport/builtin_transports.hpp"
#include "transport/registry.hpp"
#include "transport/similarity.hpp"

namespace kelp {
namespace {

struct Registry {
  std::shared_mutex mutex;
  std::map<std::string, TransportFactory, std::less<>> added;
};

Registry& registry() {
  // Never destroyed: a connection may outlive main().
  static auto& instance = *new Registry;
  return instance;
}

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

bool is_scheme(std::string_view text) noexcept {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

[[noreturn]] void refuse(const std::string& scheme) {
  const std::vector<std::string> known = transports();
  std::string list, best;
  double likeness = 0.6;  // Kombu's threshold
  for (const std::string& name : known) {
    list += (list.empty() ? "" : ", ") + name;
    const double alike = transport::similarity(scheme, name);
    if (alike >= likeness) {
      likeness = alike;
      best = name;
    }
  }
  throw InvalidArgument("no such transport: \"" + scheme + "\"" +
                        (best.empty() ? "" : "; did you mean \"" + best + "\"?") +
                        " There are: " + (list.empty() ? "none" : list));
}

}  // namespace

void register_transport(std::string_view scheme, TransportFactory factory) {
  std::string name = lowered(scheme);
  if (!is_scheme(name)) {
    throw InvalidArgument("register_transport: \"" + name +
                          "\" is not a letter followed by letters, digits, '-' and '.'");
  }
  if (!factory) throw InvalidArgument("register_transport: the factory of \"" + name + "\" is empty");
  const std::lock_guard lock(registry().mutex);
  registry().added.insert_or_assign(std::move(name), std::move(factory));
}

std::unique_ptr<Transport> make_transport(std::string_view scheme) {
  const std::string name = lowered(scheme);
  TransportFactory factory;
  {
    const std::shared_lock lock(registry().mutex);
    if (const auto found = registry().added.find(name); found != registry().added.end())
      factory = found->second;
  }
  if (factory) return factory();  // user code: not under the lock
  for (const auto& builtin : transport::builtin_transports()) {
    if (builtin.scheme == name) return builtin.make();
  }
  refuse(name);
}

std::vector<std::string> transports() {
  std::vector<std::string> names;
  for (const auto& builtin : transport::builtin_transports()) names.emplace_back(builtin.scheme);
  {
    const std::shared_lock lock(registry().mutex);
    for (const auto& [name, factory] : registry().added) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

namespace transport {

void reset_registry() {
  const std::lock_guard lock(registry().mutex);
  registry().added.clear();
}

}  // namespace transport
}  // namespace kelp
