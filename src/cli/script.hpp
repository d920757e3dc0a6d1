// The engine of `kelp script`: one operation in, one answer out, both lines of JSON. docs/script.md has
// the language.
//
// Answers hold nothing that differs from run to run or from transport to transport, except the member
// "text" of errors, which is for people. So an answer can be compared with a kept one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace kelp::cli {

struct ScriptState;

/// Threads: one at a time.
class ScriptRunner {
 public:
  enum class Outcome {
    nothing,  ///< an empty line or a comment: there is no answer
    answered,
    mistake,  ///< the line is no operation; the answer says so, with line and byte
  };

  /// `url` empty: a private in-memory broker whose clock stands still until "advance". Throws
  /// InvalidArgument for a URL that means nothing.
  explicit ScriptRunner(std::string url);
  ~ScriptRunner();
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  /// `answer` gets one line without its end. Errors of the broker are answers.
  [[nodiscard]] Outcome run(std::string_view line, std::size_t number, std::string& answer);

 private:
  std::unique_ptr<ScriptState> state_;
};

}  // namespace kelp::cli
