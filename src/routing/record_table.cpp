#include "routing/record_table.hpp"

namespace kelp::routing {

RecordTable::~RecordTable() {
  pages_.for_each([](Hashed& item) { Record::destroy(&static_cast<Record&>(item)); });
}

const Record* RecordTable::find(std::uint64_t hash, std::string_view text) const {
  return static_cast<const Record*>(
      pages_.find(hash, [&](Hashed& item) { return static_cast<Record&>(item).text() == text; }));
}

bool RecordTable::add(std::uint64_t hash, std::string_view text, const FieldTable& arguments, Target target) {
  if (auto* record = const_cast<Record*>(find(hash, text)))
    return record->add(arguments, target, domain_, seed_);
  Record::Ptr record = Record::make(hash, text, arguments, target, domain_, seed_);
  pages_.insert(*record);
  record.release();  // in the table now
  return true;
}

bool RecordTable::remove(std::uint64_t hash, std::string_view text, const FieldTable& arguments,
                         Target target) {
  domain_.reserve(retirements);
  auto* record = const_cast<Record*>(find(hash, text));
  if (record == nullptr) return false;
  const Record::Removal removal = record->remove(arguments, target);
  if (removal == Record::Removal::last) {
    pages_.erase(*record);
    domain_.retire(record, Record::destroy);
  }
  return removal != Record::Removal::none;
}

void RecordTable::for_each(const BindingTable::Visitor& f) const {
  pages_.for_each([&](Hashed& item) { static_cast<const Record&>(item).for_each(f); });
}

}  // namespace kelp::routing
