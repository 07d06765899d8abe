// Result<T>: a value or an Error. Errors are part of the product: each says what happened, where,
// why and what to try, and carries a stable id ("E1204") that `dts help E1204` explains.
// Any thread; values copy. Nothing in DTS throws except Result::value() on an error.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dts {

// The one list of errors. The number is the stable id shown to people; never renumber.
// docs/reference/errors.md lists every code with cause and cure (a test compares the two).
enum class ErrorCode : std::uint16_t {
  ok = 0,
  // 10xx: usage of the API or of the command line
  invalid_argument = 1001,
  unknown_command = 1002,
  unknown_flag = 1003,
  closed = 1004,
  timeout = 1005,
  would_block = 1006,
  too_large = 1007,
  limit_reached = 1008,
  // 11xx: names and types
  unknown_type = 1101,
  invalid_name = 1102,
  notation = 1103,
  invalid_type = 1104,
  document_invalid = 1105,
  document_too_large = 1106,
  document_mismatch = 1107,
  // 12xx: values and formats
  incompatible_type = 1201,
  decode = 1202,
  encode = 1203,
  unknown_field = 1204,
  wrong_value = 1205,
  missing_field = 1206,
  unknown_format = 1207,
  filter = 1208,
  // 13xx: network and system
  no_interface = 1301,
  system = 1302,
  address_in_use = 1303,
  permission = 1304,
  unsupported = 1305,
  unknown_transport = 1306,
  invalid_url = 1307,
  // 14xx: files, sensors and child processes
  file = 1401,
  sensor = 1402,
  child = 1403,
};

// "E1204"
std::string error_id(ErrorCode code);
// "unknown_field"; "unknown" for a number that is not in the list.
std::string_view error_name(ErrorCode code);

// What went wrong, for a person: `what` in one line; `where` a path, position or address;
// `why` the cause; `hint` the thing to try. Everything but `what` may be empty.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string what, std::string where = {}, std::string why = {},
        std::string hint = {});
  // An error without any text costs no allocation: for decoders refusing hostile bytes.
  explicit Error(ErrorCode code) noexcept : code_(code) {}

  ErrorCode code() const noexcept { return code_; }
  const std::string& what() const noexcept;
  const std::string& where() const noexcept;
  const std::string& why() const noexcept;
  const std::string& hint() const noexcept;
  // "E1204 what, at where: why (try: hint)" on one line.
  std::string text() const;
  // The same error, found at `outer` + where().
  Error at(std::string_view outer) const;

 private:
  struct Detail;
  ErrorCode code_;
  std::shared_ptr<const Detail> detail_;
};

// Thrown by Result::value() only.
class BadResult : public std::exception {
 public:
  explicit BadResult(Error error);
  const char* what() const noexcept override { return text_.c_str(); }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
  std::string text_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : ok_(true) { ::new (&value_) T(std::move(value)); }
  Result(Error error) : ok_(false) { ::new (&error_) Error(std::move(error)); }
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (ok_)
      ::new (&value_) T(std::move(other.value_));
    else
      ::new (&error_) Error(std::move(other.error_));
  }
  Result(const Result& other) : ok_(other.ok_) {
    if (ok_)
      ::new (&value_) T(other.value_);
    else
      ::new (&error_) Error(other.error_);
  }
  Result& operator=(Result other) noexcept {
    this->~Result();
    ::new (this) Result(std::move(other));
    return *this;
  }
  ~Result() {
    if (ok_)
      value_.~T();
    else
      error_.~Error();
  }

  explicit operator bool() const noexcept { return ok_; }
  bool ok() const noexcept { return ok_; }
  // The value; only when ok().
  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return &value_; }
  const T* operator->() const noexcept { return &value_; }
  // The value, or BadResult is thrown.
  T& value() & {
    check();
    return value_;
  }
  const T& value() const& {
    check();
    return value_;
  }
  T&& value() && {
    check();
    return std::move(value_);
  }
  T value_or(T other) const { return ok_ ? value_ : std::move(other); }
  // The error; only when not ok().
  const Error& error() const noexcept { return error_; }

 private:
  void check() const {
    if (!ok_) throw BadResult(error_);
  }
  bool ok_;
  union {
    T value_;
    Error error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() noexcept : error_(ErrorCode::ok) {}
  Result(Error error) noexcept : error_(std::move(error)) {}
  explicit operator bool() const noexcept { return ok(); }
  bool ok() const noexcept { return error_.code() == ErrorCode::ok; }
  void value() const {
    if (!ok()) throw BadResult(error_);
  }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

// `DTS_TRY(expression);` returns the error of a Result<void>-like expression to the caller.
#define DTS_TRY(expression)                                                                 \
  do {                                                                                      \
    if (auto dts_try_result = (expression); !dts_try_result) return dts_try_result.error(); \
  } while (false)

#define DTS_CONCAT_INNER(a, b) a##b
#define DTS_CONCAT(a, b) DTS_CONCAT_INNER(a, b)
// `DTS_ASSIGN(auto x, expression);` binds the value or returns the error to the caller.
#define DTS_ASSIGN(declaration, expression) \
  DTS_ASSIGN_INNER(DTS_CONCAT(dts_result_, __LINE__), declaration, expression)
#define DTS_ASSIGN_INNER(name, declaration, expression) \
  auto name = (expression);                             \
  if (!name) return name.error();                       \
  declaration = std::move(*name)

}  // namespace dts
