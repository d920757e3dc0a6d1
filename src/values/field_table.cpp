#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <kelp/field_table.hpp>

namespace kelp {

FieldTable::FieldTable() noexcept = default;
FieldTable::FieldTable(std::initializer_list<value_type> fields)
    : FieldTable(from(std::vector<value_type>(fields))) {}
FieldTable::FieldTable(const FieldTable&) = default;
FieldTable::FieldTable(FieldTable&&) noexcept = default;
FieldTable& FieldTable::operator=(const FieldTable&) = default;
FieldTable& FieldTable::operator=(FieldTable&&) noexcept = default;
FieldTable::~FieldTable() = default;

FieldTable FieldTable::from(std::vector<value_type> fields) {
  FieldTable table;
  if (fields.size() <= 16) {
    table.fields_.reserve(fields.size());
    for (auto& [name, value] : fields) table.set(name, std::move(value));
    return table;
  }
  std::vector<std::uint32_t> order(fields.size());
  std::iota(order.begin(), order.end(), 0u);
  // By place among equals, which keeps the sort stable without a buffer of its own.
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    const int names = fields[a].first.compare(fields[b].first);
    return names < 0 || (names == 0 && a < b);
  });
  // Equal names are neighbours now, in the order in which they came.
  std::vector<bool> dropped(fields.size());
  bool any = false;
  for (std::size_t i = 0; i + 1 < order.size();) {
    const std::size_t first = i++;
    while (i < order.size() && fields[order[i]].first == fields[order[first]].first)
      dropped[order[i++]] = true;
    if (i - first == 1) continue;
    any = true;
    fields[order[first]].second = std::move(fields[order[i - 1]].second);
  }
  table.fields_ = std::move(fields);
  if (any) {
    std::size_t at = 0;
    std::erase_if(table.fields_, [&](const value_type&) { return dropped[at++]; });
  }
  return table;
}

FieldValue& FieldTable::set(std::string_view name, FieldValue value) {
  for (auto& field : fields_) {
    if (field.first == name) return field.second = std::move(value);
  }
  return fields_.emplace_back(std::string(name), std::move(value)).second;
}

const FieldValue* FieldTable::find(std::string_view name) const noexcept {
  for (const auto& field : fields_) {
    if (field.first == name) return &field.second;
  }
  return nullptr;
}

bool FieldTable::erase(std::string_view name) noexcept {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const value_type& field) { return field.first == name; });
  if (found == fields_.end()) return false;
  fields_.erase(found);
  return true;
}

bool FieldTable::empty() const noexcept { return fields_.empty(); }
std::size_t FieldTable::size() const noexcept { return fields_.size(); }
FieldTable::const_iterator FieldTable::begin() const noexcept { return fields_.begin(); }
FieldTable::const_iterator FieldTable::end() const noexcept { return fields_.end(); }

bool FieldTable::operator==(const FieldTable& other) const noexcept {
  // Names are unique, so equal sizes and one inclusion are equality.
  return size() == other.size() && std::all_of(begin(), end(), [&](const value_type& field) {
           const FieldValue* value = other.find(field.first);
           return value != nullptr && *value == field.second;
         });
}

namespace {

std::optional<std::int64_t> as_integer(const FieldValue& value) noexcept {
  return std::visit(
      [](const auto& v) -> std::optional<std::int64_t> {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return std::int64_t{v};
        return std::nullopt;
      },
      value.variant());
}

std::optional<double> as_floating(const FieldValue& value) noexcept {
  if (const auto* f = value.get_if<float>()) return *f;
  if (const auto* d = value.get_if<double>()) return *d;
  return std::nullopt;
}

// Exact: a 64-bit integer is not rounded to a double first.
bool same(std::int64_t integer, double floating) noexcept {
  constexpr double two_63 = 9223372036854775808.0;
  return floating >= -two_63 && floating < two_63 && std::trunc(floating) == floating &&
         static_cast<std::int64_t>(floating) == integer;
}

}  // namespace

bool same_number(const FieldValue& a, const FieldValue& b) noexcept {
  const auto integer_a = as_integer(a), integer_b = as_integer(b);
  if (integer_a && integer_b) return *integer_a == *integer_b;
  const auto floating_a = as_floating(a), floating_b = as_floating(b);
  if (floating_a && floating_b) return *floating_a == *floating_b;
  if (integer_a && floating_b) return same(*integer_a, *floating_b);
  if (floating_a && integer_b) return same(*integer_b, *floating_a);
  return false;
}

}  // namespace kelp
