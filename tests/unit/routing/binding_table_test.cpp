#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include <kelp/error.hpp>

#include "routing/binding_table.hpp"
#include "routing/headers.hpp"

using namespace kelp;
using namespace kelp::routing;

namespace {

std::vector<Target> match(const BindingTable& table, std::string_view key,
                          const FieldTable* headers = nullptr) {
  std::vector<Target> out;
  table.match(key, headers, out);
  return out;
}

constexpr ExchangeType all_types[] = {ExchangeType::direct, ExchangeType::topic, ExchangeType::fanout,
                                      ExchangeType::headers};

}  // namespace

TEST_CASE("what all tables promise") {
  for (const ExchangeType type : all_types) {
    CAPTURE(static_cast<int>(type));
    util::Domain domain;
    const auto table = make_binding_table(type, domain, 11);
    const FieldTable other{{"x-other", true}};
    CHECK(table->size() == 0);
    CHECK(match(*table, "k").empty());
    CHECK_FALSE(table->remove("k", {}, 1));
    CHECK(table->add("k", {}, 1));
    CHECK_FALSE(table->add("k", {}, 1));
    CHECK(table->add("k", {}, 2));
    CHECK(table->add("k", other, 1));
    CHECK_FALSE(table->add("k", other, 1));
    CHECK(table->add("l", {}, 1));
    CHECK(table->size() == 4);
    auto found = match(*table, "k");
    std::sort(found.begin(), found.end());
    const bool by_key = type == ExchangeType::direct || type == ExchangeType::topic;
    CHECK(found == (by_key ? std::vector<Target>{1, 1, 2} : std::vector<Target>{1, 1, 1, 2}));
    CHECK_FALSE(table->remove("k", other, 2));
    CHECK(table->remove("k", {}, 1));
    CHECK_FALSE(table->remove("k", {}, 1));
    std::vector<std::tuple<std::string, bool, Target>> listed;
    table->for_each([&](std::string_view key, const FieldTable& arguments, Target target) {
      listed.emplace_back(key, arguments == other, target);
    });
    std::sort(listed.begin(), listed.end());
    CHECK(listed == std::vector<std::tuple<std::string, bool, Target>>{
                        {"k", false, 2}, {"k", true, 1}, {"l", false, 1}});
    CHECK_THROWS_AS(table->add(std::string(256, 'k'), {}, 1), InvalidArgument);
    CHECK(table->size() == 3);
    CHECK(table->remove("k", {}, 2));
    CHECK(table->remove("k", other, 1));
    CHECK(table->remove("l", {}, 1));
    CHECK(table->size() == 0);
    CHECK(match(*table, "k").empty());
  }
}

TEST_CASE("a table of many bindings, added and removed") {
  for (const ExchangeType type : all_types) {
    CAPTURE(static_cast<int>(type));
    util::Domain domain;
    const auto table = make_binding_table(type, domain, 12);
    constexpr Target count = 3000;
    for (Target t = 1; t <= count; ++t) REQUIRE(table->add("key." + std::to_string(t % 1000), {}, t));
    auto found = match(*table, "key.7");
    std::sort(found.begin(), found.end());
    if (type == ExchangeType::direct || type == ExchangeType::topic) {
      CHECK(found == std::vector<Target>{7, 1007, 2007});
    } else {
      CHECK(found.size() == count);
    }
    for (Target t = 1; t <= count; ++t) REQUIRE(table->remove("key." + std::to_string(t % 1000), {}, t));
    CHECK(table->size() == 0);
    CHECK(match(*table, "key.7").empty());
  }
}

TEST_CASE("a headers exchange asks for all headers, or any") {
  const FieldTable message{{"format", "pdf"}, {"pages", std::int64_t{3}}, {"x-private", "yes"}};
  const auto matches = [&](const FieldTable& arguments) { return headers_match(arguments, &message); };
  CHECK(matches({{"format", "pdf"}, {"pages", 3}}));  // all, without saying so
  CHECK_FALSE(matches({{"format", "pdf"}, {"pages", 4}}));
  CHECK(matches({{"x-match", "any"}, {"format", "pdf"}, {"pages", 4}}));
  CHECK_FALSE(matches({{"x-match", "any"}, {"format", "txt"}, {"pages", 4}}));
  CHECK_FALSE(matches({{"x-match", "all"}, {"missing", 1}}));
  // x- arguments count only where asked for.
  CHECK(matches({{"x-match", "all"}, {"format", "pdf"}, {"x-private", "no"}}));
  CHECK_FALSE(matches({{"x-match", "all-with-x"}, {"format", "pdf"}, {"x-private", "no"}}));
  CHECK(matches({{"x-match", "all-with-x"}, {"format", "pdf"}, {"x-private", "yes"}}));
  CHECK_FALSE(matches({{"x-match", "any"}, {"x-private", "yes"}}));
  CHECK(matches({{"x-match", "any-with-x"}, {"x-private", "yes"}}));
  // Nothing to look at.
  CHECK(matches({}));
  CHECK(matches({{"x-match", "all"}}));
  CHECK_FALSE(matches({{"x-match", "any"}}));
  CHECK(headers_match({}, nullptr));
  CHECK_FALSE(headers_match({{"format", "pdf"}}, nullptr));
}

TEST_CASE("header values compare as RabbitMQ compares them") {
  const auto same = [](FieldValue wanted, FieldValue found) {
    const FieldTable message{{"h", std::move(found)}};
    return headers_match(FieldTable{{"h", std::move(wanted)}}, &message);
  };
  CHECK(same(std::int8_t{1}, std::int64_t{1}));
  CHECK(same(1, 1.0));
  CHECK(same(1.0F, std::uint16_t{1}));
  CHECK_FALSE(same(1, 1.5));
  CHECK(same(Timestamp{60}, 60));
  CHECK(same(60, Timestamp{60}));
  CHECK(same("a", Bytes{std::byte{'a'}}));
  CHECK_FALSE(same("1", 1));
  CHECK_FALSE(same(true, 1));
  CHECK_FALSE(same(true, "true"));
  CHECK(same(true, true));
  CHECK(same(nullptr, "whatever"));  // no value: the header only has to be there
  CHECK(same(nullptr, nullptr));
  CHECK_FALSE(same("a", nullptr));
  CHECK(same(Decimal{1, 10}, Decimal{1, 10}));
  CHECK_FALSE(same(Decimal{1, 10}, Decimal{2, 100}));
  CHECK(same(FieldArray{1, "a"}, FieldArray{1, "a"}));
  CHECK_FALSE(same(FieldArray{1}, FieldArray{2}));
}

TEST_CASE("an x-match that means nothing is refused and changes nothing") {
  util::Domain domain;
  const auto table = make_binding_table(ExchangeType::headers, domain, 1);
  CHECK_THROWS_WITH_AS(table->add("", {{"x-match", "some"}}, 1),
                       "x-match is 'some': expected all, any, all-with-x or any-with-x", InvalidArgument);
  CHECK_THROWS_AS(table->add("", {{"x-match", 1}}, 1), InvalidArgument);
  CHECK_THROWS_AS((void)headers_match({{"x-match", "some"}}, nullptr), InvalidArgument);
  CHECK(table->size() == 0);
}

TEST_CASE("a headers table gives each binding that matches") {
  util::Domain domain;
  const auto table = make_binding_table(ExchangeType::headers, domain, 1);
  CHECK(table->add("", {{"a", 1}}, 1));
  CHECK(table->add("", {{"x-match", "any"}, {"a", 1}, {"b", 1}}, 2));
  CHECK(table->add("", {{"a", 2}}, 3));
  const FieldTable a{{"a", 1}}, b{{"b", 1.0}};
  CHECK(match(*table, "", &a) == std::vector<Target>{1, 2});
  CHECK(match(*table, "", &b) == std::vector<Target>{2});
  CHECK(match(*table, "").empty());
}
