// The machine that reads a pickle of protocol 0 to 5 into a Tree. It never imports and never calls:
// a class is two texts, and of the opcodes that make Python run code only those are obeyed that
// stand for data (docs/reference/formats/pickle.md has the list). All others refuse the message,
// with the opcode, where it is and what it names. Work and memory are linear in the message, also
// when it says the same thing many times. One thread.
#pragma once

#include <span>
#include <string>

#include <format/pickle_opcodes.hpp>
#include <format/pickle_tree.hpp>
#include <format/plan.hpp>

namespace dts::format::pickle {

class Machine {
 public:
  // `enumerations`: the names of the classes whose members may be there, without module, sorted.
  // `bytes_max`: of memory for the tree, and of values that it may stand for when everything that
  // is said once and meant often is counted as often.
  Machine(ByteView message, std::span<const std::string> enumerations, std::uint64_t bytes_max,
          Tree& tree, Failure& failure)
      : message_(message),
        enumerations_(enumerations),
        bytes_max_(bytes_max),
        tree_(tree),
        failure_(failure) {}

  bool run();
  // Opcodes obeyed, items moved and nodes visited: what the time is spent on.
  std::uint64_t work() const noexcept { return work_; }

 private:
  // pickle_machine.cpp: the opcodes
  bool obey(Opcode opcode);
  bool obey_container(Opcode opcode);
  bool obey_memo(Opcode opcode);
  bool protocol();
  bool frame();
  bool finish();
  bool check_labels();
  bool mark();
  bool pop();
  bool pop_mark();
  bool forget_marked();
  bool duplicate();
  bool little(std::size_t width, std::uint64_t& value);
  bool claimed(std::size_t width, ByteView& bytes, bool is_signed = false);
  bool binary_integer(std::size_t width);
  bool binary_long(std::size_t width);
  bool binary_real();
  bool binary_text(std::size_t width, bool of_python_2 = false);
  bool binary_bytes(std::size_t width);
  bool push_marked(NodeKind kind);
  bool push_tuple(std::size_t count);
  bool add_marked(NodeKind kind);
  bool add_one(NodeKind kind, std::size_t count);
  bool put(std::uint64_t index);
  bool get(std::uint64_t index);

  // pickle_text_opcodes.cpp: protocol 0 spells its arguments as lines
  bool line(std::string_view& text);
  bool line_index(std::uint64_t& index);
  bool line_integer(bool is_long);
  bool line_real();
  bool line_string();
  bool line_unicode();

  // pickle_classes.cpp: what names a class
  bool global();
  bool stack_global();
  bool push_label(Index module, Index name);
  bool new_object();
  bool build();
  bool build_uuid(Node& object, const Node& state);
  bool reduce();
  bool reduce_known(std::string_view module, std::string_view name, const Node& arguments,
                    bool& known);
  bool reduce_member(Index label, const Node& arguments);
  bool reduce_encode(const Node& text, const Node& encoding);
  bool reduce_date(const Node& state, std::size_t size, const Node* zone);
  bool reduce_timedelta(Index days, Index seconds, Index microseconds);
  bool refuse_call(std::string_view why, std::string_view hint = {});
  bool refuse_arguments(std::string_view what);
  bool refuse_object(Opcode opcode);
  Index argument(const Node& arguments, std::size_t index) const;

  // pickle_sharing.cpp: what is meant more than once
  bool check_sharing();

  // What they share. All of these return false after a refusal.
  bool refuse(std::string_view what, std::string_view why = {}, std::string_view hint = {});
  std::string here() const;  // "REDUCE at byte 12"
  bool needs(std::size_t count) { return stack_.size() >= fence_ + count || refuse_needs(count); }
  bool refuse_needs(std::size_t count);
  bool add_node(const Node& node, Index& index) {
    if (!room(tree_.nodes)) return false;
    index = static_cast<Index>(tree_.nodes.size());
    tree_.nodes.push(node);
    return true;
  }
  bool push_index(Index index) {
    if (!room(stack_)) return false;
    stack_.push(index);
    return true;
  }
  bool push(const Node& node) {
    Index index;
    return add_node(node, index) && push_index(index);
  }
  bool append(Node& container, const Index* items, std::size_t count);
  bool take(std::uint8_t*& memory, std::size_t bytes);  // for unescaped text
  bool text_node(ByteView bytes, bool of_python_2, Node& node);
  Node node(NodeKind kind, bool flag = false) const {
    Node made{};
    made.kind = kind;
    made.flag = flag;
    made.at = static_cast<std::uint32_t>(at_);
    return made;
  }
  Node& top(std::size_t below = 0) { return tree_.nodes[stack_[stack_.size() - 1 - below]]; }
  template <class T, std::size_t n>
  bool room(Row<T, n>& row, std::size_t count = 1) {
    return row.size() + count <= row.capacity() || grow(row, count);
  }
  template <class T, std::size_t n>
  [[gnu::noinline]] bool grow(Row<T, n>& row, std::size_t count);

  const ByteView message_;
  const std::span<const std::string> enumerations_;
  const std::uint64_t bytes_max_;
  Tree& tree_;
  Failure& failure_;
  std::size_t at_ = 0;        // the opcode that is obeyed
  std::size_t position_ = 0;  // behind what was read
  std::size_t fence_ = 0;     // the stack below belongs to an older mark
  Row<Index, 64> stack_;
  Row<std::uint32_t, 24> marks_;
  Row<Index, 96> memo_;
  std::size_t memo_count_ = 0;
  std::uint64_t bytes_ = 0;        // of memory taken
  std::uint32_t idle_labels_ = 0;  // labels that nothing was made of yet
  bool shared_ = false;            // something that holds nodes may be in two places
  std::uint64_t work_ = 0;
};

template <class T, std::size_t n>
bool Machine::grow(Row<T, n>& row, std::size_t count) {
  const std::size_t capacity = std::max(row.size() + count, row.capacity() * 2);
  bytes_ += (capacity - row.capacity()) * sizeof(T);
  if (bytes_ > bytes_max_ || capacity > (std::size_t{1} << 30) || !row.grow(capacity)) {
    return failure_.set(ErrorCode::limit_reached,
                        here() + " makes the pickle take more memory than is allowed",
                        std::to_string(bytes_max_) + " bytes are");
  }
  return true;
}

}  // namespace dts::format::pickle
