#include "broker/refusals.hpp"

#include <cstdint>

#include <kelp/error.hpp>

namespace kelp::broker {

namespace {

constexpr std::size_t longest_name = 255;

std::string named(std::string_view kind, std::string_view name) {
  return std::string(kind) + " '" + std::string(name) + "' in vhost '/'";
}

}  // namespace

void check_name(std::string_view kind, std::string_view name) {
  if (name.size() <= longest_name) return;
  throw InvalidArgument("the " + std::string(kind) + " name '" + std::string(name.substr(0, 40)) +
                        "...' has " + std::to_string(name.size()) + " bytes; AMQP allows 255");
}

void refuse_missing(std::string_view kind, std::string_view name) {
  throw NotFound("NOT_FOUND - no " + named(kind, name));
}

void refuse_locked(std::string_view queue) {
  throw ResourceLocked("RESOURCE_LOCKED - cannot obtain exclusive access to locked " + named("queue", queue) +
                       ". It could be originally declared on another connection or the exclusive property "
                       "value does not match that of the original declaration.");
}

void refuse_in_use(std::string_view kind, std::string_view name) {
  throw PreconditionFailed("PRECONDITION_FAILED - " + named(kind, name) + " in use");
}

void refuse_not_empty(std::string_view queue) {
  throw PreconditionFailed("PRECONDITION_FAILED - " + named("queue", queue) + " is not empty");
}

void refuse_unknown_tag(std::uint64_t tag) {
  throw PreconditionFailed("PRECONDITION_FAILED - unknown delivery tag " + std::to_string(tag));
}

void refuse_default_exchange() {
  throw AccessRefused("ACCESS_REFUSED - operation not permitted on the default exchange");
}

void refuse_internal(std::string_view exchange) {
  throw AccessRefused("ACCESS_REFUSED - cannot publish to internal " + named("exchange", exchange));
}

void refuse_exclusive_use(std::string_view queue) {
  throw AccessRefused("ACCESS_REFUSED - " + named("queue", queue) + " in exclusive use");
}

void refuse_reserved(std::string_view kind, std::string_view name) {
  if (!name.starts_with("amq.")) return;
  throw AccessRefused("ACCESS_REFUSED - " + std::string(kind) + " name '" + std::string(name) +
                      "' contains reserved prefix 'amq.*'");
}

void refuse_unsupported_arguments(std::string_view kind, std::string_view name, const FieldTable& arguments) {
  for (const auto& [field, value] : arguments) {
    if (!field.starts_with("x-") && field != "alternate-exchange") continue;
    throw NotSupported("the in-memory broker does not support the argument '" + field + "' of " +
                       named(kind, name));
  }
}

void Inequivalence::check(std::string_view argument, std::string_view received,
                          std::string_view current) const {
  if (received == current) return;
  throw PreconditionFailed("PRECONDITION_FAILED - inequivalent arg '" + std::string(argument) + "' for " +
                           named(kind, name) + ": received '" + std::string(received) + "' but current is '" +
                           std::string(current) + "'");
}

void Inequivalence::check(std::string_view argument, bool received, bool current) const {
  check(argument, std::string_view(received ? "true" : "false"),
        std::string_view(current ? "true" : "false"));
}

void Inequivalence::check_arguments(const FieldTable& received, const FieldTable& current) const {
  using std::string_view_literals::operator""sv;
  for (const auto& [field, value] : received) {
    const FieldValue* other = current.find(field);
    if (other == nullptr) {
      check(field, "a value"sv, "none"sv);
    } else if (!(*other == value)) {
      check(field, "a value"sv, "another value"sv);
    }
  }
  for (const auto& [field, value] : current) {
    if (received.find(field) == nullptr) check(field, "none"sv, "a value"sv);
  }
}

}  // namespace kelp::broker
