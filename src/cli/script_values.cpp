// Between JSON and AMQP's field tables.
#include <variant>

#include "cli/script_args.hpp"
#include "cli/utf8.hpp"

namespace kelp::cli {
namespace {

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool value) const { return value; }
  template <class T>
  requires std::is_arithmetic_v<T> Json operator()(T value) const { return value; }
  Json operator()(const Decimal& value) const {
    return Json{{"decimal", value.value}, {"scale", value.scale}};
  }
  Json operator()(const std::string& value) const { return clean_text(value); }
  Json operator()(const Bytes& value) const {
    return clean_text({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  Json operator()(const Timestamp& value) const { return value.seconds; }
  Json operator()(const FieldArray& value) const {
    Json array = Json::array();
    for (const FieldValue& item : value) array.push_back(json_from(item));
    return array;
  }
  Json operator()(const FieldTable& value) const { return json_from(value); }
};

}  // namespace

FieldValue field_from(const Json& value) {
  if (value.is_null()) return nullptr;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return std::string_view(value.get_ref<const std::string&>());
  if (value.is_number_float()) return value.get<double>();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)
    throw std::string("holds a number beyond 64 bits");
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_array()) {
    FieldArray array;
    for (const Json& item : value) array.push_back(field_from(item));
    return array;
  }
  if (value.is_object()) {
    FieldTable table;
    for (const auto& member : value.items()) table.set(member.key(), field_from(member.value()));
    return table;
  }
  throw std::string("holds a number beyond 64 bits");
}

Json json_from(const FieldValue& value) { return std::visit(ToJson{}, value.variant()); }

Json json_from(const FieldTable& table) {
  Json object = Json::object();
  for (const auto& [name, value] : table) object[clean_text(name)] = json_from(value);
  return object;
}

std::string clean_text(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.data() + i, text.data() + text.size());
    result += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return result;
}

}  // namespace kelp::cli
