// The registry of compressions.
#include <kelp/compression.hpp>

#include <algorithm>
#include <memory>
#include <new>

#include <kelp/error.hpp>

#include "codec/registries.hpp"
#include "codec/snapshot.hpp"

namespace kelp {
namespace {

using Table = std::vector<std::shared_ptr<const Compression>>;

Table first_table() {
  Table table;
#ifdef KELP_HAVE_ZSTD
  table.push_back(std::make_shared<const Compression>(codec::zstd_compression()));
#endif
  return table;
}

codec::Snapshot<Table>& tables() {
  // Never destroyed: see snapshot.hpp.
  static auto& instance = *new codec::Snapshot<Table>(first_table());
  return instance;
}

bool has_name(const Compression& compression, std::string_view name) noexcept {
  return std::find(compression.names.begin(), compression.names.end(), name) != compression.names.end();
}

const Compression& find(std::string_view name) {
  for (const auto& compression : tables().read()) {
    if (compression->content_type == name || has_name(*compression, name)) return *compression;
  }
  throw SerializerNotInstalled("no compression \"" + std::string(name.substr(0, 255)) +
                               "\" is installed; there are " + codec::quoted_list(compressions()));
}

// Whatever a compression throws becomes `Failure`, but for what already says it.
template <class Failure, class F>
void call(const Compression& compression, F&& f) {
  try {
    f();
  } catch (const Failure&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Failure(compression.names.front() + ": " + error.what());
  }
}

}  // namespace

std::string_view compress(std::span<const std::byte> body, std::string_view name, std::string& out) {
  const Compression& compression = find(name);
  call<EncodeError>(compression, [&] { compression.compress(body, out); });
  return compression.content_type;
}

void decompress(std::span<const std::byte> body, std::string_view name, std::string& out, std::size_t limit) {
  const Compression& compression = find(name);
  call<DecodeError>(compression, [&] { compression.decompress(body, out, limit); });
}

void register_compression(Compression compression) {
  codec::check_registered_text("the content type of a compression", compression.content_type);
  if (compression.names.empty()) throw InvalidArgument("a compression has no name");
  for (const std::string& name : compression.names)
    codec::check_registered_text("the name of a compression", name);
  if (!compression.compress || !compression.decompress) {
    throw InvalidArgument("the compression \"" + compression.names.front() + "\" lacks a function");
  }
  const auto fresh = std::make_shared<const Compression>(std::move(compression));
  tables().change([&](Table& table) {
    Table next;
    for (const auto& old : table) {
      if (old->content_type == fresh->content_type) continue;
      Compression rest = *old;
      std::erase_if(rest.names, [&](const std::string& name) { return has_name(*fresh, name); });
      if (!rest.names.empty()) next.push_back(std::make_shared<const Compression>(std::move(rest)));
    }
    next.push_back(fresh);
    table = std::move(next);
  });
}

std::vector<std::string> compressions() {
  std::vector<std::string> names;
  for (const auto& compression : tables().read()) {
    names.insert(names.end(), compression->names.begin(), compression->names.end());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void codec::reset_compressions() {
  tables().change([](Table& table) { table = first_table(); });
}

}  // namespace kelp
