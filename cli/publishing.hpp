// What `dts pub` was asked to do, and doing it.
#pragma once

#include <optional>
#include <string>

#include <cli/derive.hpp>
#include <cli/invocation.hpp>
#include <cli/session.hpp>

namespace dts::cli {

struct PubOptions {
  TypeWish wish;
  PublishOptions publish;
  std::optional<double> rate;
  std::optional<std::uint64_t> count;
  std::optional<Duration> duration;
  std::uint64_t require = 0;
  std::optional<Type> defined;
  bool from_stdin = false;
  std::optional<std::string> json;  // else bytes, else pairs
  std::optional<Bytes> bytes;       // a value in file_format
  const Format* file_format = nullptr;
  Binding binding;  // of the file that defines the type
  Pairs pairs;
  std::string written;  // the values as the user wrote them, for the result line
};

// Publishes as asked; the exit code.
Result<int> run_publishing(Session& session, PubOptions options);

}  // namespace dts::cli
