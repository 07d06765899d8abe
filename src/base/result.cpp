// Error and its texts.
#include <dts/result.hpp>

#include <array>
#include <cstdio>

namespace dts {

struct Error::Detail {
  std::string what, where, why, hint;
};

namespace {

const std::string kEmpty;

struct ErrorName {
  ErrorCode code;
  std::string_view name;
};

constexpr std::array kErrorNames{
    ErrorName{ErrorCode::ok, "ok"},
    ErrorName{ErrorCode::invalid_argument, "invalid_argument"},
    ErrorName{ErrorCode::unknown_command, "unknown_command"},
    ErrorName{ErrorCode::unknown_flag, "unknown_flag"},
    ErrorName{ErrorCode::closed, "closed"},
    ErrorName{ErrorCode::timeout, "timeout"},
    ErrorName{ErrorCode::would_block, "would_block"},
    ErrorName{ErrorCode::too_large, "too_large"},
    ErrorName{ErrorCode::limit_reached, "limit_reached"},
    ErrorName{ErrorCode::unknown_type, "unknown_type"},
    ErrorName{ErrorCode::invalid_name, "invalid_name"},
    ErrorName{ErrorCode::notation, "notation"},
    ErrorName{ErrorCode::invalid_type, "invalid_type"},
    ErrorName{ErrorCode::document_invalid, "document_invalid"},
    ErrorName{ErrorCode::document_too_large, "document_too_large"},
    ErrorName{ErrorCode::document_mismatch, "document_mismatch"},
    ErrorName{ErrorCode::incompatible_type, "incompatible_type"},
    ErrorName{ErrorCode::decode, "decode"},
    ErrorName{ErrorCode::encode, "encode"},
    ErrorName{ErrorCode::unknown_field, "unknown_field"},
    ErrorName{ErrorCode::wrong_value, "wrong_value"},
    ErrorName{ErrorCode::missing_field, "missing_field"},
    ErrorName{ErrorCode::unknown_format, "unknown_format"},
    ErrorName{ErrorCode::filter, "filter"},
    ErrorName{ErrorCode::no_interface, "no_interface"},
    ErrorName{ErrorCode::system, "system"},
    ErrorName{ErrorCode::address_in_use, "address_in_use"},
    ErrorName{ErrorCode::permission, "permission"},
    ErrorName{ErrorCode::unsupported, "unsupported"},
    ErrorName{ErrorCode::unknown_transport, "unknown_transport"},
    ErrorName{ErrorCode::invalid_url, "invalid_url"},
    ErrorName{ErrorCode::file, "file"},
    ErrorName{ErrorCode::sensor, "sensor"},
    ErrorName{ErrorCode::child, "child"},
};

}  // namespace

std::string error_id(ErrorCode code) {
  char id[8];
  std::snprintf(id, sizeof id, "E%04u", static_cast<unsigned>(code));
  return id;
}

std::string_view error_name(ErrorCode code) {
  for (const ErrorName& row : kErrorNames) {
    if (row.code == code) return row.name;
  }
  return "unknown";
}

Error::Error(ErrorCode code, std::string what, std::string where, std::string why, std::string hint)
    : code_(code),
      detail_(std::make_shared<const Detail>(
          Detail{std::move(what), std::move(where), std::move(why), std::move(hint)})) {}

const std::string& Error::what() const noexcept { return detail_ ? detail_->what : kEmpty; }
const std::string& Error::where() const noexcept { return detail_ ? detail_->where : kEmpty; }
const std::string& Error::why() const noexcept { return detail_ ? detail_->why : kEmpty; }
const std::string& Error::hint() const noexcept { return detail_ ? detail_->hint : kEmpty; }

std::string Error::text() const {
  std::string text =
      error_id(code_) + " " + (what().empty() ? std::string(error_name(code_)) : what());
  if (!where().empty()) text += ", at " + where();
  if (!why().empty()) text += ": " + why();
  if (!hint().empty()) text += " (try: " + hint() + ")";
  return text;
}

Error Error::at(std::string_view outer) const {
  std::string place(outer);
  if (!where().empty()) place += where().front() == '[' ? where() : "." + where();
  return Error(code_, what().empty() ? std::string(error_name(code_)) : what(), std::move(place),
               why(), hint());
}

BadResult::BadResult(Error error) : error_(std::move(error)), text_(error_.text()) {}

}  // namespace dts
