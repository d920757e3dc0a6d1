#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "sanitizer.hpp"

#if defined(__GLIBC__) && !defined(KELP_ADDRESS_SANITIZER) && !defined(KELP_THREAD_SANITIZER)
#define KELP_COUNTS_ALLOCATIONS 1
#endif

namespace {

constexpr std::size_t unlimited = static_cast<std::size_t>(-1);
// Thread-local and constant-initialised: usable before main and while a thread ends.
thread_local constinit std::size_t mine = 0;
thread_local constinit std::size_t allowed = unlimited;
constinit std::atomic<std::size_t> everybodys{0};
thread_local constinit std::atomic<int> inside{0};  // read by signal handlers of the same thread

}  // namespace

#ifdef KELP_COUNTS_ALLOCATIONS
namespace {

bool may_allocate() noexcept {
  ++mine;
  // Relaxed: a statistic; whoever compares two readings has joined or signalled the threads between.
  everybodys.fetch_add(1, std::memory_order_relaxed);
  if (allowed == 0) {
    errno = ENOMEM;
    return false;
  }
  if (allowed != unlimited) --allowed;
  return true;
}

class Inside {
 public:
  // Relaxed: a signal handler of this thread sees its own thread's order.
  Inside() { inside.store(inside.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed), fence(); }
  ~Inside() { fence(), inside.store(inside.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  static void fence() { std::atomic_signal_fence(std::memory_order_seq_cst); }
};

}  // namespace

// glibc's own names for what is replaced here (its manual, "Replacing malloc").
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) noexcept {
  const Inside here;
  return may_allocate() ? __libc_malloc(size) : nullptr;
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  const Inside here;
  return may_allocate() ? __libc_calloc(count, size) : nullptr;
}
void* realloc(void* memory, std::size_t size) noexcept {
  const Inside here;
  return may_allocate() ? __libc_realloc(memory, size) : nullptr;
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  const Inside here;
  return may_allocate() ? __libc_memalign(alignment, size) : nullptr;
}
void free(void* memory) noexcept {
  const Inside here;
  __libc_free(memory);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  void* memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}
}
#endif

namespace kelp::testing {

bool allocations_are_counted() noexcept {
#ifdef KELP_COUNTS_ALLOCATIONS
  return true;
#else
  return false;
#endif
}

std::size_t allocations_of_this_thread() noexcept { return mine; }

bool inside_allocator() noexcept { return inside.load(std::memory_order_relaxed) != 0; }  // relaxed: our own

// Relaxed: see may_allocate().
std::size_t allocations_of_all_threads() noexcept { return everybodys.load(std::memory_order_relaxed); }

FailingAllocations::FailingAllocations(std::size_t first) noexcept { allowed = first; }

FailingAllocations::~FailingAllocations() { allowed = unlimited; }

}  // namespace kelp::testing
