// Named formats: those that write a struct as names with values (cbor, messagepack, ion, xml,
// pickle). They share one walk over the value, named_encoder.hpp, and one over the plan,
// named_decoder.hpp; what differs is the notation, which a format brings as two classes, a Writer
// and a Reader, with the members described here. All calls are resolved at compile time.
//
// What all of them have in common, and what docs/reference/formats/ need not repeat:
//   struct        names with values, in the type's order; an empty optional that has no default is
//                 left out. Read in any order; unknown and repeated names are refused.
//   optional      its content or null, both accepted; left out reads as empty (or as the default)
//   enumeration   its symbol as text; a value without symbol (open ones only) as an integer. Both
//                 are accepted.
//   union         a struct of one member, the case held; of none when no case is (open ones only)
//   any           a struct of "type" (text, the type in notation) and "value"; of none when empty
//   map           as the format writes maps
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <base/endian.hpp>
#include <dts/bytes.hpp>
#include <dts/type.hpp>
#include <dts/value.hpp>
#include <format/plan.hpp>

namespace dts::format::named {

// An integer of any sign: 0..2^64-1, or -1-magnitude when negative (so -2^63 is {2^63-1, true}).
struct Integer {
  std::uint64_t magnitude = 0;
  bool negative = false;
};

// Where a list, map or struct that is being read stands: a format uses it as it likes.
struct Container {
  std::uint64_t left = 0;  // elements, entries, bytes
  std::size_t end = 0;     // position in the message
  bool counted = true;     // false: an end mark closes it
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};
  std::uint64_t count = unknown;  // of elements, when the message says it up front: never
                                  // more than the bytes that are left
};

// ---- Writer -------------------------------------------------------------------------------------
//
// struct ExampleNames {                     // made once per encoder, for all names of the type
//   using Key = ...;                        // a name, prepared (e.g. its bytes)
//   Key key(std::string_view name);
//   ExampleNames() or ExampleNames(const Type&);
// };
// struct ExampleWriter {
//   using Names = ExampleNames;
//   // true: an any's value is a message of its own, written with bytes() (ion: its symbol table)
//   static constexpr bool any_is_message = false;
//   ExampleWriter(Bytes& out, const Names& names);   // appends to `out`; writes what comes first
//   void finish();                          // what comes last; or, when it may fail:
//   bool finish(Failure&);
//   void boolean(bool); void integer(std::int64_t); void unsigned_integer(std::uint64_t);
//   void real(float); void real(double);
//   bool text(std::string_view utf8, Failure&);   // checked by the walk. False: cannot be held
//   void bytes(ByteView); void time(std::int64_t ns); void duration(std::int64_t ns);
//   void decimal(const Decimal&); void null();
//   void symbol(const Key&);                // an enumeration's
//   // A list of numbers (i8 to f64) as one block: `first` is little-endian memory. False: nothing
//   // was written, the walk writes the elements one by one.
//   bool numbers(Kind element, const void* first, std::size_t count);
//   void begin_list(std::size_t count); void begin_item(); void end_item(); void end_list();
//   void begin_map(std::size_t count);      // per entry: begin_entry, the key as a scalar value,
//   void begin_entry(); void middle_of_entry(); void end_entry();   // middle, the value, end
//   void end_map();
//   void begin_struct(std::size_t members); // per member: begin_member, the value, end_member
//   void begin_member(const Key&); void end_member(const Key&); void end_struct();
//   void begin_case(const Key&); void end_case(const Key&); void no_case();      // a union
//   // An any: has "type" and "value", members like any other; keys made by Names::key().
// };
//
// ---- Reader -------------------------------------------------------------------------------------
//
// Every call reads the next thing of the message and returns false, with the failure set, when it
// is another one or is broken. Nothing is read behind the message. Numbers are checked by the walk
// against the publisher's kind; the reader only says what is there.
//
// struct ExampleReader {
//   static constexpr bool any_is_message = false;   // as the Writer's: bytes() gives the message
//   ExampleReader(ByteView message, Allowance&, Failure&);
//   // Optional: made once per decoder, of the publisher's type; prepare() is called first.
//   struct Prepared { explicit Prepared(const Type&); };
//   void prepare(const Prepared&);
//   // Optional: an any's value may be a message of its own, in bytes() and for this Reader.
//   using MessageReader = ...; bool holds_message();
//   bool begin();                           // what comes first
//   bool finish();                          // nothing is left
//   std::string_view what_is_next();        // "a list", "the number 12", for errors
//   bool null(bool& is_null);               // consumes it when it is one
//   bool boolean(bool&);
//   bool integer(Integer&);                 // also from other spellings that are exact
//   bool real(double&, bool single);        // integers too, when a double holds them exactly; an
//                                           // f64 for a publisher's f32 (`single`) when exact
//   bool text(std::string_view&);           // UTF-8, checked; valid until the next call
//   bool bytes(ByteView&);                  // valid until the next call
//   bool time(std::int64_t& ns); bool duration(std::int64_t& ns); bool decimal(Decimal&);
//   // An enumeration: `is_text` says whether `symbol` or `value` was there. symbol: until the next
//   // call.
//   bool symbol(bool& is_text, std::string_view& symbol, Integer& value);
//   // The next is a block of numbers: `bytes` hold `count` little-endian elements of exactly this
//   // kind (valid until the next call). Otherwise is_block = false and nothing is consumed.
//   bool numbers(Kind element, bool& is_block, ByteView& bytes);
//   bool begin_list(Container&); bool next_item(Container&, bool& more); bool end_list(Container&);
//   // Optional (a Reader may lack it), for a list whose count is known: reads the first items into
//   // `first`, as long as each is spelt as exactly this kind, and says how many; next_item is
//   // called for the others only.
//   bool items(Container&, Kind element, void* first, std::size_t count, std::size_t& read);
//   // Per entry: next_entry, the key as a scalar, middle_of_entry, the value, end_entry.
//   bool begin_map(Container&); bool next_entry(Container&, bool& more);
//   bool middle_of_entry(Container&); bool end_entry(Container&); bool end_map(Container&);
//   // Per member: next_member (the name: until the next call), the value, end_member.
//   bool begin_struct(Container&);
//   bool next_member(Container&, bool& more, std::string_view& name);
//   bool end_member(Container&); bool end_struct(Container&);
//   // Optional, for speed: passes over the name of the next member when it is this one, spelt as
//   // usual. Otherwise nothing is consumed, and next_member is called.
//   bool next_is(Container&, std::string_view name);
//   // next_item, next_entry and next_member say more = false once, behind the last; then the end_
//   // call follows.
//   // A union: a struct of at most one member unless the format has something better. After `none`
//   // all of it has been read: end_case is not called.
//   bool begin_case(Container&, bool& none, std::string_view& name); bool end_case(Container&);
//   bool skip();                            // whatever is next, bounded by the allowance's depth
//   // For an any, whose value may come before its type: where the next thing begins, and going
//   // back there.
//   using Mark = ...; Mark mark() const; void go_to(Mark);
// };

// ---- what both walks share ----------------------------------------------------------------------

constexpr std::uint32_t depth_max = 64;  // levels that are written

// Names are short and most often the same: without a call.
inline bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  const auto equal = [&]<class T>(T, std::size_t at) {
    return base::load<T>(a.data() + at) == base::load<T>(b.data() + at);
  };
  const std::size_t size = a.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8)
      if (!equal(std::uint64_t{}, at)) return false;
    return equal(std::uint64_t{}, size - 8);
  }
  if (size >= 4) return equal(std::uint32_t{}, 0) && equal(std::uint32_t{}, size - 4);
  if (size >= 2) return equal(std::uint16_t{}, 0) && equal(std::uint16_t{}, size - 2);
  return size == 0 || a[0] == b[0];
}

// The names of a struct's members or an enumeration's symbols, to find one by.
class NameTable {
 public:
  static constexpr std::uint32_t none = 0xffffffff;
  explicit NameTable(const TypeNode& node);  // which must outlive the table
  std::size_t size() const noexcept { return names_.size(); }
  std::string_view operator[](std::size_t index) const noexcept { return names_[index]; }
  bool is(std::uint32_t index, std::string_view name) const noexcept {
    if (index >= names_.size() || names_[index].size() != name.size()) return false;
    // A reader that knows the type may hand out its very names.
    return names_[index].data() == name.data() || names_[index] == name;
  }
  std::uint32_t find(std::string_view name) const noexcept;

 private:
  std::vector<std::string_view> names_;  // in the order of the type
  std::vector<std::uint32_t> sorted_;    // into names_, by name
};

// The members seen so far of one struct. They usually come in order: then a count says it all.
class Seen {
 public:
  explicit Seen(std::size_t members) : members_(members) {}
  bool test(std::size_t i) const noexcept {
    return i < first_ || (scattered_ && (bits_[i / 64] >> i % 64 & 1) != 0);
  }
  // False: it is there already.
  bool add(std::size_t i) noexcept {
    ++count_;
    if (i != first_ || scattered_) return add_scattered(i);
    ++first_;
    return true;
  }
  std::size_t count() const noexcept { return count_; }

 private:
  bool add_scattered(std::size_t i) noexcept;

  std::size_t members_, count_ = 0;
  std::size_t first_ = 0;   // members before this one are seen
  bool scattered_ = false;  // others are in bits_
  std::uint64_t bits_[TypeLimits::members_max / 64 + 1];
};

// Text of a message in quotes, printable and cut to 60 bytes: for errors.
std::string quote(std::string_view text);
std::string suggestion(std::string_view word, const NameTable& names);

// Failures with the same words in every format. All return false.
bool not_expected(Failure& failure, std::string_view found, std::string_view expected);
bool no_such_member(Failure& failure, const TypeNode& node, std::string_view name,
                    const NameTable& names);
bool no_such_symbol(Failure& failure, const TypeNode& node, std::string_view name,
                    const NameTable& names);
bool there_twice(Failure& failure, std::string_view name);
bool member_missing(Failure& failure, const Type& publisher, const Field& field);
bool not_of_kind(Failure& failure, const Integer& number, Kind kind);
// Which type was to be read, unless the failure says why already.
bool of_type(Failure& failure, const PlanStep& step);
bool no_symbol_to_send(Failure& failure, const TypeNode& node, std::int64_t value);
bool no_case_to_send(Failure& failure, const TypeNode& node);
// The key of a map, as part of a path.
std::string key_text(const Layout& layout, const void* key);

// The value in an any, to write it; the value an any of this type will hold, with the plan to read
// it; and the other way round.
bool open_any(const Any& any, Value& value, Failure& failure);
bool any_of(std::string_view notation, Value& value, std::unique_ptr<const Plan>& plan,
            Failure& failure);
bool close_any(const Value& value, Any& any, Failure& failure);

}  // namespace dts::format::named
