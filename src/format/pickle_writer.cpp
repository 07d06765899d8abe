// The parts of the pickle writer that are not a few bytes.
#include <format/pickle_writer.hpp>

#include <base/endian.hpp>

namespace dts::format::pickle {

Names::Key Names::key(std::string_view name) const {
  Key key;
  key.bytes.push_back(static_cast<char>(Opcode::SHORT_BINUNICODE));
  key.bytes.push_back(static_cast<char>(name.size()));
  key.bytes += name;
  key.slot = std::hash<std::string_view>{}(name) % slots;
  return key;
}

// The first time: the name and MEMOIZE; then: BINGET | number 1, or LONG_BINGET | number 4. Python
// numbers from 0. A name whose place is taken by another one is written in full, and takes it.
void Writer::repeated_name(const Key& key) {
  if (remembered_count_ == 0) remembered_.fill({});
  Remembered& place = remembered_[key.slot];
  const std::size_t size = key.bytes.size(), at = out_.size() - start_;
  if (place.at != 0 && place.at + size <= at &&
      std::memcmp(bytes_.data() + start_ + place.at, key.bytes.data(), size) == 0) {
    std::uint8_t* to = out_.room(5);
    const bool brief = place.number <= 0xff;
    to = write(to, brief ? Opcode::BINGET : Opcode::LONG_BINGET);
    out_.used(little(to, place.number, brief ? 1 : 4));
    return;
  }
  out_.block(key.bytes.data(), size);
  if (at > UINT32_MAX) return;
  put(Opcode::MEMOIZE);
  place = {static_cast<std::uint32_t>(at), remembered_count_++};
}

// opcode | length 1, 4 or 8 | bytes
void Writer::sized(Opcode brief, Opcode usual, Opcode large, ByteView bytes) {
  std::uint8_t* to = out_.room(9);
  const std::size_t size = bytes.size();
  if (size <= 0xff)
    to = little(write(to, brief), size, 1);
  else if (size <= 0xffffffff)
    to = little(write(to, usual), size, 4);
  else
    to = little(write(to, large), size, 8);
  out_.used(to);
  out_.block(bytes.data(), size);
}

template <class T>
void Writer::numbers_of(const void* first, std::size_t count) {
  constexpr std::size_t at_once = 512;
  const auto* from = static_cast<const std::byte*>(first);
  for (std::size_t done = 0; done < count;) {
    const std::size_t end = std::min(count, done + at_once);
    std::uint8_t* to = out_.room(at_once * scalar_bytes_max);
    for (; done < end; ++done) {
      const T value = base::load<T>(from + done * sizeof(T));
      if constexpr (std::is_floating_point_v<T>)
        to = write(to, static_cast<double>(value));
      else if constexpr (std::is_signed_v<T>)
        to = write(to, std::int64_t{value});
      else
        to = write(to, std::uint64_t{value});
    }
    out_.used(to);
  }
}

bool Writer::numbers(Kind element, const void* first, std::size_t count) {
  if (count < 8) return false;
  begin(Opcode::EMPTY_LIST, count);
  switch (element) {
    case Kind::i8:
      numbers_of<std::int8_t>(first, count);
      break;
    case Kind::i16:
      numbers_of<std::int16_t>(first, count);
      break;
    case Kind::i32:
      numbers_of<std::int32_t>(first, count);
      break;
    case Kind::i64:
      numbers_of<std::int64_t>(first, count);
      break;
    case Kind::u8:
      numbers_of<std::uint8_t>(first, count);
      break;
    case Kind::u16:
      numbers_of<std::uint16_t>(first, count);
      break;
    case Kind::u32:
      numbers_of<std::uint32_t>(first, count);
      break;
    case Kind::u64:
      numbers_of<std::uint64_t>(first, count);
      break;
    case Kind::f32:
      numbers_of<float>(first, count);
      break;
    default:
      numbers_of<double>(first, count);
  }
  end(Opcode::APPENDS);
  return true;
}

}  // namespace dts::format::pickle
