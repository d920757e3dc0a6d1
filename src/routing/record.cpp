#include "routing/record.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace kelp::routing {

Record::Record(std::uint64_t hash, std::string_view text, Target target) noexcept
    : Hashed{hash}, only_(target), size_(static_cast<std::uint8_t>(text.size())) {
  char* const to = text_;
  std::copy(text.begin(), text.end(), to);
}

Record::~Record() { delete many_.load(std::memory_order_acquire); }

Record::Ptr Record::make(std::uint64_t hash, std::string_view text, const FieldTable& arguments,
                         Target target, util::Domain& domain, std::uint64_t seed) {
  std::unique_ptr<BindingSet> many;
  if (!arguments.empty()) {
    many = std::make_unique<BindingSet>(domain, seed);
    many->add({}, arguments, target, target);
  }
  const std::size_t behind = text.size() > sizeof text_ ? text.size() - sizeof text_ : 0;
  Ptr record(new (::operator new(sizeof(Record) + behind)) Record(hash, text, target));
  record->many_.store(many.release(), std::memory_order_release);
  return record;
}

void Record::destroy(void* record) noexcept {
  static_cast<Record*>(record)->~Record();
  ::operator delete(record);
}

void Record::emit(std::vector<Target>& out) const {
  // Acquire: pairs with the release that publishes the set.
  const BindingSet* many = many_.load(std::memory_order_acquire);
  if (many == nullptr) [[likely]] {
    out.push_back(only_);
    return;
  }
  many->words().for_each([&](std::uintptr_t target) { out.push_back(target); });
}

bool Record::add(const FieldTable& arguments, Target target, util::Domain& domain, std::uint64_t seed) {
  // Relaxed, here and below: the writer reads what it wrote.
  if (BindingSet* many = many_.load(std::memory_order_relaxed))
    return many->add({}, arguments, target, target);
  if (arguments.empty() && target == only_) return false;
  auto many = std::make_unique<BindingSet>(domain, seed);
  many->add({}, {}, only_, only_);
  many->add({}, arguments, target, target);
  many_.store(many.release(), std::memory_order_release);
  return true;
}

Record::Removal Record::remove(const FieldTable& arguments, Target target) {
  BindingSet* many = many_.load(std::memory_order_relaxed);
  if (many == nullptr) return arguments.empty() && target == only_ ? Removal::last : Removal::none;
  if (many->remove({}, arguments, target) == 0) return Removal::none;
  return many->size() == 0 ? Removal::last : Removal::some;
}

void Record::for_each(const BindingTable::Visitor& f) const {
  const BindingSet* many = many_.load(std::memory_order_relaxed);
  if (many == nullptr) {
    f(text(), FieldTable(), only_);
  } else {
    many->for_each([&](const BindingSet::Node& n) { f(text(), n.arguments(), n.target); });
  }
}

}  // namespace kelp::routing
