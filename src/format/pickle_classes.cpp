// The machine: opcodes that name a class. In Python they import it and run its code; here a class
// is two texts, and what is allowed is read by rules written down here, or refused.
#include <algorithm>

#include <base/text.hpp>
#include <format/pickle_machine.hpp>

namespace dts::format::pickle {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000, day_ns = 86'400 * second_ns;

bool is_builtins(std::string_view module) {
  return module == "builtins" || module == "__builtin__";
}

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; false when it is no date.
bool to_days(std::int64_t year, unsigned month, unsigned in_month, std::int64_t& days) {
  static constexpr unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (year < 1 || month < 1 || month > 12 || in_month < 1 ||
      in_month > lengths[month - 1] + (leap && month == 2 ? 1 : 0)) {
    return false;
  }
  // Counted in years that begin in March, so that the leap day is the last one.
  const std::int64_t from_march = month > 2 ? year : year - 1;
  const std::int64_t era = from_march / 400, of_era = from_march % 400;
  const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + in_month - 1;
  days = era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
  return true;
}

// count * unit + nanoseconds, unless that does not fit.
bool add_product(std::int64_t count, std::int64_t unit, std::int64_t& nanoseconds) {
  std::int64_t product;
  return !__builtin_mul_overflow(count, unit, &product) &&
         !__builtin_add_overflow(nanoseconds, product, &nanoseconds);
}

bool to_signed(const Node& node, std::int64_t& value) {
  if (node.kind != NodeKind::integer || node.bits > static_cast<std::uint64_t>(INT64_MAX))
    return false;
  value =
      node.flag ? -1 - static_cast<std::int64_t>(node.bits) : static_cast<std::int64_t>(node.bits);
  return true;
}

}  // namespace

// ---- names
// ---------------------------------------------------------------------------------------

// c | module \n | name \n
bool Machine::global() {
  Index parts[2];
  for (Index& part : parts) {
    std::string_view text;
    Node made;
    if (!line(text) || !text_node(as_bytes(text), false, made) || !add_node(made, part))
      return false;
  }
  return push_label(parts[0], parts[1]);
}

bool Machine::stack_global() {
  if (!needs(2)) return false;
  if (top(1).kind != NodeKind::text || top(0).kind != NodeKind::text)
    return refuse("names a class by something that is no text");
  const Index name = stack_.back(), module = stack_[stack_.size() - 2];
  stack_.shrink(stack_.size() - 2);
  return push_label(module, name);
}

bool Machine::push_label(Index module, Index name) {
  if (tree_[module].size == 0 || tree_[name].size == 0)
    return refuse("names a class without a name");
  Node label = node(NodeKind::label);
  label.links = {module, name};
  ++idle_labels_;
  return push(label);
}

// ---- objects
// -------------------------------------------------------------------------------------

// label () -> an object without fields. With arguments it would be up to the class what they mean.
bool Machine::new_object() {
  if (!needs(2)) return false;
  const Node& label = top(1);
  const Node& arguments = top(0);
  if (label.kind != NodeKind::label)
    return refuse("of " + tree_.describe(stack_[stack_.size() - 2]) + " is refused",
                  "it is no class");
  const Index index = stack_[stack_.size() - 2];
  const std::string_view module = tree_[label.links.first].text();
  if (arguments.kind != NodeKind::tuple || arguments.size != 0) {
    return refuse_call("only the class knows what its arguments mean",
                       "for a named tuple, value._asdict() or tuple(value)");
  }
  if (is_builtins(module)) return refuse_call("an object of a built-in class is no plain data");
  stack_.shrink(stack_.size() - 2);
  Node made = node(NodeKind::object);
  made.links = {index, no_node};
  return push(made);
}

// object state -> object. state: {field: value}, or (None, {field: value}) for a class with slots.
bool Machine::build() {
  if (!needs(2)) return false;
  Index state = stack_.back();
  Node& object = top(1);
  if (object.kind != NodeKind::object) {
    return refuse("of " + tree_.describe(stack_[stack_.size() - 2]) + " is refused",
                  "only an object without fields may be given some");
  }
  if (object.flag) return refuse("gives fields to an object that has them");
  if (tree_[state].kind == NodeKind::tuple && tree_[state].size == 2) {
    std::size_t cell = tree_[state].links.first;
    const Index first = tree_.item(cell), second = tree_.item(cell);
    if (tree_[first].kind == NodeKind::none) state = second;
  }
  if (tree_[state].kind != NodeKind::dict || tree_[state].size == 0) {
    return refuse("of " + tree_.label_name(object.links.first) + " with " + tree_.describe(state) +
                      " is refused",
                  "only the class knows what that means",
                  "dataclasses.asdict(value), or a dataclass that is not both frozen and slots");
  }
  stack_.shrink(stack_.size() - 1);
  Node& label = tree_.nodes[object.links.first];
  idle_labels_ -= !label.flag;
  label.flag = true;
  object.flag = true;
  if (tree_[label.links.first].text() == "uuid" && tree_[label.links.last].text() == "UUID")
    return build_uuid(object, tree_[state]);
  object.links.last = state;
  return true;
}

// {"int": a number of 128 bits}, and perhaps "is_safe", which says how the number was made.
bool Machine::build_uuid(Node& object, const Node& state) {
  const Node* number = nullptr;
  std::size_t cell = state.links.first;
  for (std::uint64_t i = 0; i + 1 < state.size && i < 4; i += 2) {
    const Node& key = tree_[tree_.item(cell)];
    const Node& value = tree_[tree_.item(cell)];
    if (key.kind == NodeKind::text && key.text() == "int") number = &value;
  }
  if (state.size > 4 || number == nullptr || number->flag ||
      (number->kind != NodeKind::integer && (number->kind != NodeKind::big || number->size > 16))) {
    return refuse("of uuid.UUID is refused", "its state is not the number of one");
  }
  std::uint8_t* memory;
  if (!take(memory, 16)) return false;
  for (std::size_t i = 0; i < 16; ++i) {
    const std::uint8_t byte = number->kind == NodeKind::big
                                  ? (i < number->size ? number->data[i] : 0)
                              : i < 8 ? static_cast<std::uint8_t>(number->bits >> 8 * i)
                                      : 0;
    memory[15 - i] = byte;
  }
  object.kind = NodeKind::uuid;
  object.data = memory;
  object.size = 16;
  return true;
}

// ---- calls
// ---------------------------------------------------------------------------------------

Index Machine::argument(const Node& arguments, std::size_t index) const {
  std::size_t cell = arguments.links.first;
  Index item = no_node;
  for (std::size_t i = 0; i <= index && i < arguments.size; ++i) item = tree_.item(cell);
  return item;
}

// "REDUCE of os.system at byte 12 is refused": the top of the stack is the arguments.
bool Machine::refuse_call(std::string_view why, std::string_view hint) {
  const Index index = stack_[stack_.size() - 2];
  const std::string what =
      tree_[index].kind == NodeKind::label ? tree_.label_name(index) : tree_.describe(index);
  if (!hint.empty()) {
    // what to do is known better where it was found
  } else if (what == "copyreg._reconstructor" || what == "copy_reg._reconstructor" ||
             what == "builtins.getattr" || what == "__builtin__.getattr") {
    hint = "pickle.dumps(value, protocol=4)";
  } else if (what.find("numpy") == 0) {
    hint = "array.tolist()";
  } else if (tree_[index].kind == NodeKind::label) {
    hint = "plain values: dict, list, str, int, float, bytes, bool, None";
  }
  return failure_.set(ErrorCode::decode,
                      std::string(opcode_name(message_[at_])) + " of " + what + " at byte " +
                          std::to_string(at_) + " is refused",
                      std::string(why), std::string(hint));
}

bool Machine::refuse_arguments(std::string_view what) {
  return refuse_call("its arguments are not " + std::string(what));
}

bool Machine::reduce() {
  if (!needs(2)) return false;
  const Index callee = stack_[stack_.size() - 2];
  if (tree_[callee].kind != NodeKind::label || top(0).kind != NodeKind::tuple)
    return refuse_call("a pickle may not call");
  const Node arguments = top(0);
  const Node label = tree_[callee];
  const std::string_view module = tree_[label.links.first].text();
  const std::string_view name = tree_[label.links.last].text();
  const std::size_t height = stack_.size();
  bool known = true;
  if (!reduce_known(module, name, arguments, known)) return false;
  if (!known) {
    const std::string_view last = name.substr(name.rfind('.') + 1);
    const auto found = std::lower_bound(enumerations_.begin(), enumerations_.end(), last);
    if (is_builtins(module) || found == enumerations_.end() || *found != last)
      return refuse_call("a pickle may not call");
    if (!reduce_member(callee, arguments)) return false;
  }
  idle_labels_ -= !tree_.nodes[callee].flag;
  tree_.nodes[callee].flag = true;
  stack_[height - 2] = stack_.back();  // the result in the place of the class
  stack_.shrink(height - 1);
  return true;
}

// Each pushes its result.
bool Machine::reduce_known(std::string_view module, std::string_view name, const Node& arguments,
                           bool& known) {
  const std::uint64_t count = arguments.size;
  const Index first_index = argument(arguments, 0);
  const Node* first = count > 0 ? &tree_[first_index] : nullptr;
  const Node* second = count == 2 ? &tree_[argument(arguments, 1)] : nullptr;
  if (module == "_codecs" && name == "encode") {
    return count == 2 ? reduce_encode(*first, *second) : refuse_arguments("a text and \"latin1\"");
  }
  if (is_builtins(module)) {
    if (name == "bytes" || name == "bytearray") {
      if (count == 0) return push(node(NodeKind::bytes));
      if (name == "bytearray" && count == 2) return reduce_encode(*first, *second);
      if (name == "bytearray" && count == 1 && first->kind == NodeKind::bytes)
        return push_index(first_index);
      return refuse_arguments("bytes");
    }
    if (name == "set" || name == "frozenset") {
      if (count == 0) return push(node(NodeKind::list));
      if (count == 1 && first->kind == NodeKind::list) return push_index(first_index);
      return refuse_arguments("a list");
    }
  }
  if (module == "collections" && name == "OrderedDict")
    return count == 0 ? push(node(NodeKind::dict)) : refuse_arguments("none");
  if (module == "decimal" && name == "Decimal") {
    if (count != 1 || first->kind != NodeKind::text) return refuse_arguments("a text");
    Node made = node(NodeKind::decimal);
    made.data = first->data;
    made.size = first->size;
    return push(made);
  }
  if (module == "datetime") {
    if (name == "datetime" && (count == 1 || count == 2)) return reduce_date(*first, 10, second);
    if (name == "date" && count == 1) return reduce_date(*first, 4, nullptr);
    if (name == "timedelta" && count == 3) {
      return reduce_timedelta(first_index, argument(arguments, 1), argument(arguments, 2));
    }
    if (name == "timezone" && count >= 1 && count <= 2 && first->kind == NodeKind::duration) {
      Node made = *first;
      made.kind = NodeKind::zone;
      return push(made);
    }
  }
  known = false;
  return true;
}

bool Machine::reduce_member(Index label, const Node& arguments) {
  const Index value = argument(arguments, 0);
  if (arguments.size != 1 ||
      (tree_[value].kind != NodeKind::integer && tree_[value].kind != NodeKind::text)) {
    return refuse_arguments("one number or one name");
  }
  Node made = node(NodeKind::member);
  made.links = {label, value};
  return push(made);
}

// Bytes as protocols 0 to 2 write them: a text of the characters 0 to 255.
bool Machine::reduce_encode(const Node& text, const Node& encoding) {
  if (text.kind != NodeKind::text || encoding.kind != NodeKind::text ||
      (encoding.text() != "latin1" && encoding.text() != "latin-1")) {
    return refuse_arguments("a text and \"latin1\"");
  }
  const std::uint8_t* from = text.data;
  const std::uint8_t* const end = from + text.size;
  std::uint8_t* memory;
  if (!take(memory, text.size)) return false;
  std::uint8_t* to = memory;
  while (from < end) {  // it is valid UTF-8
    if (*from < 0x80) {
      *to++ = *from++;
    } else if (*from < 0xc4) {
      *to++ = static_cast<std::uint8_t>(from[0] << 6 | (from[1] & 63));
      from += 2;
    } else {
      return refuse_arguments("characters of Latin-1");
    }
  }
  Node made = node(NodeKind::bytes);
  made.data = memory;
  made.size = static_cast<std::uint64_t>(to - memory);
  return push(made);
}

//   year 2 | month 1 | day 1 | hour 1 | minute 1 | second 1 | microsecond 3     big-endian
//            the month's top bit says which of two equal times at the end of summer time is meant
bool Machine::reduce_date(const Node& state, std::size_t size, const Node* zone) {
  if (state.kind != NodeKind::bytes || state.size != size)
    return refuse_arguments("the " + std::to_string(size) + " bytes of one");
  if (zone != nullptr && zone->kind != NodeKind::zone) {
    return refuse("of datetime.datetime is refused", "its time zone is not a fixed offset",
                  "value.astimezone(datetime.timezone.utc)");
  }
  const std::uint8_t* b = state.data;
  std::int64_t days, nanoseconds = 0;
  bool fine = to_days(b[0] << 8 | b[1], b[2] & 0x7f, b[3], days);
  if (size == 10) {
    const std::int64_t microsecond = b[7] << 16 | b[8] << 8 | b[9];
    fine = fine && b[4] < 24 && b[5] < 60 && b[6] < 60 && microsecond < 1'000'000;
    nanoseconds = (b[4] * 3600 + b[5] * 60 + b[6]) * second_ns + microsecond * 1000;
  }
  if (!fine) return refuse_call("its bytes are no date");
  if (zone != nullptr) nanoseconds -= zone->nanoseconds;
  if (!add_product(days, day_ns, nanoseconds))
    return refuse_call("it is more than 292 years from 1970");
  Node made = node(NodeKind::time);
  made.nanoseconds = nanoseconds;
  return push(made);
}

bool Machine::reduce_timedelta(Index days, Index seconds, Index microseconds) {
  std::int64_t d, s, us;
  if (!to_signed(tree_[days], d) || !to_signed(tree_[seconds], s) ||
      !to_signed(tree_[microseconds], us)) {
    return refuse_arguments("three integers");
  }
  Node made = node(NodeKind::duration);
  std::int64_t nanoseconds = 0;
  if (!add_product(us, 1000, nanoseconds) || !add_product(s, second_ns, nanoseconds) ||
      !add_product(d, day_ns, nanoseconds)) {
    return refuse_call("it is longer than 292 years");
  }
  made.nanoseconds = nanoseconds;
  return push(made);
}

// ---- what is never allowed
// -----------------------------------------------------------------------

bool Machine::refuse_object(Opcode opcode) {
  const std::string_view name = opcode_name(static_cast<std::uint8_t>(opcode));
  if (name.empty()) return refuse("is no opcode", "the message is no pickle");
  std::string of;
  std::string_view why = "a pickle may not call";
  std::string_view module, attribute;
  switch (opcode) {
    case Opcode::INST:
      if (!line(module) || !line(attribute)) return false;
      of = base::printable(module.substr(0, 60)) + "." + base::printable(attribute.substr(0, 60));
      break;
    case Opcode::OBJ:
      if (marks_.size() > 0 && fence_ < stack_.size()) {
        const Index callee = stack_[fence_];
        of = tree_[callee].kind == NodeKind::label ? tree_.label_name(callee)
                                                   : tree_.describe(callee);
      }
      break;
    case Opcode::NEWOBJ_EX:
      if (stack_.size() >= fence_ + 3) {
        const Index callee = stack_[stack_.size() - 3];
        of = tree_[callee].kind == NodeKind::label ? tree_.label_name(callee)
                                                   : tree_.describe(callee);
      }
      break;
    case Opcode::EXT1:
    case Opcode::EXT2:
    case Opcode::EXT4:
      why = "what its number stands for is not in the message";
      break;
    case Opcode::PERSID:
    case Opcode::BINPERSID:
      why = "what it refers to is not in the message";
      break;
    default:  // NEXT_BUFFER, READONLY_BUFFER
      why = "the buffer is not in the message";
  }
  return failure_.set(ErrorCode::decode,
                      std::string(name) + (of.empty() ? "" : " of " + of) + " at byte " +
                          std::to_string(at_) + " is refused",
                      std::string(why));
}

}  // namespace dts::format::pickle
