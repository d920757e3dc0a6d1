#include "bench.hpp"

using namespace conformance;
using kelp::Exchange;
using kelp::FieldTable;
using kelp::Queue;

TEST_CASE("routing: the default exchange reaches a queue by its name") {
  Bench b;
  const Queue one = b.queue(), other = b.queue();
  b.send(one, "for one");
  CHECK(b.contents(one) == Texts{"for one"});
  CHECK(b.contents(other).empty());
}

TEST_CASE("routing: direct compares the whole key") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  const Queue red = b.bound(exchange, "red"), blue = b.bound(exchange, "blue");
  b.send(exchange, "red", "1");
  b.send(exchange, "red.dark", "2");
  b.send(exchange, "", "3");
  b.send(exchange, "blue", "4");
  CHECK(b.contents(red) == Texts{"1"});
  CHECK(b.contents(blue) == Texts{"4"});
}

TEST_CASE("routing: fanout ignores the key and copies to every queue") {
  Bench b;
  const Exchange exchange = b.exchange("fanout");
  const Queue first = b.bound(exchange, "a"), second = b.bound(exchange, "");
  b.send(exchange, "a", "1");
  b.send(exchange, "z", "2");
  CHECK(b.contents(first) == Texts{"1", "2"});
  CHECK(b.contents(second) == Texts{"1", "2"});
}

TEST_CASE("routing: in a topic pattern * is one word and # any number") {
  Bench b;
  const Exchange exchange = b.exchange("topic");
  const Queue star = b.bound(exchange, "log.*.error"), hash = b.bound(exchange, "log.#"),
              middle = b.bound(exchange, "#.error"), all = b.bound(exchange, "#"),
              exact = b.bound(exchange, "log.web.error");
  for (const char* key : {"log", "log.web.error", "log.web.db.error", "error", "log..error", ""}) {
    b.send(exchange, key, key);
  }
  CHECK(b.contents(star) == Texts{"log.web.error", "log..error"});
  CHECK(b.contents(hash) == Texts{"log", "log.web.error", "log.web.db.error", "log..error"});
  CHECK(b.contents(middle) == Texts{"log.web.error", "log.web.db.error", "error", "log..error"});
  CHECK(b.contents(all) == Texts{"log", "log.web.error", "log.web.db.error", "error", "log..error", ""});
  CHECK(b.contents(exact) == Texts{"log.web.error"});
}

TEST_CASE("routing: headers with x-match all wants every header") {
  Bench b;
  const Exchange exchange = b.exchange("headers");
  const Queue queue =
      b.bound(exchange, "", {{"x-match", "all"}, {"format", "pdf"}, {"pages", std::int32_t{2}}});
  b.send(exchange, FieldTable{{"format", "pdf"}, {"pages", std::int32_t{2}}, {"more", true}}, "both");
  b.send(exchange, FieldTable{{"format", "pdf"}}, "one");
  b.send(exchange, FieldTable{{"format", "pdf"}, {"pages", std::int32_t{3}}}, "wrong value");
  CHECK(b.contents(queue) == Texts{"both"});
}

TEST_CASE("routing: headers with x-match any wants one header") {
  Bench b;
  const Exchange exchange = b.exchange("headers");
  const Queue queue = b.bound(exchange, "", {{"x-match", "any"}, {"format", "pdf"}, {"kind", "report"}});
  b.send(exchange, FieldTable{{"format", "pdf"}}, "format");
  b.send(exchange, FieldTable{{"format", "txt"}, {"kind", "report"}}, "kind");
  b.send(exchange, FieldTable{{"format", "txt"}}, "neither");
  CHECK(b.contents(queue) == Texts{"format", "kind"});
}

TEST_CASE("routing: two bindings that match give a queue one copy") {
  Bench b;
  const Exchange exchange = b.exchange("topic");
  const Queue queue = b.bound(exchange, "a.#");
  queue(b.channel).bind_to(exchange, "*.b");
  b.send(exchange, "a.b", "once");
  CHECK(b.contents(queue) == Texts{"once"});
}

TEST_CASE("routing: binding twice is binding once, and unbinding ends it") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  const Queue queue = b.bound(exchange, "k");
  queue(b.channel).queue_bind();
  b.send(exchange, "k", "1");
  queue(b.channel).queue_unbind();
  b.send(exchange, "k", "2");
  CHECK(b.contents(queue) == Texts{"1"});
}

TEST_CASE("routing: a queue with several bindings gets from all its exchanges") {
  Bench b;
  const Exchange direct{.name = b.unique("direct")}, fanout{.name = b.unique("fanout"), .type = "fanout"};
  const Queue queue = b.queue({.bindings = {{direct, "k"}, {fanout, ""}}});
  b.send(direct, "k", "1");
  b.send(fanout, "", "2");
  CHECK(b.contents(queue) == Texts{"1", "2"});
}

TEST_CASE("routing: exchange-to-exchange bindings") {
  Bench b;
  if (!b.can().exchange_bindings) {
    const Exchange source = b.exchange("fanout"), target = b.exchange("fanout");
    CHECK_THROWS_AS(target(b.channel).bind_to(source), kelp::NotSupported);
    return;
  }
  const Exchange source = b.exchange("topic"), middle = b.exchange("fanout"), last = b.exchange("direct");
  middle(b.channel).bind_to(source, "a.*");
  last(b.channel).bind_to(middle);
  const Queue queue = b.bound(last, "a.b");
  b.send(source, "a.b", "through");
  b.send(source, "a.c", "wrong key at the last exchange");
  b.send(source, "b.b", "wrong key at the first");
  middle(b.channel).unbind_from(source, "a.*");
  b.send(source, "a.b", "unbound");
  CHECK(b.contents(queue) == Texts{"through"});
}

TEST_CASE("routing: a cycle of exchanges delivers once") {
  Bench b;
  if (!b.can().exchange_bindings) {
    CHECK_FALSE(b.can().exchange_bindings);
    return;
  }
  const Exchange one = b.exchange("fanout"), two = b.exchange("fanout");
  one(b.channel).bind_to(two);
  two(b.channel).bind_to(one);
  const Queue queue = b.bound(two, "");
  b.send(one, "", "1");
  CHECK(b.contents(queue) == Texts{"1"});
}

TEST_CASE("routing: a message for an exchange that does not exist is refused with 404") {
  Bench b;
  CHECK(refusal([&] { b.channel.publish({b.unique("nowhere"), "k"}, "lost"); }) == 404);
  CHECK(b.channel.is_open());
}

TEST_CASE("routing: an unroutable message is dropped, and returned when mandatory") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  kelp::Producer producer(b.channel);
  producer.publish("nobody listens", {.exchange = exchange, .routing_key = "k"});
  if (!b.can().mandatory) {
    CHECK_THROWS_AS(producer.publish("x", {.exchange = exchange, .routing_key = "k", .mandatory = true}),
                    kelp::NotSupported);
    return;
  }
  CHECK(producer.try_publish("x", {.exchange = exchange, .routing_key = "k", .mandatory = true}) ==
        kelp::PublishOutcome::unroutable);
  CHECK(refusal([&] {
          producer.publish("x", {.exchange = exchange, .routing_key = "k", .mandatory = true});
        }) == 312);
  std::string returned;
  kelp::Producer listening(b.channel, {.on_return = [&](const kelp::Returned& back) {
                             returned = std::string(back.routing_key) + ":" +
                                        std::string(reinterpret_cast<const char*>(back.body.data()),
                                                    back.body.size());
                           }});
  listening.publish("back", {.exchange = exchange, .routing_key = "k", .mandatory = true});
  CHECK(returned == "k:back");
  const Queue queue = b.bound(exchange, "k");
  listening.publish("there", {.exchange = exchange, .routing_key = "k", .mandatory = true});
  CHECK(b.contents(queue) == Texts{"there"});
}
