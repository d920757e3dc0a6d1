#include "cli/script.hpp"

#include <kelp/error.hpp>

#include "cli/script_args.hpp"
#include "cli/script_state.hpp"

namespace kelp::cli {
namespace {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::operational:
      return "operational";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::interrupted:
      return "interrupted";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::channel:
      return "channel";
    case ErrorCode::not_supported:
      return "not_supported";
    case ErrorCode::message_state:
      return "message_state";
    case ErrorCode::limit_exceeded:
      return "limit_exceeded";
    case ErrorCode::serialization:
      return "serialization";
    case ErrorCode::content_disallowed:
      return "content_disallowed";
    case ErrorCode::not_installed:
      return "not_installed";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::misuse:
      return "misuse";
  }
  return "operational";
}

Json answer_to(const Error& error) {
  Json answer{{"ok", false}, {"error", name_of(error.code())}};
  if (const auto* const refused = dynamic_cast<const ChannelError*>(&error))
    answer["code"] = refused->reply_code();
  answer["text"] = clean_text(error.what());
  return answer;
}

bool is_nothing(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || line[first] == '#';
}

}  // namespace

ScriptRunner::ScriptRunner(std::string url) : state_(std::make_unique<ScriptState>(std::move(url))) {}
ScriptRunner::~ScriptRunner() = default;

ScriptRunner::Outcome ScriptRunner::run(std::string_view line, std::size_t number, std::string& answer) {
  if (is_nothing(line)) return Outcome::nothing;
  try {
    ScriptArgs args(line);
    Json result{{"ok", true}};
    result.update(run_operation(*state_, args));
    answer = write_json(result);
    return Outcome::answered;
  } catch (const ScriptMistake& mistake) {
    answer = write_json(Json{{"ok", false},
                             {"error", "script"},
                             {"line", number},
                             {"byte", mistake.byte},
                             {"text", clean_text(mistake.text)}});
    return Outcome::mistake;
  } catch (const Error& error) {
    answer = write_json(answer_to(error));
    return Outcome::answered;
  }
}

ScriptState::ScriptState(std::string u) : url(std::move(u)) {
  if (url.empty()) {
    clock = std::make_shared<ManualClock>();
    broker.emplace(BrokerOptions{.clock = clock});
  }
  connection("main");
}

Connection& ScriptState::connection(const std::string& name) {
  const auto found = connections.find(name);
  if (found != connections.end()) return found->second;
  return connections.emplace(name, broker ? Connection(*broker) : Connection(url)).first->second;
}

std::shared_ptr<Channel> ScriptState::channel(ScriptArgs& args) {
  const std::string name = args.text_or("channel", "main");
  const auto found = channels.find(name);
  if (found != channels.end()) {
    const std::string owner = args.text_or("connection", connection_of[name]);
    if (owner != connection_of[name])
      args.refuse("connection", "is not the one that channel \"" + name + "\" is on");
    return found->second;
  }
  const std::string owner = args.text_or("connection", "main");
  auto opened = std::make_shared<Channel>(connection(owner).channel());
  channels.emplace(name, opened);
  connection_of[name] = owner;
  return opened;
}

ScriptState::Consumer& ScriptState::consumer(ScriptArgs& args) {
  const std::string name = args.text("consumer");
  const auto found = consumers.find(name);
  if (found == consumers.end()) args.refuse("consumer", "names no consumer");
  return found->second;
}

ScriptState::Received& ScriptState::received(ScriptArgs& args, const std::string& name) {
  const auto found = messages.find(name);
  if (found == messages.end()) args.refuse("message", "names no message: \"" + name + "\"");
  return found->second;
}

std::string ScriptState::remember(Received received, const std::string& chosen) {
  const std::string name = chosen.empty() ? "m" + std::to_string(++last_message) : chosen;
  messages.insert_or_assign(name, std::move(received));
  return name;
}

}  // namespace kelp::cli
