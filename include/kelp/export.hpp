#pragma once

/// Marks what the shared library exports. Everything that a user throws, derives from or calls
/// out of line carries it; all else is hidden.
#if defined(KELP_STATIC)
#define KELP_API
#elif defined(_WIN32)
#if defined(KELP_BUILDING)
#define KELP_API __declspec(dllexport)
#else
#define KELP_API __declspec(dllimport)
#endif
#else
#define KELP_API __attribute__((visibility("default")))
#endif
