// The bindings that lead to one queue or exchange, for its deletion. A few are remembered one by
// one; of many, only how many each exchange has, and a deletion then reads those tables through.
// Written under the topology's mutex.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kelp/field_table.hpp>

namespace kelp::broker {

class Exchange;

class BoundTo {
 public:
  struct Binding {
    Exchange* source;
    std::string key;
    FieldTable arguments;
  };

  void add(Exchange& source, std::string_view key, const FieldTable& arguments) {
    if (all_remembered_ && few_.size() < remembered) {
      few_.push_back({&source, std::string(key), arguments});
    } else {
      all_remembered_ = false;
    }
    ++sources_[&source];
  }

  void remove(Exchange& source, std::string_view key, const FieldTable& arguments) {
    for (auto it = few_.begin(); it != few_.end(); ++it) {
      if (it->source == &source && it->key == key && it->arguments == arguments) {
        few_.erase(it);
        break;
      }
    }
    const auto found = sources_.find(&source);
    if (found != sources_.end() && --found->second == 0) sources_.erase(found);
    if (sources_.empty()) all_remembered_ = true;
  }

  void forget(Exchange& source) {
    std::erase_if(few_, [&](const Binding& b) { return b.source == &source; });
    sources_.erase(&source);
    if (sources_.empty()) all_remembered_ = true;
  }

  /// Every exchange with a binding to here.
  [[nodiscard]] const std::unordered_map<Exchange*, std::size_t>& sources() const noexcept {
    return sources_;
  }
  /// Every binding, if they are few; else null.
  [[nodiscard]] const std::vector<Binding>* all() const noexcept { return all_remembered_ ? &few_ : nullptr; }

 private:
  static constexpr std::size_t remembered = 16;
  std::vector<Binding> few_;
  std::unordered_map<Exchange*, std::size_t> sources_;
  bool all_remembered_ = true;
};

}  // namespace kelp::broker
