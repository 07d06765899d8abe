// JSON decoder: reads a text through a plan, keys in any order. A key that the publisher's type
// does not have is refused, and so is one that is there twice: a message says what its type says.
#include <algorithm>
#include <charconv>

#include <base/base64.hpp>
#include <base/text.hpp>
#include <format/capnproto.hpp>
#include <format/json.hpp>
#include <format/json_scanner.hpp>
#include <format/named.hpp>
#include <format/plan.hpp>
#include <type/unit_change.hpp>

namespace dts::format::json {

namespace {

using named::NameTable;
using named::quote;
using named::Seen;

// The names of a type, and the keys of a struct as they usually stand there: "name":
struct Names : NameTable {
  explicit Names(const TypeNode& node) : NameTable(node) {
    for (const Field& field : node.fields) keys.push_back('"' + field.name + "\":");
  }
  std::vector<std::string> keys;
};

class Decode final : public Decoder {
 public:
  Decode(std::unique_ptr<const Plan> plan, const DecodeLimits& limits)
      : plan_(std::move(plan)), limits_(limits) {
    for (const PlanPair& pair : plan_->pairs()) names_.emplace_back(*pair.from);
  }
  Result<void> decode(ByteView message, void* value) const override;

  const Plan& plan() const { return *plan_; }
  const Names& names(const PlanPair& pair) const { return names_[pair.index]; }

 private:
  std::unique_ptr<const Plan> plan_;
  DecodeLimits limits_;
  std::vector<Names> names_;  // by PlanPair::index
};

// One decode call.
class Run {
 public:
  Run(const Decode& decoder, std::string_view text, const Allowance& allowance)
      : decoder_(decoder), allowance_(allowance), scanner_(text, failure) {}

  bool message(void* to) {
    return value(decoder_.plan().root(), to) &&
           (scanner_.at_end() || scanner_.invalid("something follows the value"));
  }
  Failure failure;

 private:
  template <class Run>
  friend bool dts::format::read_nested(Run&, const PlanStep&, void*, Allowance&, Failure&);

  bool mismatch(const PlanStep& step, const char* expected, const char* hint = "") {
    return failure.set(ErrorCode::wrong_value,
                       std::string(scanner_.what_is_next()) + " where " + expected + " is expected",
                       "the type is " + (step.pair != nullptr ? step.pair->from->name
                                                              : std::string(kind_name(step.from))),
                       hint);
  }
  bool wrong(std::string_view text, const std::string& what, const char* hint = "") {
    return failure.set(ErrorCode::wrong_value, quote(text) + " is not " + what, {}, hint);
  }

  bool read(const PlanStep& step, void* to) { return quick(step, to) || value(step, to); }

  // A number that is stored as it is or in another unit, spelt as usual. False: value() reads it.
  bool quick(const PlanStep& step, void* to) {
    if (only_changes_unit(step)) {
      double number;
      if (!scanner_.plain_real(number)) return false;
      base::store(to, in_unit(*step.unit, number));
      return true;
    }
    if (step.action != Action::bits) return false;
    if (step.from == Kind::f64) return scanner_.plain_real(*static_cast<double*>(to));
    if (step.from == Kind::f32) return scanner_.plain_real(*static_cast<float*>(to));
    return step.from >= Kind::i8 && step.from <= Kind::u64 && quick_integer(step, to);
  }
  bool quick_integer(const PlanStep& step, void* to) {
    const char* const start = scanner_.mark();
    const unsigned which = static_cast<unsigned>(step.from) - static_cast<unsigned>(Kind::i8);
    const bool is_signed = step.from <= Kind::i64, is_wide = (which & 3) == 3;
    std::uint64_t magnitude = 0;
    bool negative = false;
    if (!scanner_.plain_whole(magnitude, negative, is_wide)) return false;
    // What fits: up to `largest`, signed down to -largest - 1.
    const std::uint64_t largest = ~std::uint64_t{0} >> (64 - (8u << (which & 3)) + is_signed);
    if (magnitude - negative > largest || (negative && !is_signed)) {
      scanner_.go_to(start);
      return false;
    }
    store_low(to, negative ? 0 - magnitude : magnitude, step.to->size);
    return true;
  }

  bool value(const PlanStep& step, void* to) {
    switch (step.action) {
      case Action::wrap:
        return allowance_.take(1, step.to->element->size, failure) &&
               read(*step.element, step.to->functions.set(*step.to, to));
      case Action::optional:
      case Action::unwrap: {
        if (scanner_.peek() == 'n')
          return scanner_.literal("null") && store_empty(step, to, failure);
        if (step.action == Action::unwrap) return read(*step.element, to);
        return allowance_.take(1, step.to->element->size, failure) &&
               read(*step.element, step.to->functions.set(*step.to, to));
      }
      case Action::bits:
      case Action::number:
        return plain(step, to);
      case Action::text:
        return text(step, to);
      case Action::bytes:
        return bytes(step, to);
      case Action::decimal:
        return decimal(step, *static_cast<Decimal*>(to));
      case Action::enumeration:
        return enumeration(step, to);
      default:
        return read_nested(*this, step, to, allowance_, failure);
    }
  }

  bool plain(const PlanStep& step, void* to) {
    switch (step.from) {
      case Kind::boolean: {
        const char c = scanner_.peek();
        if (c != 't' && c != 'f') return mismatch(step, "true or false");
        *static_cast<bool*>(to) = c == 't';
        return scanner_.literal(c == 't' ? "true" : "false");
      }
      case Kind::time:
      case Kind::duration:
        return moment(step, to);
      case Kind::f32:
        return real<float>(step, to);
      case Kind::f64:
        return real<double>(step, to);
      case Kind::u8:
      case Kind::u16:
      case Kind::u32:
      case Kind::u64:
        return integer<std::uint64_t>(step, to);
      default:
        return integer<std::int64_t>(step, to);
    }
  }

  bool number_token(const PlanStep& step, std::string_view& token, bool& whole,
                    const char* hint = "") {
    const char c = scanner_.peek();
    if (c != '-' && (c < '0' || c > '9')) return mismatch(step, "a number", hint);
    return scanner_.number(token, whole);
  }

  template <class T>
  bool integer(const PlanStep& step, void* to) {
    std::string_view token;
    bool whole = true;
    if (scanner_.peek() == '"' && (step.from == Kind::i64 || step.from == Kind::u64)) {
      if (!scanner_.string(token)) return false;
    } else if (!number_token(step, token, whole, "write it without quotes")) {
      return false;
    }
    T number;
    return read_integer(step, token, whole, number) && store(step, to, number);
  }
  bool store(const PlanStep& step, void* to, std::int64_t value) {
    return store_signed(step, to, value, failure);
  }
  bool store(const PlanStep& step, void* to, std::uint64_t value) {
    return store_unsigned(step, to, value, failure);
  }

  // A token as an integer of the publisher's kind. 20.0 and 2e1 are 20.
  template <class T>
  bool read_integer(const PlanStep& step, std::string_view token, bool whole, T& number) {
    const auto refuse = [&] {
      return wrong(token, "a value of " + std::string(kind_name(step.from)));
    };
    const char* end = token.data() + token.size();
    if (whole) {
      const auto [stop, error] = std::from_chars(token.data(), end, number);
      if (error != std::errc{} || stop != end) return refuse();
    } else {
      double real = 0;
      const auto [stop, error] = std::from_chars(token.data(), end, real);
      if (error != std::errc{} || stop != end || real < -static_cast<double>(integer_max) ||
          real > static_cast<double>(integer_max) ||
          real != static_cast<double>(static_cast<std::int64_t>(real)) ||
          (std::is_unsigned_v<T> && real < 0)) {
        return refuse();
      }
      number = static_cast<T>(static_cast<std::int64_t>(real));
    }
    return fits(step.from, number) || refuse();
  }
  template <class T>
  static bool fits(Kind kind, T number) {
    switch (kind) {
      case Kind::i8:
        return std::in_range<std::int8_t>(number);
      case Kind::i16:
        return std::in_range<std::int16_t>(number);
      case Kind::i32:
      case Kind::enumeration:
        return std::in_range<std::int32_t>(number);
      case Kind::u8:
        return std::in_range<std::uint8_t>(number);
      case Kind::u16:
        return std::in_range<std::uint16_t>(number);
      case Kind::u32:
        return std::in_range<std::uint32_t>(number);
      default:
        return true;
    }
  }

  template <class T>
  bool real(const PlanStep& step, void* to) {
    std::string_view token;
    T number;
    if (step.action != Action::bits && scanner_.plain_real(number))  // else quick() has tried
      return store_real(step, to, number, failure);
    if (scanner_.peek() == '"') {
      if (!scanner_.string(token)) return false;
      if (token == "NaN") {
        number = std::numeric_limits<T>::quiet_NaN();
      } else if (token == "Infinity") {
        number = std::numeric_limits<T>::infinity();
      } else if (token == "-Infinity") {
        number = -std::numeric_limits<T>::infinity();
      } else {
        return wrong(token, "a number", "write it without quotes");
      }
    } else {
      bool whole;
      if (!number_token(step, token, whole)) return false;
      if (std::from_chars(token.data(), token.data() + token.size(), number).ec != std::errc{})
        return wrong(token, "a value of " + std::string(kind_name(step.from)));
    }
    return store_real(step, to, number, failure);
  }

  bool string_token(const PlanStep& step, std::string_view& token, const char* expected,
                    const char* hint) {
    if (scanner_.peek() != '"') return mismatch(step, expected, hint);
    return scanner_.string(token);
  }

  bool moment(const PlanStep& step, void* to) {
    std::string_view token;
    const bool is_time = step.from == Kind::time;
    const char* hint = is_time ? "\"2026-11-22T10:24:48Z\"" : "\"1.5s\", \"500ms\", \"1h30m\"";
    if (!string_token(step, token, is_time ? "a time" : "a duration", hint)) return false;
    std::int64_t nanoseconds;
    if (is_time) {
      const auto time = from_rfc3339(token);
      if (!time) return wrong(token, "a time", hint);
      nanoseconds = time->time_since_epoch().count();
    } else if (!read_duration(token, nanoseconds)) {
      return wrong(token, "a duration", hint);
    }
    return store_signed(step, to, nanoseconds, failure);
  }

  bool text(const PlanStep& step, void* to) {
    std::string_view token;
    if (!string_token(step, token, "a string", "put it in quotes") ||
        !allowance_.take(token.size(), 1, failure)) {
      return false;
    }
    step.to->functions.assign(*step.to, to, as_bytes(token));
    return true;
  }

  bool bytes(const PlanStep& step, void* to) {
    std::string_view token;
    if (!string_token(step, token, "a string of base64", "\"AQID\"") ||
        !allowance_.take(token.size(), 1, failure)) {
      return false;
    }
    if (!base::read_base64(token, bytes_)) return wrong(token, "base64", "\"AQID\" is 01 02 03");
    step.to->functions.assign(*step.to, to, bytes_);
    return true;
  }

  bool decimal(const PlanStep& step, Decimal& to) {
    std::string_view token;
    bool whole;
    const bool fine =
        scanner_.peek() == '"' ? scanner_.string(token) : number_token(step, token, whole);
    return fine && (read_decimal(token, to) || wrong(token, "a decimal", "\"12.50\""));
  }

  bool enumeration(const PlanStep& step, void* to) {
    std::string_view token;
    if (scanner_.peek() == '"') return scanner_.string(token) && symbol(step, token, to);
    bool whole;
    if (!number_token(step, token, whole)) return false;
    std::int64_t number;
    return read_integer(step, token, whole, number) && store_symbol(step, to, number, failure);
  }

  bool symbol(const PlanStep& step, std::string_view token, void* to) {
    const TypeNode& node = *step.pair->from;
    const NameTable& names = decoder_.names(*step.pair);
    const std::uint32_t found = names.find(token);
    if (found == NameTable::none) return named::no_such_symbol(failure, node, token, names);
    return store_symbol(step, to, node.symbols[found].value, failure);
  }

  bool list(const PlanStep& step, void* to) {
    const Layout& layout = *step.to;
    if (scanner_.peek() != '[') return mismatch(step, "a list");
    scanner_.accept('[');
    const bool fixed = layout.kind == Kind::array;
    std::size_t capacity = fixed ? layout.length : layout.functions.count(layout, to);
    std::size_t count = 0;
    std::byte* first = nullptr;
    if (!resize(layout, to, capacity, first, failure)) return false;
    for (bool again = !scanner_.accept(']'); again; ++count) {
      const bool surplus = fixed && count >= capacity;
      if (surplus && !trims(step))
        return resize(layout, to, count + 1, first, failure);  // fails and says so
      if (count == capacity && !surplus) {
        capacity = std::max<std::size_t>(8, capacity * 2);
        if (!resize(layout, to, capacity, first, failure)) return false;
      }
      if (!allowance_.take(1, layout.element->size, failure) ||
          !(surplus ? skip() : read(*step.element, first + count * layout.element->size))) {
        return failure.in(count);
      }
      if (!scanner_.more(']', "',' or ']'", again)) return false;
    }
    return resize(step, to, count, capacity, first, failure);
  }

  bool map(const PlanStep& step, void* to) {
    const Layout& layout = *step.to;
    if (scanner_.peek() != '{') return mismatch(step, "an object");
    scanner_.accept('{');
    layout.functions.map_clear(layout, to);
    MapKey key(*layout.key);
    std::string name;  // the token does not outlive the value
    for (bool again = !scanner_.accept('}'); again;) {
      std::string_view token;
      if (!scanner_.string(token)) return false;
      name = token;
      if (!allowance_.take(1, map_entry_bytes(layout) + name.size(), failure) ||
          !map_key(*step.key, name, key.place())) {
        return failure.in(name);
      }
      void* place = layout.functions.map_insert(layout, to, key.place());
      if (place == nullptr) return named::there_twice(failure, name);
      if (!scanner_.expect(':', "':'")) return false;
      if (!read(*step.element, place)) return failure.in(name);
      if (!scanner_.more('}', "',' or '}'", again)) return false;
    }
    return true;
  }

  bool map_key(const PlanStep& step, std::string_view name, void* to) {
    switch (step.action) {
      case Action::text:
        step.to->functions.assign(*step.to, to, as_bytes(name));
        return true;
      case Action::enumeration: {
        std::int64_t number;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error == std::errc{} && end == name.data() + name.size() &&
            fits(Kind::enumeration, number)) {
          return store_symbol(step, to, number, failure);
        }
        return symbol(step, name, to);
      }
      default:
        break;
    }
    if (step.from == Kind::boolean) {
      *static_cast<bool*>(to) = name == "true";
      return name == "true" || name == "false" || wrong(name, "true or false");
    }
    if (step.from >= Kind::u8 && step.from <= Kind::u64) {
      std::uint64_t number;
      return read_integer(step, name, true, number) && store(step, to, number);
    }
    std::int64_t number;
    return read_integer(step, name, true, number) && store(step, to, number);
  }

  bool structure(const PlanStep& step, void* to) {
    const PlanPair& pair = *step.pair;
    if (scanner_.peek() != '{') return mismatch(step, "an object");
    scanner_.accept('{');
    store_absent(pair, to);
    Seen seen(pair.members.size());
    const std::vector<std::string>& keys = decoder_.names(pair).keys;
    std::uint32_t expected = 0;  // keys usually come in the order of the type
    for (bool again = !scanner_.accept('}'); again;) {
      std::uint32_t index = expected;
      const bool as_usual = expected < keys.size() && scanner_.passes(keys[expected]);
      if (!as_usual && !member(pair, expected, index)) return false;
      expected = index + 1;
      const std::string& name = pair.from->fields[index].name;
      if (!seen.add(index)) return named::there_twice(failure, name);
      if (!as_usual && !scanner_.expect(':', "':'")) return false;
      const PlanMember& target = pair.members[index];
      if (!(target.step != nullptr ? field(target, to) : skip())) return failure.in(name);
      if (!scanner_.more('}', "',' or '}'", again)) return false;
    }
    return seen.count() == pair.members.size() || left_out(pair, seen, to);
  }

  // What does not fit is passed over where the field wants its default.
  bool field(const PlanMember& target, void* to) {
    const char* const start = scanner_.mark();
    const std::uint32_t depth = allowance_.depth;
    if (read(*target.step, static_cast<std::byte*>(to) + target.offset)) return true;
    if (!recover(target, to, failure)) return false;
    scanner_.go_to(start);
    allowance_.depth = depth;
    return skip();
  }
  bool skip() {
    std::string_view skipped;
    return scanner_.skip(allowance_, skipped);
  }

  // The next key, as an index into the pair's members.
  bool member(const PlanPair& pair, std::uint32_t expected, std::uint32_t& index) {
    const NameTable& names = decoder_.names(pair);
    index = expected;
    if (expected < names.size() && scanner_.is_next(names[expected])) return true;
    std::string_view token;
    if (!scanner_.string(token)) return false;
    index = names.find(token);
    return index != NameTable::none || named::no_such_member(failure, *pair.from, token, names);
  }

  // What the message does not hold: the publisher's default, an empty optional, or an error.
  bool left_out(const PlanPair& pair, const Seen& seen, void* to) {
    for (std::size_t i = 0; i < pair.members.size(); ++i) {
      if (seen.test(i)) continue;
      const PlanMember& target = pair.members[i];
      const Field& field = pair.from->fields[i];
      if (target.required)
        return named::member_missing(failure, decoder_.plan().publisher(), field);
      if (target.step == nullptr) continue;
      if (field.default_value) {
        store_default(pair, target, to);
      } else if (!store_empty(*target.step, static_cast<std::byte*>(to) + target.offset, failure)) {
        return failure.in(field.name);
      }
    }
    return true;
  }

  bool held_case(const PlanStep& step, void* to) {
    const PlanPair& pair = *step.pair;
    if (scanner_.peek() != '{') return mismatch(step, "an object with one case");
    scanner_.accept('{');
    if (scanner_.accept('}')) {
      if (!pair.from->closed) return store_no_case(step, to, failure);
      return failure.set(ErrorCode::missing_field, "no case of " + pair.from->name + " is set",
                         "the union is closed");
    }
    std::uint32_t index;
    if (!member(pair, 0, index) || !scanner_.expect(':', "':'")) return false;
    const PlanMember& target = pair.members[index];
    bool fine;
    if (target.step == nullptr) {
      fine = skip() && store_no_case(step, to, failure);
    } else {
      fine = allowance_.take(1, target.step->to->size, failure) &&
             read(*target.step, pair.to->functions.choose(*pair.to, to, target.to));
    }
    if (!fine) return failure.in(pair.from->fields[index].name);
    return scanner_.expect('}', "'}' (a union holds one case)");
  }

  // {"type": "notation", "value": ...} in either order, or {}.
  bool any(const PlanStep& step, Any& to) {
    if (scanner_.peek() != '{')
      return mismatch(step, "an object", "{\"type\": \"a.B{x:i32}\", \"value\": {\"x\": 1}}");
    scanner_.accept('{');
    to = Any{};
    std::string notation;
    std::string_view held, key;
    bool has_type = false;
    for (bool again = !scanner_.accept('}'); again;) {
      if (!scanner_.string(key)) return false;
      const bool is_type = key == "type", is_value = key == "value";
      if ((!is_type && !is_value) || (is_type ? has_type : !held.empty()))
        return wrong(key, "a key of an any", "it has \"type\" and \"value\"");
      if (!scanner_.expect(':', "':'")) return false;
      if (is_type) {
        if (!string_token(step, key, "a type in notation", "")) return false;
        notation = key;
        has_type = true;
      } else if (!scanner_.skip(allowance_, held)) {
        return failure.in("value");
      }
      if (!scanner_.more('}', "',' or '}'", again)) return false;
    }
    if (!has_type && held.empty()) return true;
    if (!has_type || held.empty())
      return failure.set(ErrorCode::missing_field, "an any needs both \"type\" and \"value\"");
    return any_value(notation, held, to);
  }

  bool any_value(const std::string& notation, std::string_view held, Any& to) {
    const auto fail = [&](const Error& error) {
      failure.set(error.code(), error.what(), error.why(), error.hint());
      return failure.in(error.where());
    };
    auto type = Type::parse(notation);
    if (!type) return fail(type.error());
    auto value = Value::of(*type);
    if (!value) return fail(value.error());
    auto plan =
        Plan::make(Assignment::make(*type, *type), value->layout(), Plan::Omission::possible);
    if (!plan) return fail(plan.error());
    if (!allowance_.take(1, value->layout().size, failure)) return false;
    const Decode inner(std::move(*plan), {});
    Run run(inner, held, allowance_);
    if (!run.message(value->data())) {
      failure = std::move(run.failure);
      return failure.in("value");
    }
    allowance_.bytes = run.allowance_.bytes;
    auto encoder = capnproto::make_encoder(value->layout());
    if (!encoder) return fail(encoder.error());
    to.type = std::move(*type);
    if (const auto encoded = (*encoder)->encode(value->data(), to.message); !encoded)
      return fail(encoded.error());
    return allowance_.take(to.message.size(), 1, failure);
  }

  const Decode& decoder_;
  Allowance allowance_;
  Scanner scanner_;
  Bytes bytes_;
};

Result<void> Decode::decode(ByteView message, void* value) const {
  if (!base::is_utf8(as_text(message)))
    return Error(ErrorCode::decode, "not valid JSON", {}, "the text is not valid UTF-8");
  Run run(*this, as_text(message), Allowance(limits_, message.size()));
  if (run.message(value)) return {};
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits) {
  DTS_ASSIGN(auto plan, Plan::make(assignment, layout, Plan::Omission::possible));
  return std::unique_ptr<Decoder>(new Decode(std::move(plan), limits));
}

}  // namespace dts::format::json
