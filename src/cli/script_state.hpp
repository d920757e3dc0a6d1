// What a script has made, by name, and the operations on it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kelp/broker.hpp>
#include <kelp/clock.hpp>
#include <kelp/connection.hpp>
#include <kelp/json.hpp>

#include "cli/script_args.hpp"

namespace kelp::cli {

struct ScriptState {
  struct Consumer {
    PullConsumer pull;
    std::shared_ptr<Channel> channel;
    bool no_ack;
  };
  /// A delivery that may be settled: by its tag, on its channel, which may be closed by now.
  struct Received {
    std::shared_ptr<Channel> channel;
    std::uint64_t tag = 0;
  };

  explicit ScriptState(std::string url);

  /// Opened at its first use.
  Connection& connection(const std::string& name);
  /// "channel", else "main"; opened at its first use, on "connection", else "main".
  std::shared_ptr<Channel> channel(ScriptArgs& args);
  Consumer& consumer(ScriptArgs& args);
  Received& received(ScriptArgs& args, const std::string& name);
  /// A name that is free: "m1", "m2" ... unless the script chose one.
  std::string remember(Received received, const std::string& chosen);

  std::string url;
  std::shared_ptr<ManualClock> clock;  ///< null: the transport's time
  std::optional<Broker> broker;
  std::map<std::string, Connection> connections;
  std::map<std::string, std::shared_ptr<Channel>> channels;
  std::map<std::string, std::string> connection_of;  ///< of each channel
  std::map<std::string, Consumer> consumers;
  std::map<std::string, Received> messages;
  std::uint64_t last_message = 0;
};

/// Carries out one operation and returns the members of its answer. Throws ScriptMistake, Error.
[[nodiscard]] Json run_operation(ScriptState& state, ScriptArgs& args);

}  // namespace kelp::cli
