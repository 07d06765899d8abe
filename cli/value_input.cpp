#include <cli/value_input.hpp>

#include <simdjson.h>
#include <algorithm>
#include <charconv>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/value_text.hpp>
#include <cli/words.hpp>
#include <dts/format.hpp>

namespace dts::cli {

namespace {

bool is_numeric(Kind kind) {
  return (kind >= Kind::i8 && kind <= Kind::f64) || kind == Kind::decimal;
}

// The kind behind optionals.
Kind kind_of(const TypeRef& ref) {
  const TypeRef* at = &ref;
  while (at->kind == Kind::optional && !at->arguments.empty()) at = &at->arguments[0];
  return at->kind;
}

const Field* find_field(const Type& type, std::string_view name) {
  for (const Field& field : type.root().fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace

Result<Value> ValueInput::fresh() {
  if (layout_ == nullptr) {
    DTS_ASSIGN(layout_, Layout::of(type_));
  }
  return Value(layout_);
}

Result<Value> ValueInput::decode_json(std::string_view json) {
  const Format* format = find_format(built_in_formats(), "json");
  if (format == nullptr) return Error(ErrorCode::unknown_format, "this build has no json format");
  const Assignment same = Assignment::make(type_, type_);
  DTS_ASSIGN(Value value, fresh());
  DTS_ASSIGN(const std::unique_ptr<Decoder> decoder, format->decoder(same, value.layout()));
  DTS_TRY(decoder->decode(as_bytes(json), value.data()));
  return value;
}

// What the field's text says without the unit behind the number: "18Cel" -> "18".
Result<std::string> ValueInput::without_unit(const Field& field, const std::string& text) const {
  if (!is_numeric(kind_of(field.type))) return text;
  double number = 0;
  const char* start = text.data() + (!text.empty() && text[0] == '+');
  const auto [end, error] = std::from_chars(start, text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return text;  // Value::set says what is wrong
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::string digits(start, end);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (rest.empty() ||
      (!field.unit.empty() && (rest == field.unit || rest == unit_text(field.unit, true) ||
                               rest == unit_text(field.unit, false)))) {
    return digits;
  }
  const std::string shown = base::printable(rest);
  const std::string place = base::printable(type_.name() + "." + field.name);
  if (field.unit.empty()) {
    return Error(ErrorCode::wrong_value, place + " has no unit, but \"" + shown + "\" was given",
                 {}, {}, field.name + "=" + digits);
  }
  const std::string unit = unit_text(field.unit, utf8_);
  return Error(ErrorCode::wrong_value,
               place + " is in " + unit + (unit == field.unit ? "" : " (" + field.unit + ")") +
                   ", not in \"" + shown + "\"",
               {}, "units are not converted here", "the value in " + field.unit);
}

Result<void> ValueInput::check_given(const std::vector<std::string>& given) const {
  std::vector<std::string> missing;
  for (const Field& field : type_.root().fields) {
    const bool is_given = std::find(given.begin(), given.end(), field.name) != given.end();
    if (is_given || field.default_value || field.type.kind == Kind::optional) continue;
    missing.push_back("\"" + base::printable(field.name) + "\" (" +
                      field_text(type_, field, utf8_) + ")");
  }
  if (missing.empty()) return {};
  return Error(ErrorCode::missing_field,
               base::printable(type_.name()) + " needs " + joined(missing, ", "), {},
               missing.size() == 1 ? "it has no default" : "they have no default",
               "give every field without a default");
}

Result<Value> ValueInput::from_pairs(const Pairs& pairs) {
  DTS_ASSIGN(Value value, fresh());
  std::vector<std::string> given;
  Pairs composites;
  for (const auto& [path, text] : pairs) {
    const std::string name = path.substr(0, path.find('.'));
    const Field* field = find_field(type_, name);
    if (field == nullptr) return no_such_field(type_, name, utf8_);
    given.push_back(name);
    if (path == name && !text.empty() && (text[0] == '[' || text[0] == '{') &&
        kind_of(field->type) != Kind::text) {
      composites.emplace_back(path, text);
      continue;
    }
    std::string plain = text;
    if (path == name) {
      DTS_ASSIGN(plain, without_unit(*field, text));
    }
    if (const auto set = value.set(path, std::string_view(plain)); !set) {
      const Error& error = set.error();
      if (error.code() == ErrorCode::unknown_field) return error;
      const std::string kind = path == name ? " (" + field_text(type_, *field, utf8_) + ")" : "";
      return Error(ErrorCode::wrong_value,
                   "\"" + base::printable(text) + "\" is not a value of " +
                       base::printable(type_.name() + "." + path) + kind,
                   {}, error.why().empty() ? error.what() : error.why(), error.hint());
    }
  }
  DTS_TRY(check_given(given));
  return composites.empty() ? Result<Value>(std::move(value)) : with_composites(value, composites);
}

// Lists, maps, structs and unions are given as JSON: they replace what the value's JSON has.
Result<Value> ValueInput::with_composites(const Value& value, const Pairs& composites) {
  JsonEncoder encoder;
  DTS_ASSIGN(const std::string json, encoder.encode(value));
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  if (parser.parse(json).get(members) != simdjson::SUCCESS) {
    return Error(ErrorCode::decode, "the value cannot be written as JSON");
  }
  JsonObject merged;
  const auto is_composite = [&](std::string_view key) {
    return std::any_of(composites.begin(), composites.end(),
                       [&](const auto& pair) { return pair.first == key; });
  };
  for (const auto [key, member] : members) {
    if (!is_composite(key)) merged.raw(key, simdjson::minify(member));
  }
  for (const auto& [key, text] : composites) {
    simdjson::dom::parser own;
    if (const auto error = own.parse(text).error()) {
      return Error(ErrorCode::wrong_value,
                   "\"" + base::printable(text) + "\" is not a value of " +
                       base::printable(type_.name() + "." + key),
                   {}, std::string("it is not JSON: ") + simdjson::error_message(error));
    }
    merged.raw(key, text);
  }
  return decode_json(merged.str());
}

Result<Value> ValueInput::from_json(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (const auto error = parser.parse(json.data(), json.size()).get(document)) {
    return Error(ErrorCode::wrong_value, "this is not JSON", {}, simdjson::error_message(error));
  }
  simdjson::dom::object members;
  if (document.get(members) != simdjson::SUCCESS) {
    return Error(ErrorCode::wrong_value, "a value is a JSON object", {}, {},
                 R"({"celsius": 18.4})");
  }
  std::vector<std::string> given;
  for (const auto [key, member] : members) {
    if (find_field(type_, key) == nullptr) return no_such_field(type_, key, utf8_);
    given.emplace_back(key);
  }
  DTS_TRY(check_given(given));
  return decode_json(json);
}

}  // namespace dts::cli
