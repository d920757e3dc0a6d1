#include "cli/transports.hpp"

#include <kelp/capabilities.hpp>
#include <kelp/transport.hpp>

#include <memory>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/text.hpp"
#include "transport/builtin_transports.hpp"

namespace kelp::cli {
namespace {

const char* word(PriorityOrder order) {
  switch (order) {
    case PriorityOrder::none:
      return "no";
    case PriorityOrder::high_first:
      return "high first";
    case PriorityOrder::low_first:
      return "low first";
  }
  return "no";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

struct Fact {
  const char* name;
  std::string value;  ///< for people
  std::string json;
};

Fact yes_or_no(const char* name, bool value) {
  return {name, value ? "yes" : "no", value ? "true" : "false"};
}

std::vector<Fact> facts_of(const Capabilities& c) {
  std::string types;
  for (const std::string& type : c.exchange_types) types += (types.empty() ? "" : ",") + json_quoted(type);
  return {
      {"exchange_types", joined(c.exchange_types), "[" + types + "]"},
      yes_or_no("exchange_bindings", c.exchange_bindings),
      yes_or_no("mandatory", c.mandatory),
      yes_or_no("confirms", c.confirms),
      yes_or_no("transactions", c.transactions),
      yes_or_no("requeue_in_place", c.requeue_in_place),
      yes_or_no("exclusive", c.exclusive),
      yes_or_no("message_ttl", c.message_ttl),
      yes_or_no("max_length", c.max_length),
      {"priority", word(c.priority), json_quoted(word(c.priority))},
      yes_or_no("durable", c.durable),
      yes_or_no("across_processes", c.across_processes),
      yes_or_no("heartbeats", c.heartbeats),
      yes_or_no("manual_time", c.manual_time),
      {"max_body_bytes", c.max_body_bytes == 0 ? "no limit" : std::to_string(c.max_body_bytes),
       std::to_string(c.max_body_bytes)},
  };
}

struct Row {
  std::string scheme;
  std::vector<Fact> facts;
};

std::vector<Row> rows_of_this_build() {
  std::vector<Row> rows;
  for (const transport::BuiltinTransport& builtin : transport::builtin_transports())
    rows.push_back({std::string(builtin.scheme), facts_of(builtin.make()->capabilities())});
  return rows;
}

/// One column for each transport: there are more capabilities than transports.
std::string as_table(const std::vector<Row>& rows, bool markdown) {
  std::vector<std::string> head{"capability"};
  for (const Row& row : rows) head.push_back(row.scheme);
  if (!markdown) {
    Table table(std::move(head), 2);
    for (std::size_t i = 0; i < rows.front().facts.size(); ++i) {
      std::vector<std::string> cells{rows.front().facts[i].name};
      for (const Row& row : rows) cells.push_back(row.facts[i].value);
      table.add(std::move(cells));
    }
    return table.text(false, false);
  }
  std::string text = "| capability |";
  std::string rule = "|---|";
  for (const Row& row : rows) {
    text += " `" + row.scheme + "` |";
    rule += "---|";
  }
  text += '\n' + rule + '\n';
  for (std::size_t i = 0; i < rows.front().facts.size(); ++i) {
    text += "| `" + std::string(rows.front().facts[i].name) + "` |";
    for (const Row& row : rows) text += " " + row.facts[i].value + " |";
    text += '\n';
  }
  return text;
}

std::string as_json(const std::vector<Row>& rows) {
  std::string text = "{";
  for (const Row& row : rows) {
    text += (&row == &rows.front() ? "" : ",") + json_quoted(row.scheme) + ":{";
    for (const Fact& fact : row.facts)
      text += (&fact == &row.facts.front() ? "" : ",") + json_quoted(fact.name) + ":" + fact.json;
    text += "}";
  }
  return text + "}\n";
}

}  // namespace

int run_transports(const TransportsOptions& options) {
  const std::vector<Row> rows = rows_of_this_build();
  return print(options.json ? as_json(rows) : as_table(rows, options.markdown)) ? exit_ok : exit_trouble;
}

}  // namespace kelp::cli
