// Pickle reader: what the shared walk of named formats asks of a message (named.hpp), answered from
// the tree that the machine made of it. One thread; for one message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/value.hpp>
#include <format/named.hpp>
#include <format/pickle_tree.hpp>

namespace dts::format::pickle {

class Reader {
 public:
  using Container = named::Container;  // left: cells; end: the next cell
  using Integer = named::Integer;
  using Mark = Index;
  static constexpr bool any_is_message = false;

  Reader(ByteView message, Allowance& allowance, Failure& failure)
      : message_(message), allowance_(allowance), failure_(failure) {}

  // The enumerations of the publisher's type, without what is before the last dot: the classes in
  // Python whose members may be in a message.
  struct Prepared {
    explicit Prepared(const Type& type);
    std::vector<std::string> enumerations;
  };
  void prepare(const Prepared& prepared) { prepared_ = &prepared; }
  bool begin();
  bool finish() { return true; }  // the machine has seen to it
  std::string what_is_next() { return tree_.describe(next_); }

  bool null(bool& is_null) {
    is_null = next().kind == NodeKind::none;
    return true;
  }
  bool boolean(bool& value) {
    value = next().flag;
    return next().kind == NodeKind::boolean || not_a("a bool");
  }
  bool integer(Integer& value) {
    value = {next().bits, next().flag};
    return next().kind == NodeKind::integer || not_a("an int");
  }
  bool real(double& value, bool single);
  bool text(std::string_view& value);
  bool bytes(ByteView& value);
  bool time(std::int64_t& nanoseconds) {
    return moment(NodeKind::time, nanoseconds, "a datetime or an int of nanoseconds");
  }
  bool duration(std::int64_t& nanoseconds) {
    return moment(NodeKind::duration, nanoseconds, "a timedelta or an int of nanoseconds");
  }
  bool decimal(Decimal& value);
  bool symbol(bool& is_text, std::string_view& symbol, Integer& value);
  bool numbers(Kind, bool& is_block, ByteView&) {
    is_block = false;
    return true;
  }

  bool begin_list(Container& list);
  bool next_item(Container& list, bool& more) {
    more = list.left > 0;
    if (more) advance(list);
    return true;
  }
  bool end_list(Container&) { return true; }
  bool items(Container& list, Kind element, void* first, std::size_t count, std::size_t& read);

  bool begin_map(Container& map);
  bool next_entry(Container& map, bool& more) { return next_item(map, more); }
  bool middle_of_entry(Container& map) {
    advance(map);
    return true;
  }
  bool end_entry(Container&) { return true; }
  bool end_map(Container&) { return true; }

  bool begin_struct(Container& structure);
  bool next_member(Container& structure, bool& more, std::string_view& name) {
    more = structure.left > 0;
    return !more || member_name(structure, name);
  }
  bool end_member(Container&) { return true; }
  bool end_struct(Container&) { return true; }
  bool begin_case(Container& held, bool& none, std::string_view& name);
  bool end_case(Container&) { return true; }

  bool skip();
  Mark mark() const { return next_; }
  void go_to(Mark mark) { next_ = mark; }

 private:
  const Node& next() const { return tree_[next_]; }
  void advance(Container& container) {
    next_ = tree_.item(container.end);
    --container.left;
  }
  void open(Container& container, const Node& node) {
    container.left = node.size;
    container.end = node.links.first;
  }
  bool not_a(std::string_view expected) {
    return named::not_expected(failure_, what_is_next(), expected);
  }
  bool moment(NodeKind kind, std::int64_t& nanoseconds, std::string_view expected);
  bool member_name(Container& structure, std::string_view& name);
  template <class T>
  std::size_t copy_integers(Container& list, void* first, std::size_t count);
  template <class T>
  std::size_t copy_reals(Container& list, void* first, std::size_t count);

  const ByteView message_;
  Allowance& allowance_;
  Failure& failure_;
  const Prepared* prepared_ = nullptr;
  Tree tree_;
  Index next_ = 0;
  char uuid_text_[36];
};

}  // namespace dts::format::pickle
