// ZeroMQ's inproc pair as a peer. Every message is allocated and copied in, as its users do.
#pragma once

#include <cstring>
#include <stdexcept>
#include <thread>

#include <zmq.h>

#include "bench/harness.hpp"

namespace bench {

class ZeroMq {
 public:
  ZeroMq() {
    static int number = 0;
    const std::string address = "inproc://bench" + std::to_string(number++);
    const int unlimited = 0;
    zmq_setsockopt(left_, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt(right_, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    if (zmq_bind(left_, address.c_str()) != 0 || zmq_connect(right_, address.c_str()) != 0) {
      throw std::runtime_error("ZeroMQ: cannot connect " + address);
    }
  }
  ~ZeroMq() {
    zmq_close(left_);
    zmq_close(right_);
    zmq_ctx_term(context_);
  }
  ZeroMq(const ZeroMq&) = delete;
  ZeroMq& operator=(const ZeroMq&) = delete;

  double one_thread(std::size_t count, std::size_t size) {
    char body[4096] = {}, got[4096];
    const double start = now();
    for (std::size_t i = 0; i < count; ++i) {
      zmq_send(left_, body, size, 0);
      zmq_recv(right_, got, sizeof got, 0);
      keep(got);
    }
    return (now() - start) / static_cast<double>(count);
  }

  double two_threads(std::size_t count, std::size_t size) {
    const double start = now();
    std::thread receiver([&] {
      char got[4096];
      for (std::size_t i = 0; i < count; ++i) zmq_recv(right_, got, sizeof got, 0);
    });
    char body[4096] = {};
    for (std::size_t i = 0; i < count; ++i) zmq_send(left_, body, size, 0);
    receiver.join();
    return (now() - start) / static_cast<double>(count);
  }

  /// A round trip.
  double ping_pong(std::size_t count) {
    std::thread echo([&] {
      char got[64];
      for (std::size_t i = 0; i < count; ++i) {
        zmq_recv(right_, got, sizeof got, 0);
        zmq_send(right_, got, sizeof got, 0);
      }
    });
    char body[64] = {};
    const double start = now();
    for (std::size_t i = 0; i < count; ++i) {
      zmq_send(left_, body, sizeof body, 0);
      zmq_recv(left_, body, sizeof body, 0);
    }
    const double spent = now() - start;
    echo.join();
    return spent / static_cast<double>(count);
  }

 private:
  void* context_ = zmq_ctx_new();
  void* left_ = zmq_socket(context_, ZMQ_PAIR);
  void* right_ = zmq_socket(context_, ZMQ_PAIR);
};

}  // namespace bench
