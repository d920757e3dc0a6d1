#include "routing/binding_table.hpp"

#include <string>

#include <kelp/error.hpp>

#include "routing/binding_set.hpp"
#include "routing/headers.hpp"
#include "routing/record_table.hpp"
#include "routing/topic.hpp"
#include "routing/topic_table.hpp"
#include "util/xxh3.hpp"

namespace kelp::routing {

namespace {

class DirectTable final : public BindingTable {
 public:
  DirectTable(util::Domain& domain, std::uint64_t seed) : records_(domain, seed), seed_(seed) {}

  bool add(std::string_view key, const FieldTable& arguments, Target target) override {
    validate_binding_key(key);
    const bool added = records_.add(util::xxh3(key, seed_), key, arguments, target);
    size_ += added;
    return added;
  }
  bool remove(std::string_view key, const FieldTable& arguments, Target target) override {
    const bool removed = records_.remove(util::xxh3(key, seed_), key, arguments, target);
    size_ -= removed;
    return removed;
  }
  void for_each(const Visitor& f) const override { records_.for_each(f); }
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  void match(std::string_view key, const FieldTable*, std::vector<Target>& out) const override {
    if (const Record* record = records_.find(util::xxh3(key, seed_), key)) record->emit(out);
  }

 private:
  RecordTable records_;
  std::uint64_t seed_;
  std::size_t size_ = 0;
};

class FanoutTable final : public BindingTable {
 public:
  FanoutTable(util::Domain& domain, std::uint64_t seed) : domain_(domain), bindings_(domain, seed) {}

  bool add(std::string_view key, const FieldTable& arguments, Target target) override {
    validate_binding_key(key);
    return bindings_.add(key, arguments, target, target);
  }
  bool remove(std::string_view key, const FieldTable& arguments, Target target) override {
    domain_.reserve(RecordTable::retirements);
    return bindings_.remove(key, arguments, target) != 0;
  }
  void for_each(const Visitor& f) const override {
    bindings_.for_each([&](const BindingSet::Node& n) { f(n.key(), n.arguments(), n.target); });
  }
  [[nodiscard]] std::size_t size() const noexcept override { return bindings_.size(); }
  void match(std::string_view, const FieldTable*, std::vector<Target>& out) const override {
    bindings_.words().for_each([&](std::uintptr_t target) { out.push_back(target); });
  }

 private:
  util::Domain& domain_;
  BindingSet bindings_;
};

// Readers compare the message with every binding in turn, as RabbitMQ does.
class HeadersTable final : public BindingTable {
 public:
  HeadersTable(util::Domain& domain, std::uint64_t seed) : domain_(domain), bindings_(domain, seed) {}
  ~HeadersTable() override {
    bindings_.words().for_each([](std::uintptr_t word) { delete condition(word); });
  }

  bool add(std::string_view key, const FieldTable& arguments, Target target) override {
    validate_binding_key(key);
    if (bindings_.contains(key, arguments, target)) return false;
    auto made =
        std::make_unique<const Condition>(Condition{parse_headers_match(arguments), arguments, target});
    bindings_.add(key, arguments, target, reinterpret_cast<std::uintptr_t>(made.get()));
    made.release();  // listed now
    return true;
  }
  bool remove(std::string_view key, const FieldTable& arguments, Target target) override {
    domain_.reserve(RecordTable::retirements);
    const std::uintptr_t word = bindings_.remove(key, arguments, target);
    if (word != 0) domain_.retire(condition(word));
    return word != 0;
  }
  void for_each(const Visitor& f) const override {
    bindings_.for_each([&](const BindingSet::Node& n) { f(n.key(), n.arguments(), n.target); });
  }
  [[nodiscard]] std::size_t size() const noexcept override { return bindings_.size(); }
  void match(std::string_view, const FieldTable* headers, std::vector<Target>& out) const override {
    bindings_.words().for_each([&](std::uintptr_t word) {
      const Condition& c = *condition(word);
      if (headers_match(c.kind, c.arguments, headers)) out.push_back(c.target);
    });
  }

 private:
  struct Condition {
    HeadersMatch kind;
    FieldTable arguments;
    Target target;
  };
  static const Condition* condition(std::uintptr_t word) noexcept {
    return reinterpret_cast<const Condition*>(word);
  }

  util::Domain& domain_;
  BindingSet bindings_;
};

}  // namespace

std::unique_ptr<BindingTable> make_binding_table(ExchangeType type, util::Domain& domain,
                                                 std::uint64_t seed) {
  switch (type) {
    case ExchangeType::direct:
      return std::make_unique<DirectTable>(domain, seed);
    case ExchangeType::fanout:
      return std::make_unique<FanoutTable>(domain, seed);
    case ExchangeType::headers:
      return std::make_unique<HeadersTable>(domain, seed);
    case ExchangeType::topic:
      break;
  }
  return make_topic_table(domain, seed);
}

}  // namespace kelp::routing
