// What every error means, for people: `dts help E1204` and docs/reference/errors.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <dts/result.hpp>

namespace dts::cli {

struct ErrorRow {
  ErrorCode code;
  std::string_view cause;
  std::string_view cure;
};
std::span<const ErrorRow> error_table();
// By id ("E1204", "e1204", "1204") or name ("unknown_field"); null when there is none.
const ErrorRow* find_error(std::string_view id);
std::string explain(const ErrorRow& row);
std::string errors_page();

}  // namespace dts::cli
