#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kelp {

/// Which end of the priority range is delivered first.
enum class PriorityOrder { none, high_first, low_first };

/// The single truth of what a transport can do. The README's table, the error for an unsupported
/// request and the conformance suite all read it: a true field is tested to work, a false one to be
/// refused.
struct Capabilities {
  std::vector<std::string> exchange_types = {};
  bool exchange_bindings = false;  ///< exchange-to-exchange bindings
  bool mandatory = false;          ///< unroutable messages can be returned
  bool confirms = false;           ///< publisher confirms
  bool transactions = false;
  bool requeue_in_place = false;  ///< a requeued message returns to its original position
  bool exclusive = false;         ///< exclusive queues
  bool message_ttl = false;
  bool max_length = false;
  PriorityOrder priority = PriorityOrder::none;
  bool durable = false;  ///< messages survive the broker's end
  bool across_processes = false;
  bool heartbeats = false;
  bool manual_time = false;          ///< the broker takes its time from the connection's Clock
  std::uint64_t max_body_bytes = 0;  ///< 0: no limit but memory
};

}  // namespace kelp
