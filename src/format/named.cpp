// What the walks of the named formats share that does not depend on the notation.
#include <format/named.hpp>

#include <algorithm>
#include <numeric>

#include <base/text.hpp>
#include <format/capnproto.hpp>

namespace dts::format::named {

NameTable::NameTable(const TypeNode& node) {
  names_.reserve(std::max(node.symbols.size(), node.fields.size()));
  if (node.kind == Kind::enumeration) {
    for (const Symbol& symbol : node.symbols) names_.emplace_back(symbol.name);
  } else {
    for (const Field& field : node.fields) names_.emplace_back(field.name);
  }
  sorted_.resize(names_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0u);
  std::sort(sorted_.begin(), sorted_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return names_[a] < names_[b]; });
}

std::uint32_t NameTable::find(std::string_view name) const noexcept {
  if (names_.size() <= 8) {
    for (std::uint32_t i = 0; i < names_.size(); ++i)
      if (same_name(names_[i], name)) return i;
    return none;
  }
  const auto found =
      std::lower_bound(sorted_.begin(), sorted_.end(), name,
                       [this](std::uint32_t i, std::string_view key) { return names_[i] < key; });
  return found != sorted_.end() && names_[*found] == name ? *found : none;
}

bool Seen::add_scattered(std::size_t i) noexcept {
  if (!scattered_) {
    for (std::size_t word = 0; word < (members_ + 63) / 64; ++word) bits_[word] = 0;
    scattered_ = true;
  }
  if (test(i)) return false;
  bits_[i / 64] |= std::uint64_t{1} << i % 64;
  return true;
}

std::string quote(std::string_view text) {
  if (text.size() > 60) return "\"" + base::printable(text.substr(0, 60)) + "...\"";
  return "\"" + base::printable(text) + "\"";
}

std::string suggestion(std::string_view word, const NameTable& names) {
  std::vector<std::string> candidates;
  for (std::size_t i = 0; i < names.size(); ++i) candidates.emplace_back(names[i]);
  const std::string near = base::nearest(word, candidates);
  if (!near.empty()) return "did you mean \"" + near + "\"?";
  if (candidates.empty()) return {};
  std::string all = "one of";
  for (std::size_t i = 0; i < candidates.size() && i < 12; ++i)
    all += (i == 0 ? " " : ", ") + candidates[i];
  return all + (candidates.size() > 12 ? ", ..." : "");
}

bool not_expected(Failure& failure, std::string_view found, std::string_view expected) {
  return failure.set(ErrorCode::wrong_value,
                     std::string(found) + " where " + std::string(expected) + " is expected");
}

bool no_such_member(Failure& failure, const TypeNode& node, std::string_view name,
                    const NameTable& names) {
  name = name.substr(0, 256);
  failure.set(ErrorCode::unknown_field, node.name + " has no field " + quote(name), {},
              suggestion(name, names));
  return failure.in(base::printable(name));
}

bool no_such_symbol(Failure& failure, const TypeNode& node, std::string_view name,
                    const NameTable& names) {
  name = name.substr(0, 256);
  return failure.set(ErrorCode::wrong_value, quote(name) + " is not a symbol of " + node.name, {},
                     suggestion(name, names));
}

bool there_twice(Failure& failure, std::string_view name) {
  return failure.set(ErrorCode::wrong_value, "the key " + quote(name) + " is there twice");
}

bool member_missing(Failure& failure, const Type& publisher, const Field& field) {
  failure.set(ErrorCode::missing_field, "field " + quote(field.name) + " is missing",
              "it is " + publisher.print(field.type) + " and has no default");
  return failure.in(field.name);
}

bool not_of_kind(Failure& failure, const Integer& number, Kind kind) {
  std::string text = std::to_string(number.magnitude);
  if (number.negative) {
    // -1 - magnitude; 2^64 - 1 is the one that has no successor.
    const bool last = number.magnitude == ~std::uint64_t{0};
    text = last ? "-18446744073709551616" : "-" + std::to_string(number.magnitude + 1);
  }
  return failure.set(ErrorCode::wrong_value, text + " is not a value of " + kind_text(kind));
}

bool of_type(Failure& failure, const PlanStep& step) {
  return failure.lacks_reason() &&
         failure.because("the type is " +
                         (step.pair != nullptr ? step.pair->from->name : kind_text(step.from)));
}

bool no_symbol_to_send(Failure& failure, const TypeNode& node, std::int64_t value) {
  return failure.set(ErrorCode::encode, std::to_string(value) + " is not a symbol of " + node.name +
                                            " and cannot be sent");
}

bool no_case_to_send(Failure& failure, const TypeNode& node) {
  return failure.set(ErrorCode::encode, "no case of " + node.name + " is set",
                     "the union is closed");
}

std::string key_text(const Layout& layout, const void* key) {
  const std::string text = to_text(layout, key);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

namespace {

bool fail(Failure& failure, const Error& error) {
  failure.set(error.code(), error.what(), error.why(), error.hint());
  return error.where().empty() ? false : failure.in(error.where());
}

}  // namespace

bool open_any(const Any& any, Value& value, Failure& failure) {
  auto made = Value::of(any.type);
  if (!made) return failure.set(ErrorCode::encode, made.error().what());
  value = std::move(*made);
  const Assignment same = Assignment::make(any.type, any.type);
  const auto decoder = capnproto::make_decoder(same, value.layout(), {});
  if (!decoder) return failure.set(ErrorCode::encode, decoder.error().what());
  const auto decoded = (*decoder)->decode(any.message, value.data());
  if (decoded) return true;
  return failure.set(ErrorCode::encode, "an any holds bytes that are no value of its type",
                     decoded.error().what());
}

bool any_of(std::string_view notation, Value& value, std::unique_ptr<const Plan>& plan,
            Failure& failure) {
  const auto type = Type::parse(notation);
  if (!type) return fail(failure, type.error());
  auto made = Value::of(*type);
  if (!made) return fail(failure, made.error());
  auto compiled =
      Plan::make(Assignment::make(*type, *type), made->layout(), Plan::Omission::possible);
  if (!compiled) return fail(failure, compiled.error());
  value = std::move(*made);
  plan = std::move(*compiled);
  return true;
}

bool close_any(const Value& value, Any& any, Failure& failure) {
  const auto encoder = capnproto::make_encoder(value.layout());
  if (!encoder) return fail(failure, encoder.error());
  any.type = value.type();
  any.message.clear();
  const auto encoded = (*encoder)->encode(value.data(), any.message);
  return encoded ? true : fail(failure, encoded.error());
}

}  // namespace dts::format::named
