#include <doctest/doctest.h>

#include <string>

#include <kelp/error.hpp>

#include "cli/binding_option.hpp"
#include "cli/key_builder.hpp"

using namespace kelp::cli;

namespace {

/// The key, or "!" and why there is none.
std::string key_of(const KeyOptions& options, std::string_view line) {
  const auto builder = make_key_builder(options);
  std::string_view key;
  KeyProblem problem;
  return builder->build(line, key, problem) ? std::string(key) : "!" + builder->describe(problem);
}

std::string refusal(const KeyOptions& options) {
  try {
    (void)make_key_builder(options);
  } catch (const kelp::InvalidArgument& error) {
    return error.what();
  }
  return "";
}

std::string binding_refusal(std::string_view text) {
  try {
    (void)parse_binding(text);
  } catch (const kelp::InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("columns are counted from 1 and split at white space") {
  CHECK(key_of({.key = "{1}.{2}"}, "  error\tapi  rest") == "error.api");
  CHECK(key_of({.key = "{2}"}, "error api\r") == "api");
  CHECK(key_of({.key = "{3}"}, "error api") == "!no column 3");
  CHECK(key_of({.key = "{1}"}, "") == "!no column 1");
  CHECK(key_of({.key = "{1}{1}"}, "ab c") == "abab");
  CHECK(key_of({.key = "{1}"}, std::string_view("a\0b c", 5)) == std::string("a\0b", 3));
}

TEST_CASE("columns are split at a delimiter, where they may be empty") {
  CHECK(key_of({.key = "{1}.{2}.{3}", .delimiter = "|"}, "a||b c") == "a..b c");
  CHECK(key_of({.key = "{1}", .delimiter = ","}, "") == "");
  CHECK(key_of({.key = "{2}", .delimiter = ","}, "a,") == "");
  CHECK(key_of({.key = "{3}", .delimiter = ","}, "a,") == "!no column 3");
  CHECK(key_of({.key = "{2}", .delimiter = "::"}, "a::b:c::d") == "b:c");
}

TEST_CASE("a template may be literal, hold braces or nothing") {
  CHECK(key_of({.key = "fixed.key"}, "anything") == "fixed.key");
  CHECK(key_of({.key = ""}, "anything") == "");
  CHECK(key_of({.key = "{{{1}}}"}, "x") == "{x}");
}

TEST_CASE("bad templates are refused with the byte") {
  CHECK(refusal({.key = "a.{level"}).find("byte 3: '{' is not closed") != std::string::npos);
  CHECK(refusal({.key = "a.{le{vel}"}).find("byte 3: '{' is not closed") != std::string::npos);
  CHECK(refusal({.key = "a}"}).find("byte 2: '}' without '{'") != std::string::npos);
  CHECK(refusal({.key = "{}"}).find("byte 1: '{}' names no field") != std::string::npos);
  CHECK(refusal({.key = "{0}"}).find("byte 2: columns are counted from 1") != std::string::npos);
  CHECK(refusal({.key = "{99999999999999999999}"}).find("byte 2: column") != std::string::npos);
  CHECK(refusal({.key = "{1}.{name}"}).find("exclude each other") != std::string::npos);
  CHECK(refusal({.key = "{name}", .delimiter = ","}).find("--delimiter") != std::string::npos);
}

TEST_CASE("keys have at most 255 bytes") {
  CHECK(key_of({.key = "{1}"}, std::string(255, 'x')) == std::string(255, 'x'));
  CHECK(key_of({.key = "{1}"}, std::string(256, 'x')) == "!the routing key has 256 bytes, over 255");
  CHECK(key_of({.key = "{1}.{2}"}, std::string(200, 'x') + " " + std::string(100, 'y')) ==
        "!the routing key has 301 bytes, over 255");
}

TEST_CASE("named fields are those of JSON lines") {
  CHECK(key_of({.key = "{level}.{service}"}, R"({"service":"api","x":[1,{"level":"no"}],"level":"error"})") ==
        "error.api");
  CHECK(key_of({.key = "{a}.{b}.{c}.{d}"}, R"({"a":1.50,"b":true,"c":null,"d":-0})") == "1.50.true.null.-0");
  CHECK(key_of({.key = "{a}"}, R"({"a":{"x":[1, 2]}})") == R"({"x":[1, 2]})");
  CHECK(key_of({.key = "{a}"}, R"({"a":"x.y \u00e9\ud83d\ude00\n"})") == "x.y \xC3\xA9\xF0\x9F\x98\x80\n");
  CHECK(key_of({.key = "{a}"}, R"({"a":1,"\u0061":2})") == "2");
  CHECK(key_of({.key = "{a}"}, "{}") == "!no field \"a\"");
  CHECK(key_of({.key = "{a}"}, "[1]") == "!no field \"a\"");
  CHECK(key_of({.key = "{a}"}, "").find("!invalid JSON at byte 1") == 0);
  CHECK(key_of({.key = "{a}"}, R"({"a":1)").find("!invalid JSON at byte 7") == 0);
  CHECK(key_of({.key = "{a}"}, R"({"a":"x"} y)").find("!invalid JSON at byte 11") == 0);
}

TEST_CASE("bindings are split at the first '='") {
  CHECK(parse_binding("errors=*.error.#") == BindingOption{"errors", "*.error.#"});
  CHECK(parse_binding("q=a=b") == BindingOption{"q", "a=b"});
  CHECK(parse_binding("q=") == BindingOption{"q", ""});
  CHECK(parse_bindings({"a=x", "b=y", "a=x", "a=z"}).size() == 3);
  CHECK(queues_of(parse_bindings({"a=x", "b=y", "a=z"})) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("bad bindings are refused with the byte") {
  CHECK(binding_refusal("errors").find("byte 7: no '='") != std::string::npos);
  CHECK(binding_refusal("=x").find("byte 1: the queue has no name") != std::string::npos);
  CHECK(binding_refusal("../x=#").find("byte 3: a queue's name cannot hold '/'") != std::string::npos);
  CHECK(binding_refusal("..=#").find("byte 1:") != std::string::npos);
  CHECK(binding_refusal("q=a.b*.c").find("byte 6: '*' must be a word of its own") != std::string::npos);
  CHECK(binding_refusal("q=##").find("byte 3: '#'") != std::string::npos);
  CHECK(binding_refusal("q=" + std::string(256, 'x')).find("byte 258: the pattern is over 255") !=
        std::string::npos);
  CHECK(binding_refusal("q=" + std::string(255, 'x')).empty());
  CHECK(binding_refusal(std::string(256, 'q') + "=#").find("byte 256: the queue's name") !=
        std::string::npos);
}

#if defined(KELP_HAVE_PCRE2)

TEST_CASE("named groups of a regular expression") {
  const std::string regex = R"(^\[(?<level>\w+)\] (?P<service>[\w.]+):(?<extra> x)?)";
  CHECK(key_of({.key = "{level}.{service}", .regex = regex}, "[warn] db.main: slow") == "warn.db.main");
  CHECK(key_of({.key = "{level}.{service}", .regex = regex}, "no") == "!the line does not match --regex");
  CHECK(key_of({.key = "{extra}", .regex = regex}, "[warn] db: y") == "!no field \"extra\"");
  CHECK(key_of({.key = "{level}.{2}", .regex = regex}, "[warn] db: y") == "warn.db:");
  CHECK(refusal({.key = "{level}", .regex = "(?<level>[a-"}).find("--regex: byte 13: ") == 0);
  CHECK(refusal({.key = "{level}", .regex = "(?<other>a)"}).find("no group 'level'") != std::string::npos);
  CHECK(refusal({.key = "{1}", .regex = "(a)"}).find("--regex is not used") == 0);
  CHECK(key_of({.key = "{x}", .regex = "^(?<x>(a+)+)$"}, std::string(5000, 'a') + "b").find("!") == 0);
}

#endif
