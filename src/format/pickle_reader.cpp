// Pickle reader: scalars, and what may stand for what.
#include <format/pickle_reader.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <base/endian.hpp>
#include <format/pickle_machine.hpp>
#include <format/spelling.hpp>

namespace dts::format::pickle {

Reader::Prepared::Prepared(const Type& type) {
  for (const TypeNode& node : type.nodes()) {
    if (node.kind == Kind::enumeration)
      enumerations.push_back(node.name.substr(node.name.rfind('.') + 1));
  }
  std::sort(enumerations.begin(), enumerations.end());
}

bool Reader::begin() {
  Machine machine(message_, prepared_->enumerations, allowance_.bytes, tree_, failure_);
  if (!machine.run()) return false;
  next_ = tree_.root;
  return true;
}

// ---- scalars
// -------------------------------------------------------------------------------------

namespace {

// The integer, if a double holds it exactly.
bool to_double(const Node& node, double& value) {
  const std::uint64_t magnitude = node.flag ? node.bits + 1 : node.bits;
  if (node.flag && magnitude == 0) {
    value = -0x1p64;
    return true;
  }
  const int digits =
      magnitude == 0 ? 0
                     : static_cast<int>(std::bit_width(magnitude)) - std::countr_zero(magnitude);
  value = static_cast<double>(magnitude);
  if (node.flag) value = -value;
  return digits <= 53;
}

bool fits_float(double value) {
  return !std::isfinite(value) || std::fabs(value) < 0x1.ffffffp127;  // beyond, it rounds up
}

}  // namespace

bool Reader::real(double& value, bool single) {
  if (next().kind == NodeKind::integer) {
    if (!to_double(next(), value)) return not_a("a number that a float holds exactly");
  } else if (next().kind == NodeKind::real) {
    value = next().real;
  } else {
    return not_a("a float");
  }
  return !single || fits_float(value) || not_a("a number within the range of f32");
}

bool Reader::text(std::string_view& value) {
  if (next().kind == NodeKind::text) {
    value = next().text();
    return true;
  }
  if (next().kind != NodeKind::uuid) return not_a("a str");
  static constexpr char digits[] = "0123456789abcdef";
  char* to = uuid_text_;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = digits[next().data[i] >> 4];
    *to++ = digits[next().data[i] & 15];
  }
  value = {uuid_text_, sizeof uuid_text_};
  return true;
}

bool Reader::bytes(ByteView& value) {
  const NodeKind kind = next().kind;
  value = ByteView(next().data, next().size);
  return kind == NodeKind::bytes || kind == NodeKind::uuid ||
         (kind == NodeKind::text && next().flag) || not_a("bytes");
}

bool Reader::moment(NodeKind kind, std::int64_t& nanoseconds, std::string_view expected) {
  if (next().kind == kind) {
    nanoseconds = next().nanoseconds;
    return true;
  }
  if (next().kind != NodeKind::integer ||
      next().bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return not_a(expected);
  }
  nanoseconds = static_cast<std::int64_t>(next().flag ? ~next().bits : next().bits);
  return true;
}

bool Reader::decimal(Decimal& value) {
  if (next().kind == NodeKind::decimal || next().kind == NodeKind::text)
    return read_decimal(next().text(), value) || not_a("a decimal of 18 digits");
  value.exponent = 0;
  if (next().kind == NodeKind::integer) {
    return moment(NodeKind::integer, value.coefficient, "a decimal of 18 digits");
  }
  return not_a("a Decimal or a str");
}

bool Reader::symbol(bool& is_text, std::string_view& symbol, Integer& value) {
  const Node& node = next().kind == NodeKind::member ? tree_[next().links.last] : next();
  is_text = node.kind == NodeKind::text;
  if (is_text) {
    symbol = node.text();
    return true;
  }
  value = {node.bits, node.flag};
  return node.kind == NodeKind::integer || not_a("a symbol, a number or a member of an enum");
}

// ---- containers
// ----------------------------------------------------------------------------------

bool Reader::begin_list(Container& list) {
  const NodeKind kind = next().kind;
  if (kind != NodeKind::list && kind != NodeKind::tuple && kind != NodeKind::set)
    return not_a("a list");
  open(list, next());
  list.count = list.left;
  return true;
}

bool Reader::begin_map(Container& map) {
  if (next().kind != NodeKind::dict) return not_a("a dict");
  open(map, next());
  return true;
}

bool Reader::begin_struct(Container& structure) {
  const Node& node = next();
  if (node.kind == NodeKind::object && node.flag) {
    open(structure, tree_[node.links.last]);
    return true;
  }
  if (node.kind != NodeKind::dict) return not_a("a dict or an object with fields");
  open(structure, node);
  return true;
}

bool Reader::member_name(Container& structure, std::string_view& name) {
  advance(structure);
  if (next().kind != NodeKind::text) return not_a("the name of a field");
  name = next().text();
  advance(structure);
  return true;
}

bool Reader::begin_case(Container& held, bool& none, std::string_view& name) {
  none = false;
  if (next().kind != NodeKind::dict) return not_a("a dict of one case");
  if (next().size > 2) return not_a("a dict of one case only");
  open(held, next());
  none = held.left == 0;
  return none || member_name(held, name);
}

namespace {

template <class T>
bool is_integer(const Node& node, T& value) {
  if (node.kind != NodeKind::integer ||
      node.bits > static_cast<std::uint64_t>(std::numeric_limits<T>::max()) ||
      (std::is_unsigned_v<T> && node.flag)) {
    return false;
  }
  value = static_cast<T>(node.flag ? ~node.bits : node.bits);
  return true;
}

}  // namespace

// Stops before the first item that is another kind of thing: the walk reads it and says so.
template <class T>
std::size_t Reader::copy_integers(Container& list, void* first, std::size_t count) {
  auto* to = static_cast<std::byte*>(first);
  std::size_t read = 0;
  for (; read < count; ++read) {
    std::size_t cell = list.end;
    T value;
    if (!is_integer(tree_[tree_.item(cell)], value)) break;
    base::store(to + read * sizeof(T), value);
    list.end = cell;
  }
  return read;
}

template <class T>
std::size_t Reader::copy_reals(Container& list, void* first, std::size_t count) {
  auto* to = static_cast<std::byte*>(first);
  std::size_t read = 0;
  for (; read < count; ++read) {
    std::size_t cell = list.end;
    const Node& node = tree_[tree_.item(cell)];
    if (node.kind != NodeKind::real || (sizeof(T) == 4 && !fits_float(node.real))) break;
    base::store(to + read * sizeof(T), static_cast<T>(node.real));
    list.end = cell;
  }
  return read;
}

bool Reader::items(Container& list, Kind element, void* first, std::size_t count,
                   std::size_t& read) {
  switch (element) {
    case Kind::i8:
      read = copy_integers<std::int8_t>(list, first, count);
      break;
    case Kind::i16:
      read = copy_integers<std::int16_t>(list, first, count);
      break;
    case Kind::i32:
      read = copy_integers<std::int32_t>(list, first, count);
      break;
    case Kind::i64:
      read = copy_integers<std::int64_t>(list, first, count);
      break;
    case Kind::u8:
      read = copy_integers<std::uint8_t>(list, first, count);
      break;
    case Kind::u16:
      read = copy_integers<std::uint16_t>(list, first, count);
      break;
    case Kind::u32:
      read = copy_integers<std::uint32_t>(list, first, count);
      break;
    case Kind::u64:
      read = copy_integers<std::uint64_t>(list, first, count);
      break;
    case Kind::f32:
      read = copy_reals<float>(list, first, count);
      break;
    case Kind::f64:
      read = copy_reals<double>(list, first, count);
      break;
    default:
      read = 0;
  }
  list.left -= read;
  return true;
}

// What nobody reads must be data as well.
bool Reader::skip() {
  const Node& node = next();
  if (node.kind == NodeKind::label || node.kind == NodeKind::zone || node.kind == NodeKind::big ||
      (node.kind == NodeKind::object && !node.flag)) {
    return not_a("plain data");
  }
  if (!node.holds_nodes()) return true;
  if (!allowance_.enter(failure_)) return false;
  Container inside;
  const bool is_object = node.kind == NodeKind::object;
  open(inside, is_object ? tree_[node.links.last] : node);
  while (inside.left > 0) {
    std::string_view name;
    if (is_object && !member_name(inside, name)) return false;
    // What Python looks up by itself is no field: __class__, __reduce__.
    if (name.starts_with("__") && name.ends_with("__"))
      return failure_.set(ErrorCode::wrong_value,
                          named::quote(name) + " is not the name of a field");
    if (!is_object) advance(inside);
    if (!skip()) return false;
  }
  allowance_.leave();
  return true;
}

}  // namespace dts::format::pickle
