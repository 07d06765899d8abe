// What the words of a filter mean for a type: fields are found, literals become values of the
// field's kind and unit, symbols become numbers. Errors carry the place in the expression.
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <type/filter_program.hpp>
#include <type/filter_unit.hpp>
#include <type/scalar.hpp>
#include <type/scalar_text.hpp>

namespace dts {

namespace {

using Code = Filter::Program::Code;
using Sort = FilterOperand::Sort;

enum class Class : std::uint8_t { number, truth, text, bytes, time, duration, symbol, composite };

Class class_of(const Layout& layout) {
  switch (layout.kind) {
    case Kind::boolean:
      return Class::truth;
    case Kind::text:
      return Class::text;
    case Kind::bytes:
      return Class::bytes;
    case Kind::time:
      return Class::time;
    case Kind::duration:
      return Class::duration;
    case Kind::enumeration:
      return Class::symbol;
    case Kind::decimal:
      return Class::number;
    default:
      return layout.kind <= Kind::f64 ? Class::number : Class::composite;
  }
}

const char* wanted_by(Class cls) {
  switch (cls) {
    case Class::number:
      return "a number";
    case Class::truth:
      return "true or false";
    case Class::text:
      return "a text in quotes";
    case Class::bytes:
      return "bytes, such as 0x0aff";
    case Class::time:
      return "a time, such as 2026-11-22T10:00:00Z or now - 5m";
    case Class::duration:
      return "a duration, such as 5m or 1h30m";
    case Class::symbol:
      return "one of its symbols";
    case Class::composite:
      break;
  }
  return "nothing";
}

struct Place {
  FieldPath path;
  std::string text;
  Class cls = Class::number;
  std::string shown() const { return field_shown(text, path.layout(), path.field()); }
};

class Compiler {
 public:
  Compiler(const Layout& layout, const FilterTree& tree, Filter::Program& program)
      : layout_(layout), source_(tree.source), program_(program) {}

  Result<std::uint32_t> compile(const FilterNode& node) {
    Code code;
    switch (node.op) {
      case FilterNode::Op::all:
      case FilterNode::Op::any:
      case FilterNode::Op::negation: {
        code.op = node.op == FilterNode::Op::all   ? Code::Op::all
                  : node.op == FilterNode::Op::any ? Code::Op::any
                                                   : Code::Op::negation;
        for (const FilterNode& child : node.children) {
          DTS_ASSIGN(const std::uint32_t part, compile(child));
          code.parts.push_back(part);
        }
        break;
      }
      case FilterNode::Op::has: {
        DTS_ASSIGN(Place place, resolve(node.operands[0]));
        code.op = Code::Op::has;
        code.field = std::move(place.path);
        break;
      }
      case FilterNode::Op::field: {
        DTS_ASSIGN(Place place, resolve(node.operands[0]));
        if (place.cls != Class::truth)
          return error(node.operands[0], place.shown() + " is compared with nothing",
                       "only a bool stands alone; has(" + place.text + ") asks if it is there");
        code.op = Code::Op::truth;
        code.field = std::move(place.path);
        break;
      }
      case FilterNode::Op::like: {
        DTS_TRY(compile_like(node, code));
        break;
      }
      case FilterNode::Op::in: {
        DTS_TRY(compile_in(node, code));
        break;
      }
      case FilterNode::Op::compare: {
        DTS_TRY(compile_compare(node, code));
        break;
      }
    }
    program_.codes.push_back(std::move(code));
    return static_cast<std::uint32_t>(program_.codes.size() - 1);
  }

 private:
  Error error(const FilterOperand& at, std::string what, std::string hint = {}) const {
    return source_.error(at.offset, at.length, std::move(what), std::move(hint), ErrorCode::filter);
  }

  Result<Place> resolve(const FilterOperand& operand) const {
    Result<FieldPath> path = FieldPath::make(layout_, operand.text);
    if (!path) return error(operand, path.error().what(), path.error().hint());
    Place place{std::move(*path), operand.text, Class::number};
    place.cls = class_of(place.path.layout());
    return place;
  }

  // A bare word is a symbol where an enumeration is compared with it.
  static const Symbol* symbol_named(const Place& place, const FilterOperand& operand) {
    if (place.cls != Class::symbol || (operand.sort != Sort::path && operand.sort != Sort::text))
      return nullptr;
    for (const Symbol& symbol : place.path.layout().type.root().symbols)
      if (symbol.name == operand.text) return &symbol;
    return nullptr;
  }

  Result<void> compile_compare(const FilterNode& node, Code& code) {
    const FilterOperand* left = &node.operands[0];
    const FilterOperand* right = &node.operands[1];
    const FilterRelation* relation = node.relation;
    const auto swap = [&] {
      std::swap(left, right);
      relation = &mirrored(*relation);
    };
    if (left->is_literal()) {
      if (right->is_literal())
        return source_.error(node.offset, node.length, "no field is compared here", "celsius > 20",
                             ErrorCode::filter);
      swap();
    }
    Result<Place> field = resolve(*left);
    if (!field && right->sort == Sort::path) {  // heating == state
      Result<Place> other = resolve(*right);
      if (other && symbol_named(*other, *left) != nullptr) {
        swap();
        field = std::move(other);
      }
    }
    if (!field) return field.error();
    DTS_TRY(comparable(*field, *left));
    code.holds = relation->holds;
    if (right->sort == Sort::path && field->cls != Class::symbol)
      return compile_fields(std::move(*field), *left, *right, *relation, code);
    if (right->sort == Sort::path && symbol_named(*field, *right) == nullptr &&
        FieldPath::make(layout_, right->text))
      return compile_fields(std::move(*field), *left, *right, *relation, code);
    DTS_TRY(orderable(*field, *left, *relation));
    DTS_TRY(constant(*field, *right, code));
    if (code.op != Code::Op::now)
      code.op = is_textual(field->cls) ? Code::Op::text : Code::Op::number;
    code.field = std::move(field->path);
    return {};
  }

  static bool is_textual(Class cls) { return cls == Class::text || cls == Class::bytes; }

  Result<void> comparable(const Place& place, const FilterOperand& at) const {
    if (place.cls != Class::composite) return {};
    const Kind kind = place.path.layout().kind;
    std::string hint = "compare a part of it";
    if (kind == Kind::list || kind == Kind::array) hint += ", such as " + place.text + ".0";
    if (kind == Kind::structure || kind == Kind::union_) {
      const auto& fields = place.path.layout().type.root().fields;
      if (!fields.empty()) hint += ", such as " + place.text + "." + fields[0].name;
    }
    return error(at, place.shown() + " cannot be compared",
                 kind == Kind::any ? std::string() : std::move(hint));
  }

  // What has no order knows == and != only.
  Result<void> orderable(const Place& place, const FilterOperand& at,
                         const FilterRelation& relation) const {
    if (relation.text == "==" || relation.text == "!=") return {};
    if (place.cls != Class::truth && place.cls != Class::symbol) return {};
    return error(at,
                 place.shown() + " has no order: " + std::string(relation.text) + " does not fit",
                 "== and != do");
  }

  Result<void> compile_fields(Place left, const FilterOperand& left_at, const FilterOperand& at,
                              const FilterRelation& relation, Code& code) {
    Result<Place> found = resolve(at);
    if (!found && left.cls == Class::text)
      return error(at, found.error().what(), "a text is written in quotes: \"" + at.text + "\"");
    if (!found) return found.error();
    Place right = std::move(*found);
    DTS_TRY(comparable(right, at));
    DTS_TRY(orderable(left, left_at, relation));
    const auto differ = [&] {
      return error(at, right.shown() + " is not comparable with " + left.shown());
    };
    if (left.cls != right.cls) return differ();
    if (left.cls == Class::symbol && left.path.layout().type.id() != right.path.layout().type.id())
      return differ();
    if (left.cls == Class::number) {
      const Kind a = left.path.layout().kind, b = right.path.layout().kind;
      const auto fits = [](Kind kind) { return kind == Kind::decimal || kind < Kind::u64; };
      if ((a == Kind::decimal && !fits(b)) || (b == Kind::decimal && !fits(a))) return differ();
      DTS_TRY(scale_field(left, right, at, code));
    }
    code.op = is_textual(left.cls) ? Code::Op::text : Code::Op::number;
    code.field = std::move(left.path);
    code.right = std::move(right.path);
    return {};
  }

  Result<void> scale_field(const Place& left, const Place& right, const FilterOperand& at,
                           Code& code) {
    const auto unit = [](const Place& place) {
      return place.path.field() == nullptr ? std::string() : place.path.field()->unit;
    };
    const std::string theirs = unit(right);
    if (theirs == unit(left)) return {};
    const Result<FilterScale> scale = filter_scale(theirs, left.path.field(), false);
    if (theirs.empty() || !scale)
      return error(at, right.shown() + " and " + left.shown() + " have different units",
                   theirs.empty() ? "" : scale.error().what());
    if (left.path.layout().kind == Kind::decimal || right.path.layout().kind == Kind::decimal)
      return error(at, "the unit of a decimal field is not converted");
    code.scaled = scale->converts();
    code.scale = static_cast<double>(scale->scale);
    code.offset = static_cast<double>(scale->offset);
    return {};
  }

  Result<void> compile_like(const FilterNode& node, Code& code) {
    DTS_ASSIGN(Place place, resolve(node.operands[0]));
    if (place.cls != Class::text)
      return error(node.operands[0], place.shown() + " is no text: ~ does not fit");
    code.op = Code::Op::like;
    code.texts.push_back(node.operands[1].text);
    code.field = std::move(place.path);
    return {};
  }

  Result<void> compile_in(const FilterNode& node, Code& code) {
    DTS_ASSIGN(Place place, resolve(node.operands[0]));
    DTS_TRY(comparable(place, node.operands[0]));
    for (std::size_t i = 1; i < node.operands.size(); ++i) {
      const FilterOperand& each = node.operands[i];
      if (each.sort == Sort::now) return error(each, "now cannot stand in a list", "at > now - 5m");
      DTS_TRY(constant(place, each, code));
    }
    code.op = is_textual(place.cls) ? Code::Op::text_in : Code::Op::number_in;
    code.field = std::move(place.path);
    return {};
  }

  // ---- literals as values of the field ----

  Result<void> constant(const Place& place, const FilterOperand& operand, Code& code) {
    switch (place.cls) {
      case Class::number: {
        if (operand.sort != Sort::number) break;
        DTS_ASSIGN(const FilterNumber number, number_for(place, operand));
        code.numbers.push_back(number);
        return {};
      }
      case Class::truth:
        if (operand.sort != Sort::truth) break;
        code.numbers.push_back(FilterNumber::of(std::uint64_t{operand.text == "true"}));
        return {};
      case Class::text:
        if (operand.sort != Sort::text) break;
        code.texts.push_back(operand.text);
        return {};
      case Class::bytes:
        if (operand.sort != Sort::bytes) break;
        code.texts.emplace_back(
            as_text(base::from_hex(std::string_view(operand.text).substr(2)).value_or(Bytes())));
        return {};
      case Class::time:
        return time_for(place, operand, code);
      case Class::duration: {
        if (operand.sort != Sort::number && operand.sort != Sort::text) break;
        const Result<Duration> duration = duration_from_text(operand.text + operand.unit);
        if (!duration) return error(operand, duration.error().what(), duration.error().hint());
        code.numbers.push_back(FilterNumber::of(std::int64_t{duration->count()}));
        return {};
      }
      case Class::symbol:
        return symbol_for(place, operand, code);
      case Class::composite:
        break;
    }
    return mismatch(place, operand);
  }

  Error mismatch(const Place& place, const FilterOperand& operand) const {
    return error(operand, place.shown() + " is compared with " + std::string(wanted_by(place.cls)));
  }

  Result<void> time_for(const Place& place, const FilterOperand& operand, Code& code) {
    if (operand.sort == Sort::now) {
      Duration offset{};
      if (!operand.text.empty()) {
        DTS_ASSIGN(offset, duration_from_text(std::string_view(operand.text).substr(1)));
        if (operand.text[0] == '-') offset = -offset;
      }
      code.op = Code::Op::now;
      code.numbers.push_back(FilterNumber::of(std::int64_t{offset.count()}));
      program_.uses_now = true;
      return {};
    }
    if (operand.sort != Sort::time && operand.sort != Sort::text) return mismatch(place, operand);
    const Result<Time> time = from_rfc3339(operand.text);
    if (!time) return error(operand, time.error().what(), "2026-11-22T10:00:00Z, or now - 5m");
    code.numbers.push_back(FilterNumber::of(std::int64_t{time->time_since_epoch().count()}));
    return {};
  }

  Result<void> symbol_for(const Place& place, const FilterOperand& operand, Code& code) {
    if (const Symbol* symbol = symbol_named(place, operand)) {
      code.numbers.push_back(FilterNumber::of(std::int64_t{symbol->value}));
      return {};
    }
    const TypeNode& node = place.path.layout().type.root();
    if (operand.sort == Sort::number && operand.unit.empty()) {
      std::int32_t value = 0;
      const char* const end = operand.text.data() + operand.text.size();
      const auto read = std::from_chars(operand.text.data(), end, value);
      if (read.ec == std::errc() && read.ptr == end) {
        code.numbers.push_back(FilterNumber::of(std::int64_t{value}));
        return {};
      }
    }
    std::vector<std::string> names;
    for (const Symbol& symbol : node.symbols) names.push_back(symbol.name);
    return error(operand, node.name + " has no symbol \"" + base::printable(operand.text) + "\"",
                 base::suggestion(operand.text, names, "it has"));
  }

  // In the field's unit and kind. A number without fraction stays whole, however large it is; one
  // for an f32 is rounded as the field is.
  Result<FilterNumber> number_for(const Place& place, const FilterOperand& operand) const {
    const Result<FilterScale> scale = filter_scale(operand.unit, place.path.field(), false);
    if (!scale)
      return error(operand, place.shown() + ": " + scale.error().what(), scale.error().hint());
    const Kind kind = place.path.layout().kind;
    const std::string& text = operand.text;
    const char* const end = text.data() + text.size();
    if (!scale->converts() && kind == Kind::decimal) {
      const Result<Decimal> decimal = decimal_from_text(text);
      if (!decimal) return error(operand, decimal.error().what(), decimal.error().hint());
      return FilterNumber::of(*decimal);
    }
    if (!scale->converts() && kind <= Kind::u64) {
      std::int64_t whole = 0;
      std::uint64_t natural = 0;
      if (const auto read = std::from_chars(text.data(), end, whole);
          read.ec == std::errc() && read.ptr == end)
        return FilterNumber::of(whole);
      if (const auto read = std::from_chars(text.data(), end, natural);
          read.ec == std::errc() && read.ptr == end)
        return FilterNumber::of(natural);
    }
    // With more digits than the field has, so that 291.15K is 18 Cel.
    long double exact = 0;
    const auto read = std::from_chars(text.data(), end, exact);
    if (read.ec != std::errc() || read.ptr != end || std::abs(exact) > DBL_MAX)
      return error(operand, "this number is out of range");
    double real = static_cast<double>(exact * scale->scale + scale->offset);
    if (kind == Kind::f32) real = static_cast<double>(static_cast<float>(real));
    if (kind != Kind::decimal) return FilterNumber::of(real);
    char buffer[64];
    const auto written = std::to_chars(buffer, buffer + sizeof buffer, real);
    const Result<Decimal> decimal =
        decimal_from_text(std::string_view(buffer, static_cast<std::size_t>(written.ptr - buffer)));
    if (!decimal) return error(operand, "this number does not fit a decimal");
    return FilterNumber::of(*decimal);
  }

  const Layout& layout_;
  const SourceText& source_;
  Filter::Program& program_;
};

}  // namespace

Result<Filter> Filter::compile(std::string_view expression, const Layout& layout,
                               std::string_view where) {
  DTS_ASSIGN(const FilterTree tree, parse_filter(expression, where));
  auto program = std::make_shared<Program>();
  DTS_ASSIGN(program->root, Compiler(layout, tree, *program).compile(tree.root));
  program->printed = print_filter(tree.root);
  return Filter(std::move(program));
}

}  // namespace dts
