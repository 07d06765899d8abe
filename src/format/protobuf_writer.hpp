// Protobuf writer: what an encoder looks up while it writes: for every message its fields, by
// rising number as libprotobuf writes them, with their tags as bytes. Made once per layout.
#pragma once

#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include <dts/layout.hpp>
#include <format/protobuf_shape.hpp>

namespace dts::format::protobuf {

// In a namespace of its own, for the decoder's tables have the same nouns.
namespace writing {

// Room for a tag and a number, and what write_varint_ahead() spoils behind it.
constexpr std::size_t scalar_bytes_max = 24;

// What a value is after its tag.
enum class Code : std::uint8_t {
  boolean,
  plain,  // an unsigned varint, or a signed one of 64 bits
  signs,  // a zigzag varint
  bits4,  // four bytes, eight bytes
  bits8,
  symbol,  // an enumeration
  text,
  bytes,
  time,
  duration,
  decimal,
  any,
  message,   // a struct, or what stands around a list, map or optional
  one_case,  // a union
};
// What a field is of a value.
enum class Form : std::uint8_t { single, optional, repeated, map, flat };

// What most fields are, written without looking further.
enum class Quick : std::uint8_t {
  none,
  boolean,  // numbers, up to bits8
  u32,
  u64,
  i32,
  i64,
  bits4,
  bits8,
  symbol,  // one of many in a row; any other is looked at
  text,
  block,    // a packed list of numbers that lie as they are sent
  message,  // a struct, or one that is held by an optional
  held,     // what else an optional holds
};

struct Writer;
struct Op {
  Quick quick = Quick::none;
  Form form = Form::single;
  Code code = Code::message;  // writer->code
  std::uint8_t tag_size = 0;
  bool implicit = false;
  bool packed = false;
  std::uint8_t size = 0;  // of a number in memory
  bool is_signed = false;
  std::uint32_t number = 0;
  std::uint32_t from = 0;  // bytes from the start of the struct
  std::uint32_t member = 0;
  std::uint32_t which = 0;         // flat: the case
  std::int32_t first_symbol = 0;   // symbol: from here on
  std::uint32_t last_symbol = 0;   // so many more
  std::uint64_t tag = 0;           // its bytes
  const Layout* layout = nullptr;  // of the field
  const Writer* writer = nullptr;  // of the value, the content, the elements or a map's values
  const Writer* key = nullptr;
};
// How one value is written where it can be told from nothing: an element, a case, a content.
struct Writer {
  const Layout* layout = nullptr;
  Code code = Code::message;
  std::uint8_t size = 0;
  bool is_signed = false;
  Wire wire = length;
  std::vector<Op> ops;               // message: by number; one_case: by case
  std::size_t room = 0;              // message: for all its tags and numbers
  bool is_short = false;             // message: of nothing else, and its length takes one byte
  std::vector<std::uint32_t> bulky;  // the lists and `bytes` among them, which may be long
};

class Writers {
 public:
  // `binding` is needed only while they are made; null: the numbers are derived from the type.
  static Result<std::unique_ptr<const Writers>> make(const Layout& layout, const Binding* binding);
  const Writer& root() const { return *root_; }

 private:
  using Key = std::tuple<const Layout*, Numbers>;
  explicit Writers(const Binding* binding) : binding_(binding) {}
  Result<const Writer*> writer(const Layout& layout, const Numbers& numbers);
  Result<void> members(Writer& made);
  Result<void> flat_cases(Writer& made, const Layout& layout, std::uint32_t member);
  Result<Op> field(const Layout& layout, std::uint32_t number, const Numbers& numbers);
  Result<Op> single(const Layout& layout, std::uint32_t number, const Numbers& numbers);

  const Binding* binding_;
  std::deque<Writer> writers_;
  std::map<Key, Writer*> made_;
  const Writer* root_ = nullptr;
};

}  // namespace writing

}  // namespace dts::format::protobuf
