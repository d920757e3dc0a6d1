// Stands in for src/util/asymmetric_fence.hpp where code is compiled for the checker.
#pragma once

#include "engine.hpp"

namespace kelp::util {

inline void light_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
  model::light_fence(line, file);
}
inline void heavy_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
  model::heavy_fence(line, file);
}
inline void full_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
  model::thread_fence(model::Order::seq_cst, line, file);
}

}  // namespace kelp::util
