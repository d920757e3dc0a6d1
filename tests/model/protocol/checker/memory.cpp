// The checker's memory model: fences, atomic locations and plain objects; see engine.hpp.
#include "engine_state.hpp"

namespace model {
namespace {

constexpr std::uint32_t never = UINT32_MAX;
constexpr std::uint32_t alive_mark = 0xa11fe5a1;

bool acquires(Order order) {
  return order == Order::acquire || order == Order::acq_rel || order == Order::seq_cst;
}
bool releases(Order order) {
  return order == Order::release || order == Order::acq_rel || order == Order::seq_cst;
}

}  // namespace

// --- fences ---

void thread_fence(Order order, int line, const char* file) {
  Engine& e = engine();
  step(e);
  log(e, "fence", &e, static_cast<std::uint64_t>(order), {file, line});
  Thread& self = e.self();
  if (acquires(order)) self.now.join(self.on_acquire_fence);
  if (order == Order::seq_cst) {
    e.fenced.join(self.now.happened);
    self.now.visible.join(e.fenced);
    self.now.last_fence = ++e.fence_order;
  }
  if (releases(order)) {
    self.on_release_fence = self.now;
    self.release_fenced = true;
  }
}

void light_fence(int line, const char* file) {
  Engine& e = engine();
  step(e);
  log(e, "light", &e, 0, {file, line});
  e.lightly.join(e.self().now.happened);
  e.self().now.visible.join(e.heavily);
}

void heavy_fence(int line, const char* file) {
  thread_fence(Order::seq_cst, line, file);
  Engine& e = engine();
  log(e, "heavy", &e, 0, {file, line});
  e.heavily.join(e.self().now.happened);
  e.self().now.visible.join(e.lightly);
}

// --- locations ---

Location::Location(std::uint64_t initial) noexcept : alive_(alive_mark) {
  Engine& e = engine();
  tick(e);
  made_by_ = static_cast<std::uint8_t>(e.current);
  made_at_ = e.self().now.happened.at[e.current];
  append(initial, Order::relaxed, false);
}

Location::~Location() { alive_ = 0; }

void Location::enter(Site site) {
  Engine& e = engine();
  step(e);
  if (alive_ != alive_mark) {
    log(e, "dead", this, 0, site);
    fail("an atomic is used after its destruction", site.line, site.file);
  }
  if (!e.self().now.happened.covers(made_by_, made_at_)) {
    log(e, "unborn", this, 0, site);
    fail("an atomic is used by a thread that cannot know of its construction", site.line, site.file);
  }
}

void Location::append(std::uint64_t value, Order order, bool continues_release) {
  Engine& e = engine();
  Thread& self = e.self();
  Knowledge inherited;
  const bool inherits = continues_release && newest().releases;
  if (inherits) inherited = newest().released;
  ++stores_;
  Store& fresh = newest();
  fresh.value = value;
  fresh.seen.fill(never);
  fresh.seen[e.current] = self.now.happened.at[e.current];
  fresh.first_fenced = order == Order::seq_cst ? ++e.fence_order : never;
  fresh.releases = true;
  if (releases(order)) {
    fresh.released = self.now;
  } else if (self.release_fenced) {
    fresh.released = self.on_release_fence;
  } else {
    fresh.released = Knowledge{};
    fresh.releases = inherits;
  }
  if (inherits) fresh.released.join(inherited);
}

void Location::observe(Store& store, Order order) {
  Engine& e = engine();
  Thread& self = e.self();
  if (store.seen[e.current] == never) store.seen[e.current] = self.now.happened.at[e.current];
  if (order == Order::seq_cst && store.first_fenced == never) store.first_fenced = ++e.fence_order;
  if (!store.releases) return;
  if (acquires(order)) {
    self.now.join(store.released);
  } else {
    self.on_acquire_fence.join(store.released);
  }
}

bool Location::hides_older(const Store& store, bool ordered) const {
  Engine& e = engine();
  const Knowledge& now = e.self().now;
  if (store.first_fenced <= now.last_fence || (ordered && store.first_fenced != never)) return true;
  for (unsigned t = 0; t <= e.count; ++t) {
    if (store.seen[t] == never) continue;
    if (now.visible.covers(t, store.seen[t]) || (ordered && e.fenced.covers(t, store.seen[t]))) return true;
  }
  return false;
}

std::uint64_t Location::load(Order order, Site site) {
  enter(site);
  Engine& e = engine();
  unsigned age = 0;
  if (e.concurrent) {
    const bool wanted =
        e.mode == Mode::bounded ? e.deviations < e.budget.bound : pick_random(e, e.stale_in) == 0;
    unsigned oldest = 0;
    const unsigned reach = stores_ < kept ? stores_ : kept;
    while (wanted && oldest + 1 < reach &&
           !hides_older(history_[(stores_ - 1 - oldest) % kept], order == Order::seq_cst)) {
      ++oldest;
    }
    if (oldest > 0) age = e.mode == Mode::bounded ? deviate(e, oldest + 1) : pick_random(e, oldest + 1);
  }
  Store& seen = history_[(stores_ - 1 - age) % kept];
  observe(seen, order);
  log(e, "load", this, seen.value, site, age);
  return seen.value;
}

void Location::store(std::uint64_t value, Order order, Site site) {
  enter(site);
  append(value, order, false);
  log(engine(), "store", this, value, site);
}

std::uint64_t Location::modify(Change change, std::uint64_t argument, Order order, Site site,
                               const char* what) {
  enter(site);
  const std::uint64_t before = newest().value;
  observe(newest(), order);
  append(change(before, argument), order, true);
  log(engine(), what, this, newest().value, site);
  return before;
}

bool Location::compare_exchange(std::uint64_t& expected, std::uint64_t desired, Order success, Order failure,
                                bool weak, Site site) {
  Engine& e = engine();
  enter(site);
  const bool equal = newest().value == expected;
  bool spurious = false;
  if (equal && weak && e.concurrent) {
    spurious = e.mode == Mode::bounded ? deviate(e, 2) == 1 : pick_random(e, 16) == 0;
  }
  if (equal && !spurious) {
    observe(newest(), success);
    append(desired, success, true);
    log(e, "cas", this, desired, site);
    return true;
  }
  // A failed exchange is a load; no machine lets it see anything but the newest value.
  observe(newest(), failure);
  expected = newest().value;
  log(e, "cas failed", this, expected, site);
  return false;
}

// --- plain objects ---

void Data::on_read(Site site) {
  Engine& e = engine();
  tick(e);
  log(e, "read", this, 0, site);
  if (written_at_ != 0 && !e.self().now.happened.covers(written_by_, written_at_)) {
    fail("data race: a read and an earlier write", site.line, site.file);
  }
  reads_[e.current] = e.self().now.happened.at[e.current];
}

void Data::on_write(Site site) {
  Engine& e = engine();
  tick(e);
  log(e, "write", this, 0, site);
  const Clock& happened = e.self().now.happened;
  bool ordered = written_at_ == 0 || happened.covers(written_by_, written_at_);
  for (unsigned t = 0; t <= e.count; ++t) ordered = ordered && happened.covers(t, reads_[t]);
  if (!ordered) fail("data race: a write and an earlier access", site.line, site.file);
  written_by_ = static_cast<std::uint8_t>(e.current);
  written_at_ = happened.at[e.current];
}

}  // namespace model
