// The command line of the checker's programs.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include "engine.hpp"

namespace model {

inline const char* option(int argc, char** argv, const char* name) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return nullptr;
}

inline std::uint64_t number(int argc, char** argv, const char* name, std::uint64_t otherwise) {
  const char* text = option(argc, argv, name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Explores all scenarios, or the one named by --scenario. 0 when there was one and none failed.
inline int run_all(std::span<const Scenario> scenarios, int argc, char** argv) {
  const char* only = option(argc, argv, "--scenario");
  Budget budget;
  budget.bound = static_cast<unsigned>(number(argc, argv, "--bound", 2));
  budget.exhaustive = number(argc, argv, "--exhaustive", 30'000);
  budget.random = number(argc, argv, "--random", 20'000);
  budget.seed = number(argc, argv, "--seed", 1);
  unsigned run = 0;
  for (const Scenario& scenario : scenarios) {
    if (only != nullptr && std::strcmp(only, scenario.name) != 0) continue;
    const Explored done = explore(scenario, budget);
    std::printf("ok   %-18s %llu executions, %llu steps, bound %u %s\n", scenario.name,
                static_cast<unsigned long long>(done.executions), static_cast<unsigned long long>(done.steps),
                budget.bound, done.complete ? "complete" : "cut short");
    ++run;
  }
  if (run == 0) std::printf("no such scenario\n");
  return run == 0 ? 1 : 0;
}

}  // namespace model
