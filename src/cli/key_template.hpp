// The template that a routing key is made from: `{level}.{service}`, `{1}.{2}`.
//
// Text stands for itself; `{{` and `}}` are braces; `{digits}` is a column, counted from 1; any other
// `{name}` is a named field.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kelp::cli {

class KeyTemplate {
 public:
  struct Part {
    std::string literal;       ///< goes before the field
    std::size_t field = none;  ///< an index into fields(); `none` after the last one
  };
  struct Field {
    std::string name;
    std::size_t column = 0;  ///< from 1; 0: a named field
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// Throws InvalidArgument that names the byte (from 1) at which `text` goes wrong.
  explicit KeyTemplate(std::string_view text);

  [[nodiscard]] const std::vector<Part>& parts() const noexcept { return parts_; }
  /// Every field once, in the order of first use.
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] bool has_names() const noexcept;
  [[nodiscard]] bool has_columns() const noexcept;

 private:
  std::size_t intern(std::string_view name, std::size_t byte);

  std::vector<Part> parts_;
  std::vector<Field> fields_;
};

}  // namespace kelp::cli
