#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include <kelp/error.hpp>
#include <kelp/transport_registry.hpp>

#include "transport/registry.hpp"
#include "transport/similarity.hpp"

using namespace kelp;

namespace {

struct Nowhere final : Transport {
  Capabilities none{};
  const Capabilities& capabilities() const noexcept override { return none; }
  std::unique_ptr<TransportConnection> connect(const Url&, std::shared_ptr<Clock>) override {
    throw OperationalError("nowhere");
  }
};

bool known(std::string_view scheme) {
  const auto names = transports();
  return std::find(names.begin(), names.end(), scheme) != names.end();
}

}  // namespace

TEST_CASE("a transport can be added, is found whatever its case, and is forgotten") {
  transport::reset_registry();
  int made = 0;
  register_transport("Nowhere", [&] {
    ++made;
    return std::make_unique<Nowhere>();
  });
  CHECK(known("nowhere"));
  CHECK(make_transport("NOWHERE") != nullptr);
  CHECK(made == 1);
  transport::reset_registry();
  CHECK_FALSE(known("nowhere"));
  CHECK_THROWS_AS(static_cast<void>(make_transport("nowhere")), InvalidArgument);
}

TEST_CASE("an unknown scheme lists what there is and guesses") {
  transport::reset_registry();
  register_transport("nowhere", [] { return std::make_unique<Nowhere>(); });
  CHECK_THROWS_WITH_AS(static_cast<void>(make_transport("nowhre")),
                       doctest::Contains("no such transport: \"nowhre\"; did you mean \"nowhere\"?"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(static_cast<void>(make_transport("xyz")), doctest::Contains("nowhere"),
                       InvalidArgument);
  bool guessed = true;
  try {
    static_cast<void>(make_transport("xyz"));
  } catch (const InvalidArgument& error) {
    guessed = std::string(error.what()).find("did you mean") != std::string::npos;
  }
  CHECK_FALSE(guessed);
  transport::reset_registry();
}

TEST_CASE("schemes and factories are checked") {
  for (const char* scheme : {"", "1x", "a+b", "a b", "-a"}) {
    CAPTURE(scheme);
    CHECK_THROWS_AS(register_transport(scheme, [] { return std::make_unique<Nowhere>(); }), InvalidArgument);
  }
  CHECK_THROWS_AS(register_transport("x", nullptr), InvalidArgument);
}

TEST_CASE("similarity is difflib's ratio") {
  CHECK(transport::similarity("abcd", "bcde") == doctest::Approx(0.75));
  CHECK(transport::similarity("redis", "rediss") == doctest::Approx(10.0 / 11));
  CHECK(transport::similarity("amqp", "amqp") == 1);
  CHECK(transport::similarity("abc", "xyz") == 0);
  CHECK(transport::similarity("", "") == 1);
}
