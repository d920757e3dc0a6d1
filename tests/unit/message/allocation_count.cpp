#include "allocation_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__clang__) && defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define KELP_KEEPS_OPERATOR_NEW 1
#endif
#endif

namespace {

constinit std::atomic<std::uint64_t> made{0};
constinit std::atomic<std::int64_t> living{0};

#ifndef KELP_KEEPS_OPERATOR_NEW
void* allocate(std::size_t size, std::size_t alignment) {
  made.fetch_add(1);
  living.fetch_add(1);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? std::malloc(size == 0 ? 1 : size)
                                                               : std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  living.fetch_sub(1);
  std::free(memory);
}

#endif

}  // namespace

#ifndef KELP_KEEPS_OPERATOR_NEW
void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new[](std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size, 1);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

#endif

namespace kelp_test {

bool allocations_are_counted() noexcept {
#ifdef KELP_KEEPS_OPERATOR_NEW
  return false;
#else
  return true;
#endif
}

std::uint64_t allocations() noexcept { return made.load(); }
std::int64_t living_allocations() noexcept { return living.load(); }

}  // namespace kelp_test
