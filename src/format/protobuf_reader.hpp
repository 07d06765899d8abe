// Protobuf reader: what a decoder looks up while it reads: for every message the fields it may
// have, by number, and what becomes of those that are not there. Made once per plan.
#pragma once

#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include <format/plan.hpp>
#include <format/protobuf_shape.hpp>

namespace dts::format::protobuf {

// In a namespace of its own, for the encoder's tables have the same nouns.
namespace reading {

// What a value is after its tag, and how it is stored.
enum class Read : std::uint8_t {
  boolean,
  plain,  // an unsigned varint
  signs,  // a zigzag varint
  whole,  // a signed varint
  bits4,  // four bytes, stored as they are
  bits8,
  unit,    // eight bytes, an f64 of another unit; by Op::quick only
  number,  // any other number
  symbol,
  text,
  bytes,
  time,
  duration,
  decimal,
  any,
  structure,
  one_case,   // a union
  block,      // a packed list that lies as it is sent
  container,  // a message around a list, map or optional
};

struct Message;
// How one value is read where it can be told from nothing.
struct Reader {
  const PlanStep* step = nullptr;
  const PlanStep* wrap = nullptr;  // the subscriber's place is an optional, the publisher's is not
  Read read = Read::container;
  Wire wire = length;
  Coding coding = Coding::natural;
  std::uint8_t size = 0;      // in memory, of a number that is stored as it is
  std::uint64_t largest = 0;  // and what fits: up to this, signed down to -largest - 1
  const Message* message = nullptr;
};

enum class Form : std::uint8_t { skip, single, optional, repeated, map, flat };
// What is done for a field that is not there.
enum class Absent : std::uint8_t { nothing, refuse, use_default, zero, empty, clear, no_case };

struct Op {
  std::uint32_t tag = 0;    // as it is expected
  std::uint32_t other = 0;  // the other one a list of numbers may have
  // `tag` as it lies in the message, if it has one or two bytes: the next 16 bits under the mask.
  // As it is here it is never found.
  std::uint16_t tag_word = 1, tag_mask = 0;
  std::uint8_t tag_size = 0;
  Form form = Form::skip;
  Absent absent = Absent::nothing;
  Read read = Read::container;
  Read quick = Read::container;  // what the loop over the fields reads without looking further
  std::uint8_t size = 0;         // and reader->size, reader->largest
  std::uint64_t largest = 0;
  bool many = false;         // may be there several times
  std::uint16_t bit = 0;     // which bit says that it is there; a oneof has one
  std::uint16_t filled = 0;  // of an array: which counter says how much of it is there
  std::uint32_t length = 0;  // of an array, on either side: how much must be
  std::uint32_t to = 0;      // bytes from the start of the subscriber's struct
  std::uint32_t member = 0;
  std::uint32_t which = 0;         // flat: the case
  const PlanStep* step = nullptr;  // of the field, without `wrap`
  const PlanStep* wrap = nullptr;  // a list or map into an optional one
  const Reader* reader = nullptr;  // the value, the content, the elements, a map's values
  const Reader* key = nullptr;
  std::uint32_t number() const { return tag >> 3; }
};

struct Message {
  const PlanPair* pair = nullptr;    // structure, union
  std::vector<Op> ops;               // by number
  std::vector<std::uint16_t> index;  // number -> op + 1, for low numbers
  std::vector<const Op*> absent;     // by bit
  std::uint16_t arrays = 0;          // counters
  bool bits_in_order = false;        // the bit of each op is its index, and all are in one word
  const Op* find(std::uint32_t number) const;
};

class Readers {
 public:
  static Result<std::unique_ptr<const Readers>> make(const Plan& plan, const Binding* binding);
  const Reader& root() const { return *root_; }

 private:
  using Key = std::tuple<const PlanStep*, Numbers>;
  explicit Readers(const Binding* binding) : binding_(binding) {}
  Result<const Reader*> reader(const PlanStep& step, const Numbers& numbers);
  Result<Op> field(const PlanStep& step, std::uint32_t number, const Numbers& numbers);
  Result<Op> single(const PlanStep& step, std::uint32_t number, const Numbers& numbers);
  Result<const Message*> message(const PlanPair& pair);
  Result<void> members(Message& made);
  Result<void> flat_cases(Message& made, const Op& whole);
  Result<void> skipped(Message& made, const TypeNode& node, const Slot& slot, std::uint32_t member,
                       std::uint16_t bit);
  static void finish(Message& made);

  const Binding* binding_;
  std::deque<Reader> readers_;
  std::deque<Message> messages_;
  std::map<Key, Reader*> made_;
  std::map<const PlanPair*, Message*> pairs_;
  std::span<const TypeNode> nodes_;
  const Reader* root_ = nullptr;
};

}  // namespace reading

}  // namespace dts::format::protobuf
