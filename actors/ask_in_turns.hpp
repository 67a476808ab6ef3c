// Requests whose answer waits for something else: an executor's for a task.
//
// Such a wait may be long and is no failure. Still every request ends within a finite time: after a
// turn without an answer the asker asks again. The actor that answers keeps one request of each
// asker, the latest. An answer that comes after its turn is lost; a lost lease expires and is
// handed out again.
#pragma once

#include <caf/all.hpp>
#include <chrono>

#include "actors/actors.hpp"

namespace qstar::actors {

inline constexpr std::chrono::seconds kTurn{60};

// Puts a request behind those that wait, in place of an older one of the same asker, which gets an
// error. `same(w)`: whether `w` is of that asker.
template <class Queue, class Waiting, class Same>
void keep_newest(Queue& waiting, Waiting newest, Same same) {
  std::erase_if(waiting, [&](Waiting& w) {
    if (!same(w)) return false;
    w.promise.deliver(to_caf({Errc::kTimeout, "this request was replaced by a newer one"}));
    return true;
  });
  waiting.push_back(std::move(newest));
}

// `then` receives the answer, `fail` any error but the end of a turn. Both may be copied.
template <class Self, class Handle, class Message, class Then, class Fail>
void ask_in_turns(Self self, const Handle& handle, const Message& message, Then then, Fail fail,
                  std::chrono::milliseconds turn = kTurn) {
  self->request(handle, turn, message).then(then, [=](const caf::error& error) {
    if (error == caf::sec::request_timeout)
      ask_in_turns(self, handle, message, then, fail, turn);
    else
      fail(error);
  });
}

}  // namespace qstar::actors
