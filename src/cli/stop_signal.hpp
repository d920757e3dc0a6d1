// SIGINT and SIGTERM as something that a reader can wait for.
#pragma once

namespace kelp::cli {

/// Catches SIGINT and SIGTERM (also where the shell had them ignored) and ignores SIGPIPE, once per
/// process. Threads: requested() any.
class StopSignal {
 public:
  static void install();
  /// True from the first signal on.
  [[nodiscard]] static bool requested() noexcept;
  /// What the signals do, for tests.
  static void request() noexcept;
  /// Waits until `fd` can be read without blocking; false: stop was requested. Regular files are
  /// always ready.
  [[nodiscard]] static bool wait_readable(int fd) noexcept;
};

}  // namespace kelp::cli
