#include <doctest/doctest.h>

#include <limits>
#include <string>

#include <kelp/error.hpp>
#include <kelp/field_table.hpp>
#include <kelp/version.hpp>

using namespace kelp;

TEST_CASE("the header's version is the build's") {
  CHECK(std::string(KELP_VERSION) == KELP_BUILD_VERSION);
  CHECK(version() == KELP_BUILD_VERSION);
  CHECK(std::to_string(KELP_VERSION_MAJOR) + "." + std::to_string(KELP_VERSION_MINOR) + "." +
            std::to_string(KELP_VERSION_PATCH) ==
        KELP_VERSION);
}

TEST_CASE("errors carry their code, their recoverability and their place in the tree") {
  const auto check = [](const Error& error, ErrorCode code, bool recoverable) {
    CHECK(error.code() == code);
    CHECK(error.recoverable() == recoverable);
    CHECK(std::string(error.what()) == "x");
  };
  check(Error(ErrorCode::misuse, "x"), ErrorCode::misuse, false);
  check(OperationalError("x"), ErrorCode::operational, true);
  check(TimeoutError("x"), ErrorCode::timeout, true);
  check(InterruptedError("x"), ErrorCode::interrupted, true);
  check(ConnectionError("x", false, 320), ErrorCode::closed, false);
  check(ChannelError(541, "x"), ErrorCode::channel, false);
  check(NotSupported("x"), ErrorCode::not_supported, false);
  check(MessageStateError("x"), ErrorCode::message_state, false);
  check(LimitExceeded("x"), ErrorCode::limit_exceeded, true);
  check(EncodeError("x"), ErrorCode::serialization, false);
  check(DecodeError("x"), ErrorCode::serialization, false);
  check(SerializerNotInstalled("x"), ErrorCode::not_installed, false);
  check(ContentDisallowed("x"), ErrorCode::content_disallowed, false);
  check(InvalidArgument("x"), ErrorCode::invalid_argument, false);
  check(MisuseError("x"), ErrorCode::misuse, false);

  CHECK(ConnectionError("x", true, 320).reply_code() == 320);
  CHECK(AccessRefused("x").reply_code() == 403);
  CHECK(NotFound("x").reply_code() == 404);
  CHECK(ResourceLocked("x").reply_code() == 405);
  CHECK(PreconditionFailed("x").reply_code() == 406);
  CHECK_THROWS_AS(throw NotFound("x"), OperationalError);
  CHECK_THROWS_AS(throw ContentDisallowed("x"), SerializerNotInstalled);
  CHECK_THROWS_AS(throw DecodeError("x"), SerializationError);
}

TEST_CASE("a field table keeps order, replaces in place and finds") {
  FieldTable table{{"b", 1}, {"a", "text"}, {"b", true}};
  REQUIRE(table.size() == 2);
  CHECK(table.begin()->first == "b");
  CHECK(*table.find("b") == FieldValue(true));
  CHECK(*table.find("a")->get_if<std::string>() == "text");
  CHECK(table.find("c") == nullptr);
  table.set("c", nullptr);
  CHECK(table.find("c")->get_if<std::monostate>() != nullptr);
  CHECK(table.erase("b"));
  CHECK_FALSE(table.erase("b"));
  CHECK(table.begin()->first == "a");
  CHECK(FieldTable{}.empty());
}

TEST_CASE("tables compare by content, in any order, with exact types") {
  const FieldTable nested{{"list", FieldArray{1, "two", FieldTable{{"three", 3.0}}}}};
  CHECK(FieldTable{{"a", 1}, {"b", nested}} == FieldTable{{"b", nested}, {"a", 1}});
  CHECK_FALSE(FieldTable{{"a", 1}} == FieldTable{{"a", std::int64_t{1}}});
  CHECK_FALSE(FieldTable{{"a", 1}} == FieldTable{{"a", 1}, {"b", 2}});
  CHECK_FALSE(FieldTable{{"a", 1}} == FieldTable{{"b", 1}});
  CHECK(FieldValue(Decimal{2, 150}) == FieldValue(Decimal{2, 150}));
  CHECK_FALSE(FieldValue(Timestamp{1}) == FieldValue(Timestamp{2}));
}

TEST_CASE("numbers compare by value across types, without rounding") {
  CHECK(same_number(1, std::int64_t{1}));
  CHECK(same_number(std::uint8_t{200}, std::int16_t{200}));
  CHECK(same_number(1, 1.0));
  CHECK(same_number(1.5f, 1.5));
  CHECK_FALSE(same_number(1, 1.5));
  CHECK_FALSE(same_number(1, true));
  CHECK_FALSE(same_number("1", 1));
  CHECK_FALSE(same_number(nullptr, 0));
  constexpr std::int64_t big = (std::int64_t{1} << 53) + 1;
  CHECK_FALSE(same_number(big, 9007199254740992.0));
  CHECK(same_number(std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0));
  CHECK_FALSE(same_number(std::numeric_limits<std::int64_t>::max(), 9223372036854775808.0));
  CHECK_FALSE(same_number(0, std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(same_number(std::numeric_limits<double>::infinity(), std::int64_t{0}));
}
