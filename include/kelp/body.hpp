#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kelp/export.hpp>
#include <kelp/json.hpp>

namespace kelp {

namespace detail {

template <class T>
concept JsonLike = std::is_same_v<std::remove_cvref_t<T>, Json>;

template <class T>
concept TextLike = !JsonLike<T> && !std::is_null_pointer_v<std::remove_cvref_t<T>> &&
                   std::is_convertible_v<const std::remove_reference_t<T>&, std::string_view>;

template <class E>
inline constexpr bool is_byte =
    std::is_same_v<E, std::byte> || std::is_same_v<E, unsigned char> || std::is_same_v<E, char>;

template <class T>
concept ByteRange = !JsonLike<T> && !TextLike<T> && requires(const std::remove_reference_t<T>& range) {
  requires is_byte<std::remove_cv_t<std::remove_pointer_t<decltype(std::data(range))>>>;
  { std::size(range) } -> std::convertible_to<std::size_t>;
};

template <class T>
concept Scalar =
    std::is_null_pointer_v<std::remove_cvref_t<T>> || std::is_arithmetic_v<std::remove_cvref_t<T>>;

}  // namespace detail

/// What is published: a parameter type that only borrows, so it must not outlive the call.
///
/// Braces, `Json`, numbers, booleans and nullptr are encoded by the serializer. What converts to
/// `std::string_view` is text. Contiguous ranges of std::byte, unsigned char or char that are not
/// text are bytes. `{json}` is an array of one element, as everywhere in nlohmann's library; `{}` is
/// an empty object.
class KELP_API Body {
 public:
  enum class Kind : std::uint8_t { json, text, bytes };

  /// Braces: what nlohmann's initializer lists mean.
  Body(Json::initializer_list_t braces) : kind_(Kind::json), owned_(true) {
    ::new (static_cast<void*>(&json_)) Json(braces.size() == 0 ? Json::object() : Json(braces));
  }
  template <class T>
  requires detail::JsonLike<T> Body(const T& json)
  noexcept : kind_(Kind::json), pointer_(&json) {}
  template <class T>
  requires detail::Scalar<T> Body(const T& scalar) : kind_(Kind::json), owned_(true) {
    ::new (static_cast<void*>(&json_)) Json(scalar);
  }
  template <class T>
  requires detail::TextLike<T> Body(const T& text)
  noexcept(noexcept(std::string_view(text))) : kind_(Kind::text), view_{} {
    const std::string_view view = text;
    view_ = {view.data(), view.size()};
  }
  template <class T>
  requires detail::ByteRange<T> Body(const T& bytes)
  noexcept : kind_(Kind::bytes), view_{reinterpret_cast<const char*>(std::data(bytes)), std::size(bytes)} {}

  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  ~Body() {
    if (owned_) json_.~Json();
  }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Only for Kind::json.
  [[nodiscard]] const Json& json() const noexcept { return owned_ ? json_ : *pointer_; }
  /// Only for Kind::text and Kind::bytes.
  [[nodiscard]] std::string_view text() const noexcept { return {view_.data, view_.size}; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(view_.data), view_.size};
  }

 private:
  struct View {
    const char* data;
    std::size_t size;
  };

  Kind kind_;
  bool owned_ = false;
  union {
    const Json* pointer_;
    View view_;
    Json json_;
  };
};

}  // namespace kelp
