// The registry of serializers.
#include <algorithm>

#include <kelp/error.hpp>
#include <kelp/serialization.hpp>

#include "codec/registries.hpp"
#include "codec/snapshot.hpp"

namespace kelp {
namespace codec {
namespace {

SerializerTable first_table() {
  SerializerTable table;
  table.entries.push_back({std::make_shared<const Serializer>(json_serializer())});
  return table;
}

Snapshot<SerializerTable>& tables() {
  // Never destroyed: see snapshot.hpp.
  static auto& instance = *new Snapshot<SerializerTable>(first_table());
  return instance;
}

void set_enabled(std::span<const std::string> names, bool enabled) {
  tables().change([&](SerializerTable& table) {
    for (SerializerEntry& entry : table.entries) {
      if (std::find(names.begin(), names.end(), entry.serializer->name) != names.end())
        entry.enabled = enabled;
    }
  });
}

}  // namespace

const Serializer* SerializerTable::by_name(std::string_view name) const noexcept {
  for (const SerializerEntry& entry : entries) {
    if (entry.serializer->name == name) return entry.serializer.get();
  }
  return nullptr;
}

const SerializerEntry* SerializerTable::by_type(std::string_view content_type) const noexcept {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->serializer->content_type == content_type) return &*entry;
  }
  return nullptr;
}

const SerializerTable& serializer_table() { return tables().read(); }

void reset_registries() {
  tables().change([](SerializerTable& table) { table = first_table(); });
  reset_compressions();
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + '"';
  return list.empty() ? "none" : list;
}

void check_registered_text(const char* what, std::string_view text) {
  if (text.empty() || text.size() > 255) {
    throw InvalidArgument(std::string(what) + " has " + std::to_string(text.size()) +
                          " bytes; 1 to 255 are allowed");
  }
}

}  // namespace codec

namespace {

[[noreturn]] void refuse_name(std::string_view name) {
  throw SerializerNotInstalled("no serializer \"" + std::string(name) + "\" is installed; there are " +
                               codec::quoted_list(serializers()));
}

}  // namespace

void register_serializer(Serializer serializer) {
  codec::check_registered_text("the name of a serializer", serializer.name);
  codec::check_registered_text("the content type of a serializer", serializer.content_type);
  codec::check_registered_text("the content encoding of a serializer", serializer.content_encoding);
  if (serializer.name == codec::raw_name) throw InvalidArgument("the serializer \"raw\" cannot be replaced");
  const auto entry = std::make_shared<const Serializer>(std::move(serializer));
  codec::tables().change([&](codec::SerializerTable& table) {
    std::erase_if(table.entries, [&](const auto& old) { return old.serializer->name == entry->name; });
    table.entries.push_back({entry});
  });
}

void unregister_serializer(std::string_view name) {
  codec::tables().change([&](codec::SerializerTable& table) {
    if (std::erase_if(table.entries, [&](const auto& old) { return old.serializer->name == name; }) == 0) {
      refuse_name(name);
    }
  });
}

void set_default_serializer(std::string_view name) {
  codec::tables().change([&](codec::SerializerTable& table) {
    if (table.by_name(name) == nullptr) refuse_name(name);
    table.default_name = name;
  });
}

std::vector<std::string> serializers() {
  std::vector<std::string> names{std::string(codec::raw_name)};
  for (const auto& entry : codec::serializer_table().entries) names.push_back(entry.serializer->name);
  std::sort(names.begin(), names.end());
  return names;
}

void enable_serializers(std::span<const std::string> names) { codec::set_enabled(names, true); }
void disable_serializers(std::span<const std::string> names) { codec::set_enabled(names, false); }

}  // namespace kelp
