// The error classes' key functions: their type information lives in one object, so that a catch in
// another library matches.
#include <kelp/error.hpp>

namespace kelp {

Error::Error(ErrorCode code, const std::string& text, bool recoverable)
    : std::runtime_error(text), code_(code), recoverable_(recoverable) {}
Error::~Error() = default;

OperationalError::OperationalError(const std::string& text, bool recoverable)
    : Error(ErrorCode::operational, text, recoverable) {}
OperationalError::OperationalError(ErrorCode code, const std::string& text, bool recoverable)
    : Error(code, text, recoverable) {}
OperationalError::~OperationalError() = default;

TimeoutError::TimeoutError(const std::string& text) : OperationalError(ErrorCode::timeout, text, true) {}
TimeoutError::~TimeoutError() = default;

InterruptedError::InterruptedError(const std::string& text)
    : OperationalError(ErrorCode::interrupted, text, true) {}
InterruptedError::~InterruptedError() = default;

ConnectionError::ConnectionError(const std::string& text, bool recoverable, std::uint16_t reply_code)
    : OperationalError(ErrorCode::closed, text, recoverable), reply_code_(reply_code) {}
ConnectionError::~ConnectionError() = default;

ChannelError::ChannelError(std::uint16_t reply_code, const std::string& text, bool recoverable)
    : OperationalError(ErrorCode::channel, text, recoverable), reply_code_(reply_code) {}
ChannelError::~ChannelError() = default;

AccessRefused::AccessRefused(const std::string& text) : ChannelError(403, text) {}
AccessRefused::~AccessRefused() = default;

NotFound::NotFound(const std::string& text) : ChannelError(404, text) {}
NotFound::~NotFound() = default;

ResourceLocked::ResourceLocked(const std::string& text) : ChannelError(405, text) {}
ResourceLocked::~ResourceLocked() = default;

PreconditionFailed::PreconditionFailed(const std::string& text) : ChannelError(406, text) {}
PreconditionFailed::~PreconditionFailed() = default;

NotSupported::NotSupported(const std::string& text) : Error(ErrorCode::not_supported, text) {}
NotSupported::~NotSupported() = default;

MessageStateError::MessageStateError(const std::string& text) : Error(ErrorCode::message_state, text) {}
MessageStateError::~MessageStateError() = default;

LimitExceeded::LimitExceeded(const std::string& text) : Error(ErrorCode::limit_exceeded, text, true) {}
LimitExceeded::~LimitExceeded() = default;

SerializationError::SerializationError(const std::string& text) : Error(ErrorCode::serialization, text) {}
SerializationError::~SerializationError() = default;

EncodeError::EncodeError(const std::string& text) : SerializationError(text) {}
EncodeError::~EncodeError() = default;

DecodeError::DecodeError(const std::string& text) : SerializationError(text) {}
DecodeError::~DecodeError() = default;

SerializerNotInstalled::SerializerNotInstalled(const std::string& text)
    : Error(ErrorCode::not_installed, text) {}
SerializerNotInstalled::SerializerNotInstalled(ErrorCode code, const std::string& text) : Error(code, text) {}
SerializerNotInstalled::~SerializerNotInstalled() = default;

ContentDisallowed::ContentDisallowed(const std::string& text)
    : SerializerNotInstalled(ErrorCode::content_disallowed, text) {}
ContentDisallowed::~ContentDisallowed() = default;

InvalidArgument::InvalidArgument(const std::string& text) : Error(ErrorCode::invalid_argument, text) {}
InvalidArgument::~InvalidArgument() = default;

MisuseError::MisuseError(const std::string& text) : Error(ErrorCode::misuse, text) {}
MisuseError::~MisuseError() = default;

}  // namespace kelp
