// Accept rules and decoding: kombu/serialization.py, loads() and prepare_accept_content().
#include <algorithm>
#include <new>

#include <kelp/error.hpp>
#include <kelp/serialization.hpp>

#include "codec/registries.hpp"
#include "codec/text_encoding.hpp"

namespace kelp {
namespace {

[[noreturn]] void refuse(const char* why, std::string_view content_type) {
  const codec::SerializerEntry* entry = codec::serializer_table().by_type(content_type);
  const std::string type(content_type.substr(0, 255));
  const std::string& name = entry == nullptr ? type : entry->serializer->name;
  throw ContentDisallowed(std::string("Refusing to deserialize ") + why + " content of type " + name + " (" +
                          type + ")");
}

// Whatever a decoder throws becomes DecodeError, but for what already says it.
Json call(const Serializer& serializer, std::span<const std::byte> data) {
  try {
    return serializer.decode(data);
  } catch (const DecodeError&) {
    throw;
  } catch (const SerializerNotInstalled&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw DecodeError(serializer.name + ": " + error.what());
  }
}

}  // namespace

Accept::Accept() : types_{"application/json", std::string(codec::text_type)} {}

Accept::Accept(std::span<const std::string> names) {
  const codec::SerializerTable& table = codec::serializer_table();
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      types_.push_back(name);
    } else if (name == codec::raw_name) {
      types_.emplace_back(codec::raw_type);
    } else if (const Serializer* serializer = table.by_name(name)) {
      types_.push_back(serializer->content_type);
    } else {
      throw SerializerNotInstalled("accept: no serializer \"" + name + "\" is installed; there are " +
                                   codec::quoted_list(serializers()));
    }
  }
}

Accept Accept::enabled() {
  Accept accept;
  accept.rule_ = Rule::enabled;
  return accept;
}

Accept Accept::everything() {
  Accept accept;
  accept.rule_ = Rule::everything;
  return accept;
}

void Accept::check(std::string_view content_type) const {
  if (rule_ == Rule::everything) return;
  if (rule_ == Rule::enabled) {
    const codec::SerializerEntry* entry = codec::serializer_table().by_type(content_type);
    if (entry != nullptr && !entry->enabled) refuse("disabled", content_type);
    return;
  }
  if (content_type.empty() || content_type == codec::raw_type || content_type == codec::trusted_text_type)
    return;
  if (std::find(types_.begin(), types_.end(), content_type) == types_.end())
    refuse("untrusted", content_type);
}

Json loads(std::span<const std::byte> data, std::string_view content_type, std::string_view content_encoding,
           const Accept& accept) {
  if (content_type.empty()) content_type = codec::raw_type;
  accept.check(content_type);
  const codec::TextEncoding encoding = codec::text_encoding(content_encoding);
  if (data.empty()) return encoding == codec::TextEncoding::binary ? json_bytes({}) : Json("");
  const codec::SerializerEntry* entry = codec::serializer_table().by_type(content_type);
  if (entry != nullptr && entry->serializer->decode) return call(*entry->serializer, data);
  if (encoding == codec::TextEncoding::binary) return json_bytes(data);
  return codec::decode_text(data, encoding, content_encoding);
}

}  // namespace kelp
