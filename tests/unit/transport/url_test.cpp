#include <doctest/doctest.h>

#include <kelp/error.hpp>
#include <kelp/url.hpp>

#include "transport/percent.hpp"

using namespace kelp;

namespace {

using Text = std::optional<std::string>;
constexpr auto none = std::nullopt;

struct Case {
  const char* url;
  std::string transport;
  Text host, user, password, virtual_host;
  std::optional<std::uint16_t> port;
};

}  // namespace

TEST_CASE("URLs mean what they mean to Kombu; defaults are each transport's") {
  const Case cases[] = {
      {"amqp://", "amqp", none, none, none, none, none},
      {"amqp://localhost/", "amqp", "localhost", none, none, none, none},
      {"amqp://localhost//", "amqp", "localhost", none, none, "/", none},
      {"amqp://localhost//foo", "amqp", "localhost", none, none, "/foo", none},
      {"amqp://localhost/foo", "amqp", "localhost", none, none, "foo", none},
      {"amqp://localhost/foo/bar", "amqp", "localhost", none, none, "foo/bar", none},
      {"amqp://localhost/%2f", "amqp", "localhost", none, none, "/", none},
      {"amqp://localhost/%2ffoo", "amqp", "localhost", none, none, "/foo", none},
      {"amqp://host//a//b", "amqp", "host", none, none, "/a//b", none},
      {"amqp:///vhost", "amqp", none, none, none, "vhost", none},
      {"amqp://:10000", "amqp", none, none, none, none, 10000},
      {"amqp://user@/", "amqp", none, "user", none, none, none},
      {"amqp://user:@localhost", "amqp", "localhost", "user", none, none, none},
      {"amqp://:pass@localhost", "amqp", "localhost", none, "pass", none, none},
      {"amqp://user%61:%61pass@ho%61st:10000/v%2fhost", "amqp", "hoast", "usera", "apass", "v/host", 10000},
      {"amqp://user:p%40ss%3Aw%2Frd@host/vhost", "amqp", "host", "user", "p@ss:w/rd", "vhost", none},
      {"amqp://user:p@ss@host/vhost", "amqp", "host", "user", "p@ss", "vhost", none},
      {"amqp://u+x:p+y@host/v+h", "amqp", "host", "u+x", "p+y", "v+h", none},
      {"amqp://HOST.Example.COM/v", "amqp", "host.example.com", none, none, "v", none},
      {"amqp://h%4Fst/v", "amqp", "hOst", none, none, "v", none},
      {"amqp://[::1]:5673/v", "amqp", "::1", none, none, "v", 5673},
      {"amqp://[FE80::1]", "amqp", "fe80::1", none, none, none, none},
      {"amqp://host:0/", "amqp", "host", none, none, none, none},
      {"amqp://host:65535/", "amqp", "host", none, none, none, 65535},
      {"amqp://host:/v", "amqp", "host", none, none, "v", none},
      {"amqp://u:pa%23ss@host/v#frag", "amqp", "host", "u", "pa#ss", "v", none},
      {"amqps://u:p@host/vhost", "amqps", "host", "u", "p", "vhost", none},
      {"pyamqp://g:g@h:5672//", "pyamqp", "h", "g", "g", "/", 5672},
      {"localhost", "amqp", "localhost", none, none, none, none},
      {"foo.bar:1234", "amqp", "foo.bar:1234", none, none, none, none},
      {"memory://", "memory", none, none, none, none, none},
      {"memory://name", "memory", "name", none, none, none, none},
      {"redis://:secret@h:6380/3", "redis", "h", none, "secret", "3", 6380},
      {"redis://h//3", "redis", "h", none, none, "/3", none},
      {"redis://user:secret@h/0", "redis", "h", "user", "secret", "0", none},
      {"sentinel://h1:26379", "sentinel", "h1", none, none, none, 26379},
      {"sqs://AKID:sec%2Fret@", "sqs", none, "AKID", "sec/ret", none, none},
      {"sqs://k:s@localhost:9324", "sqs", "localhost", "k", "s", none, 9324},
      {"SQS://k:s@", "sqs", none, "k", "s", none, none},
      {"filesystem://", "filesystem", none, none, none, none, none},
      {"pyro://localhost/kombu.broker", "pyro", "localhost", none, none, "kombu.broker", none},
      {"zookeeper://h1:2181/v", "zookeeper", "h1", none, none, "v", 2181},
      {"slmq://u:k@host/acct", "slmq", "host", "u", "k", "acct", none},
      {"amqp://h/100%", "amqp", "h", none, none, "100%", none},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    const Url url = Url::parse(c.url);
    CHECK(url.transport == c.transport);
    CHECK(url.prefix.empty());
    CHECK(url.hostname == c.host);
    CHECK(url.userid == c.user);
    CHECK(url.password == c.password);
    CHECK(url.virtual_host == c.virtual_host);
    CHECK(url.port == c.port);
    CHECK(url.query.empty());
  }
}

TEST_CASE("a prefix keeps the rest of the URL as its host name") {
  for (const char* inner : {"postgresql://u:p@h/db", "sqlite:////abs/x.db"}) {
    const Url url = Url::parse(std::string("sqla+") + inner);
    CHECK(url.transport == "sqla");
    CHECK(url.prefix == "sqla");
    CHECK(url.hostname == inner);
    CHECK(url.virtual_host == none);
    CHECK(url.port == none);
  }
  CHECK(Url::parse("redis+socket:///tmp/redis.sock?virtual_host=5").hostname ==
        "socket:///tmp/redis.sock?virtual_host=5");
  CHECK(Url::parse("amqp://u+v:p@h").prefix.empty());
}

TEST_CASE("the query is form data: decoded, blanks dropped, the last of equals") {
  const Url url =
      Url::parse("amqp://host/v?heartbeat=10&connect_timeout=7&blank=&none&a+b=c%2Bd+e&heartbeat=11#f");
  CHECK(url.query == std::vector<std::pair<std::string, std::string>>{
                         {"heartbeat", "11"}, {"connect_timeout", "7"}, {"a b", "c+d e"}});
  REQUIRE(url.option("heartbeat") != nullptr);
  CHECK(*url.option("heartbeat") == "11");
  CHECK(url.option("blank") == nullptr);
  CHECK(Url::parse("amqp://host?x=/y").virtual_host == none);
  CHECK(*Url::parse("amqp://host?x=/y").option("x") == "/y");
}

TEST_CASE("alternates are separated by semicolons") {
  const auto urls = Url::parse_list("sentinel://h1:26379;sentinel://h2:26380;sentinel://h3");
  REQUIRE(urls.size() == 3);
  CHECK(urls[1].hostname == "h2");
  CHECK(urls[1].port == 26380);
  CHECK(Url::parse_list("amqp://a").size() == 1);
  CHECK_THROWS_WITH_AS(static_cast<void>(Url::parse_list("amqp://a;")), doctest::Contains("place 2"),
                       InvalidArgument);
  CHECK_THROWS_AS(static_cast<void>(Url::parse_list("")), InvalidArgument);
}

TEST_CASE("what means nothing is refused, by the name of the part and without the password") {
  const auto refused = [](std::string_view text, const char* why) {
    CAPTURE(text);
    std::string said;
    try {
      static_cast<void>(Url::parse(text));
    } catch (const InvalidArgument& error) {
      said = error.what();
    }
    CHECK(said.find(why) != std::string::npos);
    CHECK(said.find("secret") == std::string::npos);
  };
  refused("", "is empty");
  refused("amqp://u:secret@host:abc/", "the port \"abc\"");
  refused("amqp://u:secret@host:65536/", "the port \"65536\"");
  refused("amqp://u:secret@host:-1/?x=secret", "the port \"-1\"");
  refused("amqp://host:99999999999999999999/", "the port");
  refused("sqs://k:secret/more@", "'/' is written %2F");
  refused("://host", "transport before");
  refused("am qp://host", "transport \"am qp\"");
  refused("amqp://[::1/v", "']'");
  refused("amqp://[::1]x/v", "follows the ']'");
  refused("amqp://h/%ff", "virtual host is not UTF-8 at byte 0");
  refused("amqp://u%c3:p@h", "the user is not UTF-8");
  refused("amqp://h/?k=%00", "value of the query has a zero byte");
  refused(std::string_view("amqp://h\0st/", 12), "zero byte");
}

TEST_CASE("as_uri encodes, and masks the password unless asked") {
  const auto uri = [](std::string_view text, bool password = false) {
    return Url::parse(text).as_uri(password);
  };
  CHECK(uri("amqp://guest:guest@localhost:5672//") == "amqp://guest:**@localhost:5672//");
  CHECK(uri("amqp://guest:guest@localhost:5672//", true) == "amqp://guest:guest@localhost:5672//");
  CHECK(uri("amqp://u%40:p%2F@h/a/b%20c", true) == "amqp://u%40:p%2F@h/a/b%20c");
  CHECK(uri("amqp://[::1]:5673/v") == "amqp://%3A%3A1:5673/v");
  CHECK(uri("redis://:secret@h/3") == "redis://:**@h/3");
  CHECK(uri("amqp://u@h") == "amqp://u@h/");
  CHECK(uri("memory://") == "memory:///");
  CHECK(uri("redis+socket://:pass@/tmp/r.sock") == "redis+socket://:**@/tmp/r.sock");
  CHECK(uri("sqla+mysql://root:pw@h:3306/db?charset=utf8") == "sqla+mysql://root:**@h:3306/db");
  CHECK(uri("sqla+mysql://root:pw@h:3306/db?charset=utf8", true) == "sqla+mysql://root:pw@h:3306/db");
  CHECK(uri("sqla+sqlite:////abs/x.db") == "sqla+sqlite:////abs/x.db");
}

TEST_CASE("a URL survives as_uri") {
  for (const char* text : {"amqp://u%40:p%3A@h:1/v%25", "redis://h/0", "memory://name/"}) {
    const Url url = Url::parse(text);
    CHECK(Url::parse(url.as_uri(true)) == url);
  }
}

TEST_CASE("percent codes that are none stay as they are") {
  CHECK(transport::percent_decode("%") == "%");
  CHECK(transport::percent_decode("%4") == "%4");
  CHECK(transport::percent_decode("%4g%41") == "%4gA");
  CHECK(transport::percent_decode("a+b") == "a+b");
  CHECK(transport::percent_decode("a+b", true) == "a b");
  CHECK(transport::percent_encode("\xC3\xA9/~", "") == "%C3%A9%2F~");
}
