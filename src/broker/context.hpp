// What one user of the data plane needs: its marks for reclamation, its segments, its blocks. Every
// channel has one; control-plane calls borrow the caller's. One thread at a time.
#pragma once

#include "broker/ready_queue.hpp"
#include "message/pool.hpp"
#include "util/reclaim.hpp"

namespace kelp::broker {

class State;

class Context {
 public:
  explicit Context(State& state);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  // Closed in the reverse order: what Access still holds goes back while the reader is ours.
  struct Marks {
    util::Domain& domain;
    util::Reader& reader;
    ~Marks() { domain.close_reader(reader); }
  };
  struct Blocks {
    message::Pool& pool;
    message::Arena& arena;
    ~Blocks();
  };
  Marks marks_;
  Blocks blocks_;

 public:
  State& state;
  util::Reader& reader;
  message::Arena& arena;
  Access access;
};

}  // namespace kelp::broker
