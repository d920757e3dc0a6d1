#include <kelp/version.hpp>

namespace kelp {

std::string_view version() noexcept { return KELP_VERSION; }

}  // namespace kelp
