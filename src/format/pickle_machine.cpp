// The machine: the opcodes that make plain data.
#include <format/pickle_machine.hpp>

#include <bit>

#include <base/endian.hpp>
#include <base/text.hpp>

namespace dts::format::pickle {

namespace {

constexpr std::uint8_t protocol_max = 5;

}  // namespace

bool Machine::refuse(std::string_view what, std::string_view why, std::string_view hint) {
  return failure_.set(ErrorCode::decode, here() + " " + std::string(what), std::string(why),
                      std::string(hint));
}

std::string Machine::here() const {
  const std::string_view name = opcode_name(message_[at_]);
  return (name.empty() ? "the byte " + std::to_string(message_[at_]) : std::string(name)) +
         " at byte " + std::to_string(at_);
}

bool Machine::refuse_needs(std::size_t count) {
  return refuse("finds too little on the stack", "it needs " + std::to_string(count) + " values" +
                                                     (fence_ > 0 ? " above the mark" : ""));
}

// Puts items at the end of a list, tuple, set or dict.
bool Machine::append(Node& container, const Index* items, std::size_t count) {
  work_ += count;
  if (count == 0) return true;
  auto& cells = tree_.cells;
  if (!room(cells, count + 1)) return false;
  if (container.size == 0) {
    container.links.first = static_cast<std::uint32_t>(cells.size());
  } else if (container.links.last + 1 == cells.size()) {
    cells.shrink(cells.size() - 1);  // nothing was put behind: go on there
  } else {
    cells[container.links.last] = Tree::link | static_cast<std::uint32_t>(cells.size());
  }
  std::memcpy(cells.end(), items, count * sizeof(Index));
  cells.shrink(cells.size() + count);
  container.links.last = static_cast<std::uint32_t>(cells.size());
  container.size += count;
  cells.push(Tree::end);
  return true;
}

bool Machine::take(std::uint8_t*& memory, std::size_t bytes) {
  bytes_ += bytes + 32;
  work_ += bytes;
  if (bytes_ > bytes_max_) {
    return failure_.set(ErrorCode::limit_reached,
                        here() + " makes the pickle take more memory than is allowed",
                        std::to_string(bytes_max_) + " bytes are");
  }
  memory = tree_.unescaped.emplace_back(new std::uint8_t[bytes + 1]).get();
  return true;
}

// ---- arguments
// -----------------------------------------------------------------------------------

bool Machine::little(std::size_t width, std::uint64_t& value) {
  if (message_.size() - position_ < width) return refuse("is cut off");
  const std::uint8_t* from = message_.data() + position_;
  switch (width) {
    case 1:
      value = *from;
      break;
    case 2:
      value = base::load<std::uint16_t>(from);
      break;
    case 4:
      value = base::load<std::uint32_t>(from);
      break;
    default:
      value = base::load<std::uint64_t>(from);
  }
  position_ += width;
  return true;
}

// A length of `width` bytes and as many bytes.
bool Machine::claimed(std::size_t width, ByteView& bytes, bool is_signed) {
  std::uint64_t size;
  if (!little(width, size)) return false;
  if (is_signed && size >= std::uint64_t{1} << 31)
    return refuse("claims a negative length, " + std::to_string(static_cast<std::int32_t>(size)));
  const std::size_t left = message_.size() - position_;
  if (size > left) {
    return refuse("claims " + std::to_string(size) + " bytes where " + std::to_string(left) +
                  " are left");
  }
  bytes = message_.subspan(position_, size);
  position_ += size;
  return true;
}

bool Machine::binary_integer(std::size_t width) {
  std::uint64_t value;
  if (!little(width, value)) return false;
  Node made = node(NodeKind::integer);
  made.bits = value;
  if (width == 4 && (value & 0x80000000) != 0) {  // only BININT has a sign
    made.flag = true;
    made.bits = ~static_cast<std::uint32_t>(value) & 0xffffffff;
  }
  return push(made);
}

// Two's complement, little-endian, any length.
bool Machine::binary_long(std::size_t width) {
  ByteView bytes;
  if (!claimed(width, bytes, width == 4)) return false;
  Node made = node(NodeKind::integer);
  made.flag = !bytes.empty() && (bytes.back() & 0x80) != 0;
  const std::uint8_t filler = made.flag ? 0xff : 0;
  std::size_t size = bytes.size();
  while (size > 0 && bytes[size - 1] == filler) --size;
  work_ += bytes.size() - size;
  made.bits = 0;
  if (size > 8) {
    made.kind = NodeKind::big;
    made.data = bytes.data();
    made.size = size;
    return push(made);
  }
  for (std::size_t i = 0; i < size; ++i)
    made.bits |= std::uint64_t{static_cast<std::uint8_t>(bytes[i] ^ filler)} << 8 * i;
  return push(made);
}

bool Machine::binary_real() {
  if (message_.size() - position_ < 8) return refuse("is cut off");
  const auto bits = base::load_big<std::uint64_t>(message_.data() + position_);
  position_ += 8;
  Node made = node(NodeKind::real);
  made.real = std::bit_cast<double>(bits);
  return push(made);
}

namespace {

// Most text is short and ASCII.
bool is_short_ascii(ByteView bytes) {
  const std::size_t size = bytes.size();
  if (size > 16 || size < 4) {
    std::uint8_t all = 0;
    for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(size, 3))) all |= byte;
    return size < 4 && all < 0x80;
  }
  // Two halves that may overlap.
  if (size < 8) {
    const auto all = base::load<std::uint32_t>(bytes.data()) |
                     base::load<std::uint32_t>(bytes.data() + size - 4);
    return (all & 0x80808080) == 0;
  }
  const auto all =
      base::load<std::uint64_t>(bytes.data()) | base::load<std::uint64_t>(bytes.data() + size - 8);
  return (all & 0x8080808080808080) == 0;
}

}  // namespace

bool Machine::text_node(ByteView bytes, bool of_python_2, Node& made) {
  made = node(NodeKind::text, of_python_2);
  made.data = bytes.data();
  made.size = bytes.size();
  work_ += bytes.size() / 64;
  if (is_short_ascii(bytes) || base::is_utf8(as_text(bytes))) return true;
  if (!of_python_2) return refuse("holds text that is not valid UTF-8");
  made.kind = NodeKind::bytes;
  return true;
}

bool Machine::binary_text(std::size_t width, bool of_python_2) {
  ByteView bytes;
  Node made;
  return claimed(width, bytes, of_python_2 && width == 4) && text_node(bytes, of_python_2, made) &&
         push(made);
}

bool Machine::binary_bytes(std::size_t width) {
  ByteView bytes;
  if (!claimed(width, bytes)) return false;
  Node made = node(NodeKind::bytes);
  made.data = bytes.data();
  made.size = bytes.size();
  return push(made);
}

// ---- the stack
// -----------------------------------------------------------------------------------

bool Machine::mark() {
  if (!room(marks_)) return false;
  marks_.push(static_cast<std::uint32_t>(stack_.size()));
  fence_ = stack_.size();
  return true;
}

// The values above the mark start at the old fence_, which this returns to the mark before.
bool Machine::pop_mark() {
  if (marks_.size() == 0) return refuse("finds no mark on the stack");
  marks_.shrink(marks_.size() - 1);
  fence_ = marks_.size() == 0 ? 0 : marks_.back();
  return true;
}

bool Machine::pop() {
  if (stack_.size() > fence_) {
    stack_.shrink(stack_.size() - 1);
    return true;
  }
  return marks_.size() > 0 ? pop_mark() : needs(1);
}

bool Machine::forget_marked() {
  const std::size_t begin = fence_;
  if (!pop_mark()) return false;
  stack_.shrink(begin);
  return true;
}

bool Machine::duplicate() {
  if (!needs(1)) return false;
  shared_ |= top().holds_nodes();
  return push_index(stack_.back());
}

bool Machine::push_marked(NodeKind kind) {
  const std::size_t begin = fence_;
  if (!pop_mark()) return false;
  const std::size_t count = stack_.size() - begin;
  if (kind == NodeKind::dict && count % 2 != 0) return refuse("finds a key without a value");
  Node made = node(kind);
  if (!append(made, &stack_[begin], count)) return false;
  stack_.shrink(begin);
  return push(made);
}

bool Machine::push_tuple(std::size_t count) {
  Node made = node(NodeKind::tuple);
  if (!needs(count) || !append(made, stack_.end() - count, count)) return false;
  stack_.shrink(stack_.size() - count);
  return push(made);
}

// APPENDS, SETITEMS, ADDITEMS: into what lies below the mark.
bool Machine::add_marked(NodeKind kind) {
  const std::size_t begin = fence_;
  if (!pop_mark()) return false;
  if (begin <= fence_) return refuse("finds nothing below the mark");
  Node& container = tree_.nodes[stack_[begin - 1]];
  const std::size_t count = stack_.size() - begin;
  if (container.kind != kind) return refuse("adds to " + tree_.describe(stack_[begin - 1]));
  if (kind == NodeKind::dict && count % 2 != 0) return refuse("finds a key without a value");
  if (!append(container, &stack_[begin], count)) return false;
  stack_.shrink(begin);
  return true;
}

// APPEND, SETITEM.
bool Machine::add_one(NodeKind kind, std::size_t count) {
  if (!needs(count + 1)) return false;
  if (top(count).kind != kind)
    return refuse("adds to " + tree_.describe(stack_[stack_.size() - 1 - count]));
  if (!append(top(count), stack_.end() - count, count)) return false;
  stack_.shrink(stack_.size() - count);
  return true;
}

bool Machine::put(std::uint64_t index) {
  if (!needs(1)) return false;
  // Python numbers what it remembers, and remembers less than one thing per byte.
  if (index > message_.size()) {
    return refuse("remembers a value as number " + std::to_string(index),
                  "the pickle has " + std::to_string(message_.size()) + " bytes");
  }
  if (index >= memo_.size()) {
    if (index >= memo_.capacity() && !grow(memo_, index + 1 - memo_.size())) return false;
    work_ += index - memo_.size();
    while (memo_.size() <= index) memo_.push(no_node);
  }
  memo_count_ += memo_[index] == no_node;
  memo_[index] = stack_.back();
  return true;
}

bool Machine::get(std::uint64_t index) {
  if (index >= memo_.size() || memo_[index] == no_node) {
    return refuse("asks for number " + std::to_string(index), "nothing was remembered as that");
  }
  shared_ |= tree_[memo_[index]].holds_nodes();
  return push_index(memo_[index]);
}

// ---- the whole
// -----------------------------------------------------------------------------------

bool Machine::protocol() {
  std::uint64_t version;
  if (!little(1, version)) return false;
  if (at_ != 0) return refuse("is not the first byte");
  return version <= protocol_max || refuse("says protocol " + std::to_string(version),
                                           "0 to 5 are read", "pickle.dumps(value, protocol=4)");
}

// 95 | size 8 | so many bytes of opcodes: only a hint for readers of files.
bool Machine::frame() {
  std::uint64_t size;
  if (!little(8, size)) return false;
  const std::size_t left = message_.size() - position_;
  return size <= left || refuse("claims " + std::to_string(size) + " bytes where " +
                                std::to_string(left) + " are left");
}

bool Machine::check_labels() {
  if (idle_labels_ == 0) return true;
  for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
    const Node& label = tree_.nodes[i];
    if (label.kind != NodeKind::label || label.flag) continue;
    at_ = label.at;
    return failure_.set(ErrorCode::decode,
                        std::string(opcode_name(message_[at_])) + " of " +
                            tree_.label_name(static_cast<Index>(i)) + " at byte " +
                            std::to_string(at_) + " is refused",
                        "a name of Python's is no data");
  }
  return true;
}

bool Machine::finish() {
  if (marks_.size() > 0) return refuse("leaves a mark on the stack");
  if (stack_.size() != 1) {
    return refuse("finds " + std::to_string(stack_.size()) + " values on the stack",
                  "there must be one");
  }
  if (position_ != message_.size()) {
    return refuse("is followed by " + std::to_string(message_.size() - position_) + " more bytes",
                  "a message is one pickle");
  }
  tree_.root = stack_[0];
  return check_labels() && (!shared_ || check_sharing());
}

bool Machine::run() {
  if (message_.empty())
    return failure_.set(ErrorCode::decode, "the pickle is empty", "even None has two bytes");
  if (message_.size() > UINT32_MAX)
    return failure_.set(ErrorCode::limit_reached, "the pickle is larger than 4 GiB");
  while (position_ < message_.size()) {
    at_ = position_++;
    ++work_;
    const auto opcode = static_cast<Opcode>(message_[at_]);
    if (opcode == Opcode::STOP) return finish();
    if (!obey(opcode)) return false;
  }
  return failure_.set(ErrorCode::decode,
                      "the pickle ends at byte " + std::to_string(message_.size()),
                      "STOP is missing", "the message was cut off, or it is no pickle");
}

// Values that hold no others; what else there is, see below.
bool Machine::obey(Opcode opcode) {
  switch (opcode) {
    case Opcode::NONE:
      return push(node(NodeKind::none));
    case Opcode::NEWTRUE:
    case Opcode::NEWFALSE:
      return push(node(NodeKind::boolean, opcode == Opcode::NEWTRUE));
    case Opcode::INT:
      return line_integer(false);
    case Opcode::LONG:
      return line_integer(true);
    case Opcode::BININT:
      return binary_integer(4);
    case Opcode::BININT1:
      return binary_integer(1);
    case Opcode::BININT2:
      return binary_integer(2);
    case Opcode::LONG1:
      return binary_long(1);
    case Opcode::LONG4:
      return binary_long(4);
    case Opcode::FLOAT:
      return line_real();
    case Opcode::BINFLOAT:
      return binary_real();
    case Opcode::STRING:
      return line_string();
    case Opcode::UNICODE:
      return line_unicode();
    case Opcode::BINSTRING:
      return binary_text(4, true);
    case Opcode::SHORT_BINSTRING:
      return binary_text(1, true);
    case Opcode::SHORT_BINUNICODE:
      return binary_text(1);
    case Opcode::BINUNICODE:
      return binary_text(4);
    case Opcode::BINUNICODE8:
      return binary_text(8);
    case Opcode::SHORT_BINBYTES:
      return binary_bytes(1);
    case Opcode::BINBYTES:
      return binary_bytes(4);
    case Opcode::BINBYTES8:
    case Opcode::BYTEARRAY8:
      return binary_bytes(8);
    default:
      return obey_container(opcode);
  }
}

bool Machine::obey_container(Opcode opcode) {
  switch (opcode) {
    case Opcode::EMPTY_LIST:
      return push(node(NodeKind::list));
    case Opcode::EMPTY_TUPLE:
      return push(node(NodeKind::tuple));
    case Opcode::EMPTY_SET:
      return push(node(NodeKind::set));
    case Opcode::EMPTY_DICT:
      return push(node(NodeKind::dict));
    case Opcode::LIST:
    case Opcode::FROZENSET:
      return push_marked(NodeKind::list);
    case Opcode::TUPLE:
      return push_marked(NodeKind::tuple);
    case Opcode::DICT:
      return push_marked(NodeKind::dict);
    case Opcode::TUPLE1:
      return push_tuple(1);
    case Opcode::TUPLE2:
      return push_tuple(2);
    case Opcode::TUPLE3:
      return push_tuple(3);
    case Opcode::APPEND:
      return add_one(NodeKind::list, 1);
    case Opcode::SETITEM:
      return add_one(NodeKind::dict, 2);
    case Opcode::APPENDS:
      return add_marked(NodeKind::list);
    case Opcode::SETITEMS:
      return add_marked(NodeKind::dict);
    case Opcode::ADDITEMS:
      return add_marked(NodeKind::set);
    default:
      return obey_memo(opcode);
  }
}

// The stack and what is remembered; then what names a class.
bool Machine::obey_memo(Opcode opcode) {
  std::uint64_t index = 0;
  switch (opcode) {
    case Opcode::MEMOIZE:
      return put(memo_count_);
    case Opcode::PUT:
      return line_index(index) && put(index);
    case Opcode::BINPUT:
      return little(1, index) && put(index);
    case Opcode::LONG_BINPUT:
      return little(4, index) && put(index);
    case Opcode::GET:
      return line_index(index) && get(index);
    case Opcode::BINGET:
      return little(1, index) && get(index);
    case Opcode::LONG_BINGET:
      return little(4, index) && get(index);
    case Opcode::MARK:
      return mark();
    case Opcode::POP:
      return pop();
    case Opcode::POP_MARK:
      return forget_marked();
    case Opcode::DUP:
      return duplicate();
    case Opcode::PROTO:
      return protocol();
    case Opcode::FRAME:
      return frame();
    case Opcode::GLOBAL:
      return global();
    case Opcode::STACK_GLOBAL:
      return stack_global();
    case Opcode::NEWOBJ:
      return new_object();
    case Opcode::BUILD:
      return build();
    case Opcode::REDUCE:
      return reduce();
    default:
      return refuse_object(opcode);
  }
}

}  // namespace dts::format::pickle
