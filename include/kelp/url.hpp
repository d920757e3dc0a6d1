#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kelp/export.hpp>

namespace kelp {

/// Where a broker is, as Kombu's URLs say it: `transport://user:password@host:port/virtual_host?key=value`.
/// What the URL leaves out is not set: each transport has its own defaults. A plain value.
struct KELP_API Url {
  std::string transport = {};  ///< lower-cased
  /// `sqla` in `sqla+sqlite:///x.db`: then the rest, `sqlite:///x.db`, is the host name as it stands,
  /// and nothing else is set but `transport`, which equals the prefix.
  std::string prefix = {};
  std::optional<std::string> hostname = {};  ///< lower-cased, decoded, without brackets
  std::optional<std::string> userid = {};
  std::optional<std::string> password = {};
  std::optional<std::string> virtual_host = {};  ///< without one leading slash
  std::optional<std::uint16_t> port = {};        ///< 0 in the URL means none
  /// The query in its order, decoded; a key that comes twice has its last value.
  std::vector<std::pair<std::string, std::string>> query = {};

  /// Parses one URL. Text without `://` is a host name for amqp. The generic grammar is Kombu's: user
  /// and password end at the last `@`, `%xx` is decoded as UTF-8, a fragment is dropped. Throws
  /// InvalidArgument that names the part and shows the URL without its password.
  [[nodiscard]] static Url parse(std::string_view text);
  /// Several, separated by `;`: the first is used first, the others are alternates.
  [[nodiscard]] static std::vector<Url> parse_list(std::string_view text);

  /// The value of a query key, or null.
  [[nodiscard]] const std::string* option(std::string_view key) const noexcept;

  /// The URL again, percent-encoded; its password as `**` unless asked for. Without the query. What
  /// was not set is left out.
  [[nodiscard]] std::string as_uri(bool include_password = false) const;

  bool operator==(const Url&) const = default;
};

}  // namespace kelp
