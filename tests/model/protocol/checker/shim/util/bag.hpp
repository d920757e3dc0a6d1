// Stands in for src/util/bag.hpp where the queue is compiled for the checker: the model brings its own
// bag, and moodycamel's header would cost each of many small programs seconds. Only declared: the real
// model's templates are named by the headers and never instantiated.
#pragma once

#include <cstddef>

namespace kelp::util {

template <class T>
class Bag {
 public:
  explicit Bag(std::size_t capacity_hint = 256);
  bool put(T item);
  bool try_put(T item);
  bool take(T& item);
  std::size_t size_hint() const;
};

}  // namespace kelp::util
