#include <doctest/doctest.h>

#include <string>

#include <kelp/error.hpp>

#include "../../support/naive_topic.hpp"
#include "routing/topic.hpp"

using namespace kelp;
using namespace kelp::routing;

TEST_CASE("every pattern and key of up to four words") {
  const auto texts = testing::all_topics({"a", "b", "", "*", "#"}, 4);
  REQUIRE(texts.size() == 780);  // 1 + 5 + 25 + 125 + 625, less the empty word alone
  std::size_t matched = 0, wrong = 0;
  for (const std::string& pattern : texts) {
    for (const std::string& key : texts) {
      const bool expected = testing::naive_topic_matches(pattern, key);
      matched += expected;
      const bool explained = explain_topic(pattern, key).matches;
      if (topic_matches(pattern, key) != expected || explained != expected) {
        ++wrong;
        INFO("pattern '" << pattern << "', key '" << key << "'");
        CHECK(topic_matches(pattern, key) == expected);
        CHECK(explained == expected);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(matched > 10'000);
}

TEST_CASE("AMQP's reading of what is often read differently") {
  CHECK(topic_matches("a.*", "a.b"));
  CHECK_FALSE(topic_matches("a.*", "a.b.c"));
  CHECK_FALSE(topic_matches("*", ""));
  CHECK(topic_matches("a.*", "a."));
  CHECK(topic_matches("*.a", ".a"));
  CHECK(topic_matches("a.#", "a"));
  CHECK(topic_matches("#.a", "a"));
  CHECK(topic_matches("a.#.c", "a.c"));
  CHECK(topic_matches("#", ""));
  CHECK(topic_matches("", ""));
  CHECK_FALSE(topic_matches("", "a"));
  CHECK(topic_matches("#", "a\nb"));
  CHECK(topic_matches("#.#", "a"));
  CHECK(topic_matches("#.b.#", "b"));
  CHECK_FALSE(topic_matches("#.#.*", ""));
  CHECK_FALSE(topic_matches("a*", "aaa"));
  CHECK(topic_matches("a*", "a*"));
  CHECK(topic_matches("**", "**"));
  CHECK_FALSE(topic_matches("A.*", "a.b"));
  CHECK(topic_matches(std::string("a\0b.*", 5), std::string("a\0b.c", 5)));
}

TEST_CASE("a pattern made to backtrack is judged all the same") {
  std::string pattern, key = "a";
  for (int i = 0; i < 60; ++i) pattern += "#.a.";
  for (int i = 0; i < 126; ++i) key += ".a";
  CHECK(topic_matches(pattern + "#", key));
  CHECK_FALSE(topic_matches(pattern + "b", key));
}

TEST_CASE("an explanation names the first word that does not fit") {
  const TopicExplanation literal = explain_topic("a.*.c", "a.b.d");
  CHECK_FALSE(literal.matches);
  CHECK(literal.key_word == 3);
  CHECK(literal.pattern_word == 3);
  CHECK(literal.expected == "c");
  CHECK(literal.found == "d");

  const TopicExplanation ended = explain_topic("a.b.c", "a.b");
  CHECK(ended.key_word == 3);
  CHECK(ended.expected == "c");
  CHECK(ended.found.data() == nullptr);

  const TopicExplanation too_long = explain_topic("a.b", "a.b.c");
  CHECK(too_long.key_word == 3);
  CHECK(too_long.pattern_word == 3);
  CHECK(too_long.expected.data() == nullptr);
  CHECK(too_long.found == "c");

  const TopicExplanation empty_word = explain_topic("a.b", "a.");
  CHECK(empty_word.found.data() != nullptr);
  CHECK(empty_word.found.empty());

  const TopicExplanation hash = explain_topic("a.#.x.c", "a.b.x.d");
  CHECK(hash.key_word == 5);  // the `#` may eat it all, and then "x" is missing
  CHECK(hash.expected == "x");
  CHECK(hash.found.data() == nullptr);

  CHECK(explain_topic("#", "a.b").matches);
  CHECK(explain_topic("#", "a.b").key_word == 0);
}

TEST_CASE("a pattern that AMQP cannot carry is refused by its size") {
  CHECK_NOTHROW(validate_topic_pattern(std::string(255, 'a')));
  try {
    validate_topic_pattern(std::string(256, 'a'));
    FAIL("accepted");
  } catch (const InvalidArgument& e) {
    CHECK(std::string(e.what()).find("256 bytes") != std::string::npos);
  }
}
