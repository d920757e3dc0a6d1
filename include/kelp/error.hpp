#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <kelp/export.hpp>

namespace kelp {

/// What went wrong, in one word, the same for every transport.
enum class ErrorCode {
  operational,         ///< the broker or the way to it failed
  timeout,             ///< a deadline passed
  interrupted,         ///< interrupt() ended a wait
  closed,              ///< the connection, channel or broker is closed
  channel,             ///< the broker refused an operation: see ChannelError::reply_code()
  not_supported,       ///< the transport cannot do what was asked: see Capabilities
  message_state,       ///< the message is already settled, or its channel is gone
  limit_exceeded,      ///< a pool or a table is full
  serialization,       ///< a body could not be encoded or decoded
  content_disallowed,  ///< the consumer does not accept this content type
  not_installed,       ///< no codec of that name
  invalid_argument,    ///< a URL, pattern, option or value that means nothing
  misuse,              ///< one object used by two threads at a time, or re-entered
};

/// Base of everything kelp throws on purpose. The text names the entity and, where there is one,
/// the URL with its password masked.
class KELP_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text, bool recoverable = false);
  ~Error() override;

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// True when the same call may succeed later or over a new connection.
  [[nodiscard]] bool recoverable() const noexcept { return recoverable_; }

 private:
  ErrorCode code_;
  bool recoverable_;
};

/// The broker or the connection to it failed; Kombu's name.
class KELP_API OperationalError : public Error {
 public:
  explicit OperationalError(const std::string& text, bool recoverable = true);
  ~OperationalError() override;

 protected:
  OperationalError(ErrorCode code, const std::string& text, bool recoverable);
};

/// A deadline passed before anything happened. Nothing was lost: the call may be repeated.
class KELP_API TimeoutError : public OperationalError {
 public:
  explicit TimeoutError(const std::string& text);
  ~TimeoutError() override;
};

/// interrupt() ended the wait. Nothing was lost: the call may be repeated.
class KELP_API InterruptedError : public OperationalError {
 public:
  explicit InterruptedError(const std::string& text);
  ~InterruptedError() override;
};

/// The connection, channel or broker is closed or lost. `reply_code` is AMQP's (0: none was given).
class KELP_API ConnectionError : public OperationalError {
 public:
  explicit ConnectionError(const std::string& text, bool recoverable = true, std::uint16_t reply_code = 0);
  ~ConnectionError() override;

  [[nodiscard]] std::uint16_t reply_code() const noexcept { return reply_code_; }

 private:
  std::uint16_t reply_code_;
};

/// The broker refused one operation, with AMQP's reply code (AMQP 0-9-1, section 1.2 "constants").
class KELP_API ChannelError : public OperationalError {
 public:
  ChannelError(std::uint16_t reply_code, const std::string& text, bool recoverable = false);
  ~ChannelError() override;

  [[nodiscard]] std::uint16_t reply_code() const noexcept { return reply_code_; }

 private:
  std::uint16_t reply_code_;
};

/// 403: the operation is not allowed on this entity.
class KELP_API AccessRefused : public ChannelError {
 public:
  explicit AccessRefused(const std::string& text);
  ~AccessRefused() override;
};

/// 404: no such exchange or queue.
class KELP_API NotFound : public ChannelError {
 public:
  explicit NotFound(const std::string& text);
  ~NotFound() override;
};

/// 405: the queue is exclusive to another connection.
class KELP_API ResourceLocked : public ChannelError {
 public:
  explicit ResourceLocked(const std::string& text);
  ~ResourceLocked() override;
};

/// 406: the entity exists and differs, or is in use, or is not empty.
class KELP_API PreconditionFailed : public ChannelError {
 public:
  explicit PreconditionFailed(const std::string& text);
  ~PreconditionFailed() override;
};

/// The transport cannot keep what was asked; the text names the capability.
class KELP_API NotSupported : public Error {
 public:
  explicit NotSupported(const std::string& text);
  ~NotSupported() override;
};

/// The message was settled before, or its channel is gone.
class KELP_API MessageStateError : public Error {
 public:
  explicit MessageStateError(const std::string& text);
  ~MessageStateError() override;
};

/// A pool or a table is full.
class KELP_API LimitExceeded : public Error {
 public:
  explicit LimitExceeded(const std::string& text);
  ~LimitExceeded() override;
};

/// A body could not be encoded or decoded.
class KELP_API SerializationError : public Error {
 public:
  explicit SerializationError(const std::string& text);
  ~SerializationError() override;
};

class KELP_API EncodeError : public SerializationError {
 public:
  explicit EncodeError(const std::string& text);
  ~EncodeError() override;
};

class KELP_API DecodeError : public SerializationError {
 public:
  explicit DecodeError(const std::string& text);
  ~DecodeError() override;
};

/// No serializer or compression of that name is registered.
class KELP_API SerializerNotInstalled : public Error {
 public:
  explicit SerializerNotInstalled(const std::string& text);
  ~SerializerNotInstalled() override;

 protected:
  SerializerNotInstalled(ErrorCode code, const std::string& text);
};

/// The consumer does not accept this content type. Not a DecodeError, as in Kombu.
class KELP_API ContentDisallowed : public SerializerNotInstalled {
 public:
  explicit ContentDisallowed(const std::string& text);
  ~ContentDisallowed() override;
};

/// A URL, pattern, name, option or value that means nothing; the text says what and where.
class KELP_API InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& text);
  ~InvalidArgument() override;
};

/// One object was used by two threads at a time, or re-entered.
class KELP_API MisuseError : public Error {
 public:
  explicit MisuseError(const std::string& text);
  ~MisuseError() override;
};

}  // namespace kelp
