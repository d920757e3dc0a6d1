#include "messaging/promises.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include <kelp/error.hpp>

namespace kelp::messaging {
namespace {

constexpr std::string_view exchange_type_names = "exchange_types";

std::string text_of(std::string_view capability, std::string_view what) {
  std::string text = "the transport cannot keep ";
  text.append(what).append(" (capability ").append(capability).append(")");
  return text;
}

}  // namespace

void Promises::refuse(std::string_view capability, std::string_view what) const {
  switch (options_.unsupported) {
    case Unsupported::refuse:
      throw NotSupported(text_of(capability, what));
    case Unsupported::warn: {
      const std::string text = text_of(capability, what);
      if (options_.on_warning) {
        options_.on_warning(text);
      } else {
        std::fprintf(stderr, "kelp: %s\n", text.c_str());
      }
      return;
    }
    case Unsupported::ignore:
      return;
  }
}

void Promises::check_exchange(const ExchangeDeclaration& declaration) const {
  const auto& types = capabilities_.exchange_types;
  if (declaration.passive || std::find(types.begin(), types.end(), declaration.type) != types.end()) return;
  // No transport can do without knowing the type: not a matter of policy.
  std::string what = "exchange '";
  what.append(declaration.name).append("' of type '").append(declaration.type).append("'");
  throw NotSupported(text_of(exchange_type_names, what));
}

void Promises::check_exchange_bindings() const {
  if (!capabilities_.exchange_bindings)
    throw NotSupported(text_of("exchange_bindings", "exchange-to-exchange bindings"));
}

void Promises::check_publish(Properties& properties, PublishFlags& flags) const {
  if (flags.mandatory && !capabilities_.mandatory) {
    refuse("mandatory", "mandatory publishing");
    flags.mandatory = false;
  }
  if (properties.expiration.data() != nullptr && !capabilities_.message_ttl) {
    refuse("message_ttl", "the message property `expiration`");
    properties.expiration = {};
  }
}

QueueDeclaration Promises::checked(const QueueDeclaration& declaration, FieldTable& arguments) const {
  QueueDeclaration result = declaration;
  if (declaration.passive) return result;
  const auto about = [&](std::string_view what) {
    std::string text(what);
    return text.append(" of queue '").append(declaration.name).append("'");
  };
  if (declaration.exclusive && !capabilities_.exclusive) {
    refuse("exclusive", about("exclusive use"));
    result.exclusive = false;
  }
  const auto drop = [&](std::string_view argument, bool can, std::string_view capability) {
    if (can || result.arguments == nullptr || result.arguments->find(argument) == nullptr) return;
    refuse(capability, about(argument));
    if (result.arguments != &arguments) arguments = *result.arguments;
    arguments.erase(argument);
    result.arguments = &arguments;
  };
  drop("x-message-ttl", capabilities_.message_ttl, "message_ttl");
  drop("x-max-length", capabilities_.max_length, "max_length");
  drop("x-max-length-bytes", capabilities_.max_length, "max_length");
  drop("x-max-priority", capabilities_.priority != PriorityOrder::none, "priority");
  return result;
}

}  // namespace kelp::messaging
