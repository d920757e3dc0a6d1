#include "cli/route.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>

#include "cli/binding_option.hpp"
#include "cli/exit_code.hpp"
#include "cli/route_report.hpp"
#include "cli/route_worker.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text.hpp"

namespace kelp::cli {
namespace {

constexpr std::string_view exchange_name = "kelp.route";

std::string file_of(const RouteOptions& options, const std::string& queue) {
  return options.out + "/" + queue + (options.zstd ? ".log.zst" : ".log");
}

/// Opening an output empties it: an input that is one of them would be lost.
void refuse_reading_what_is_written(const RouteOptions& options, const std::vector<std::string>& queues) {
  for (const std::string& input : options.files) {
    struct stat in {};
    if ((input == "-" ? fstat(STDIN_FILENO, &in) : stat(input.c_str(), &in)) != 0 || !S_ISREG(in.st_mode))
      continue;
    for (const std::string& queue : queues) {
      struct stat out {};
      const std::string path = file_of(options, queue);
      if (stat(path.c_str(), &out) == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino)
        throw InvalidArgument("'" + input + "' is read and would be overwritten as '" + path + "'");
    }
  }
}

/// Every queue's file is open at a time.
void allow_files(std::size_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + 64) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, count + 64);
  setrlimit(RLIMIT_NOFILE, &limit);
}

RouteSinks make_sinks(const RouteOptions& options, const std::vector<std::string>& queues) {
  constexpr std::size_t all_buffers = std::size_t{16} << 20;
  OutputFile::Options file;
  file.zstd = options.zstd;
  file.buffer =
      std::clamp<std::size_t>(all_buffers / queues.size(), std::size_t{8} << 10, std::size_t{256} << 10);
  file.small_window = queues.size() > 8;
  if (!options.out.empty()) {
    std::filesystem::create_directories(options.out);
    allow_files(queues.size());
  }
  RouteSinks sinks;
  for (const std::string& queue : queues)
    sinks.push_back(std::make_unique<RouteSink>(
        queue, options.out.empty() ? nullptr : std::make_unique<OutputFile>(file_of(options, queue), file)));
  return sinks;
}

void declare(TransportChannel& channel, const std::vector<std::string>& queues,
             const std::vector<BindingOption>& bindings) {
  channel.declare_exchange({.name = exchange_name, .type = "topic"});
  for (const std::string& queue : queues) channel.declare_queue({.name = queue});
  for (const BindingOption& binding : bindings)
    channel.bind({.source = exchange_name, .destination = binding.queue, .routing_key = binding.pattern});
}

std::vector<std::unique_ptr<RouteWorker>> start_workers(const Broker& broker, unsigned threads,
                                                        const RouteSinks& sinks, RouteWindows& windows) {
  if (threads == 0) threads = std::max(2U, std::thread::hardware_concurrency()) - 1;
  const std::size_t count = std::min<std::size_t>(threads, sinks.size());
  std::vector<std::vector<RouteSink*>> shares(count);
  for (std::size_t i = 0; i < sinks.size(); ++i) shares[i % count].push_back(sinks[i].get());
  std::vector<std::unique_ptr<RouteWorker>> workers;
  for (auto& share : shares)
    workers.push_back(std::make_unique<RouteWorker>(broker, std::move(share), windows));
  return workers;
}

std::optional<RouteProgress> start_progress(const RouteOptions& options, const Broker& broker,
                                            const RouteTotals& totals, const RouteSinks& sinks) {
  if (options.json || isatty(STDOUT_FILENO) == 0 || isatty(STDERR_FILENO) == 0) return std::nullopt;
  const std::shared_ptr<TransportConnection> connection = broker.connect();
  const std::shared_ptr<TransportChannel> channel = connection->open_channel();
  return std::optional<RouteProgress>(
      std::in_place, totals, sinks, [connection, channel, &sinks](std::size_t i) {
        return channel->declare_queue({.name = sinks[i]->queue(), .passive = true}).message_count;
      });
}

/// True when nothing is missing from any file.
bool tell_sinks(const RouteSinks& sinks) {
  bool whole = true;
  for (const auto& sink : sinks) {
    if (!sink->failed()) continue;
    whole = false;
    complain(sink->error() + "; " + grouped(sink->delivered() - sink->acked()) + " of " +
             grouped(sink->delivered()) + " messages of queue '" + printable(sink->queue()) +
             "' were not written and not acknowledged");
  }
  return whole;
}

class RouteRun {
 public:
  RouteRun(const RouteOptions& options, KeyBuilder& keys, std::vector<BindingOption> bindings)
      : options_(options),
        keys_(keys),
        bindings_(std::move(bindings)),
        queues_(queues_of(bindings_)),
        sinks_(make_sinks(options, queues_)),
        windows_(queues_.size()) {}

  int run() {
    const auto start = std::chrono::steady_clock::now();
    const bool complete = transfer();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const bool written = tell_sinks(sinks_);
    const bool fancy = isatty(STDOUT_FILENO) != 0;
    const bool printed = print(options_.json ? route_json(totals_, sinks_, seconds)
                                             : route_table(totals_, sinks_, bindings_, seconds, fancy));
    if (StopSignal::requested()) return exit_interrupted;
    return complete && written && printed && totals_.malformed.get() == 0 ? exit_ok : exit_trouble;
  }

 private:
  /// Reads everything and waits until it is in the files. False: something could not be read, or the
  /// run broke; it has been told.
  bool transfer() {
    const auto connection = broker_.connect();
    const auto channel = connection->open_channel();
    declare(*channel, queues_, bindings_);
    RouteReader reader(*channel, exchange_name, queues_, keys_, windows_, totals_);
    auto workers = start_workers(broker_, options_.threads, sinks_, windows_);
    bool complete = true;
    {
      const auto progress = start_progress(options_, broker_, totals_, sinks_);
      complete = read_all(reader);
      reader.finish();
      for (auto& worker : workers) worker->join();
    }
    reader.tell_suppressed();
    if (windows_.aborted())
      complain("stopped: " + windows_.why());
    else if (windows_.pointless())
      complain("stopped reading: no queue can be written");
    return complete && !windows_.aborted();
  }

  bool read_all(RouteReader& reader) {
    const std::vector<std::string> standard_input{"-"};
    bool complete = true;
    try {
      for (const std::string& file : options_.files.empty() ? standard_input : options_.files) {
        if (reader.stopping()) break;
        if (!reader.read(file, options_.longest_line)) complete = false;
      }
    } catch (const Error& error) {
      windows_.abort(error.what());
    }
    return complete;
  }

  const RouteOptions& options_;
  KeyBuilder& keys_;
  std::vector<BindingOption> bindings_;
  std::vector<std::string> queues_;
  Broker broker_;
  RouteTotals totals_;
  RouteSinks sinks_;
  RouteWindows windows_;
};

}  // namespace

int run_route(const RouteOptions& options) {
  std::vector<BindingOption> bindings = parse_bindings(options.bindings);
  const auto keys = make_key_builder(options.key);
  if (options.zstd && options.out.empty()) throw InvalidArgument("--zstd wants --out");
  if (!options.out.empty()) refuse_reading_what_is_written(options, queues_of(bindings));
  StopSignal::install();
  return RouteRun(options, *keys, std::move(bindings)).run();
}

}  // namespace kelp::cli
