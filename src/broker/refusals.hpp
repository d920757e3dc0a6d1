// The broker's refusals, with AMQP's codes and RabbitMQ's wording, which people search for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <kelp/field_table.hpp>

namespace kelp::broker {

/// AMQP's short strings: at most 255 bytes. Throws InvalidArgument.
void check_name(std::string_view kind, std::string_view name);

[[noreturn]] void refuse_missing(std::string_view kind, std::string_view name);  // 404
[[noreturn]] void refuse_locked(std::string_view queue);                         // 405
[[noreturn]] void refuse_in_use(std::string_view kind, std::string_view name);   // 406
[[noreturn]] void refuse_not_empty(std::string_view queue);                      // 406
[[noreturn]] void refuse_unknown_tag(std::uint64_t tag);                         // 406
[[noreturn]] void refuse_default_exchange();                                     // 403
[[noreturn]] void refuse_internal(std::string_view exchange);                    // 403
[[noreturn]] void refuse_exclusive_use(std::string_view queue);                  // 403
void refuse_reserved(std::string_view kind, std::string_view name);              // 403 for amq.*
/// Throws NotSupported for an `x-` argument or an alternate exchange: a promise that would not be kept.
void refuse_unsupported_arguments(std::string_view kind, std::string_view name, const FieldTable& arguments);

/// 406 when a declaration differs from what exists.
struct Inequivalence {
  std::string_view kind;
  std::string_view name;

  void check(std::string_view argument, std::string_view received, std::string_view current) const;
  void check(std::string_view argument, bool received, bool current) const;
  void check_arguments(const FieldTable& received, const FieldTable& current) const;
};

}  // namespace kelp::broker
