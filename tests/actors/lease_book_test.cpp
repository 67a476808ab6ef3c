#include "actors/lease_book.hpp"

#include <catch2/catch.hpp>

using qstar::LeaseBook;

TEST_CASE("tasks are numbered from zero and handed out once", "[lease]") {
  LeaseBook book(10);
  REQUIRE(book.hand_out("a", 0) == 0);
  REQUIRE(book.hand_out("b", 0) == 1);
  REQUIRE(book.outstanding() == 2);
  REQUIRE(book.done(0));
  REQUIRE_FALSE(book.done(0));
  REQUIRE(book.outstanding() == 1);
}

TEST_CASE("an expired task goes out again before a fresh one", "[lease]") {
  LeaseBook book(10);
  book.hand_out("a", 0);
  book.hand_out("a", 5);
  REQUIRE(book.expire(9.9).empty());
  REQUIRE(book.expire(10) == std::vector<LeaseBook::Returned>{{0, "a"}});
  REQUIRE(book.hand_out("b", 11) == 0);
  REQUIRE(book.hand_out("b", 11) == 2);
}

TEST_CASE("a dead holder's tasks come back, nobody else's", "[lease]") {
  LeaseBook book(10);
  book.hand_out("a", 0);
  book.hand_out("b", 0);
  book.hand_out("a", 0);
  REQUIRE(book.release("a") == std::vector<LeaseBook::Returned>{{0, "a"}, {2, "a"}});
  REQUIRE(book.outstanding() == 1);
  REQUIRE(book.unfinished() == std::vector<std::uint64_t>{0, 1, 2});
}

TEST_CASE("a late result takes its task off the list of those to do again", "[lease]") {
  LeaseBook book(10);
  book.hand_out("a", 0);
  book.expire(100);
  REQUIRE(book.done(0));  // late, but the first
  REQUIRE_FALSE(book.done(0));
  REQUIRE(book.hand_out("b", 100) == 1);
}

TEST_CASE("after a restart unfinished tasks come first, then fresh numbers", "[lease]") {
  LeaseBook book(10);
  book.restart_at(7);
  book.give_back(3);
  REQUIRE(book.hand_out("a", 0) == 3);
  REQUIRE(book.hand_out("a", 0) == 7);
}
