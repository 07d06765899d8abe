// Datagram: blosc and Cap'n Proto, both by their own libraries; whatever these throw ends here.
#include <bridge/python_dts/datagram.hpp>

#include <blosc.h>
#include <kj/string.h>
#ifdef __clang__
// Cap'n Proto 0.9 turns its own comparison around, which clang does not find in C++20.
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b == StringPtr(a); }
}  // namespace kj
#endif
#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <algorithm>
#include <cstring>

#include <base/endian.hpp>

namespace dts::bridge::python_dts {

namespace {

constexpr int kTypeSize = 8, kLevel = 9;  // as Python's blosc.compress has them
constexpr const char* kCodec = "blosclz";
constexpr std::uint16_t kIsStruct = 0, kIsQuery = 1;

Error refused(std::string why) {
  return Error(ErrorCode::decode, "not a datagram of the Python package", {}, std::move(why));
}

// Runs `read` over the root of a message; the library's exceptions become errors.
template <class Read>
auto with_root(ByteView message, Read read) -> decltype(read(capnp::AnyStruct::Reader())) {
  if (message.empty() || message.size() % sizeof(capnp::word) != 0)
    return refused(std::to_string(message.size()) + " bytes are no Cap'n Proto message");
  try {
    auto words = kj::heapArray<capnp::word>(message.size() / sizeof(capnp::word));
    std::memcpy(words.begin(), message.data(), message.size());
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 8 * kUnpackedBytesMax / sizeof(capnp::word);
    capnp::FlatArrayMessageReader reader(words, options);
    if (reader.getEnd() != words.end()) return refused("bytes behind the Cap'n Proto message");
    return read(reader.getRoot<capnp::AnyStruct>());
  } catch (const kj::Exception& wrong) {
    return refused(wrong.getDescription().cStr());
  }
}

Bytes flat(capnp::MallocMessageBuilder& builder) {
  const auto words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asBytes();
  return Bytes(bytes.begin(), bytes.end());
}

// A message in one segment, whatever goes into it: the first is made large enough.
struct Builder {
  explicit Builder(std::size_t bytes)
      : message(static_cast<unsigned>(bytes / sizeof(capnp::word) + 64)) {}
  capnp::MallocMessageBuilder message;
};

// What lies beyond the end of an older, shorter struct is zero.
template <class T>
T number_at(capnp::Data::Reader section, std::size_t offset) {
  if (section.size() < offset + sizeof(T)) return T{};
  return base::load<T>(section.begin() + offset);
}

capnp::AnyPointer::Reader pointer_at(capnp::AnyStruct::Reader root, unsigned index) {
  const auto pointers = root.getPointerSection();
  return index < pointers.size() ? pointers[index] : capnp::AnyPointer::Reader();
}

std::string text_at(capnp::AnyStruct::Reader root, unsigned index) {
  const auto text = pointer_at(root, index).getAs<capnp::Text>();
  return std::string(text.begin(), text.end());
}

Bytes data_at(capnp::AnyStruct::Reader root, unsigned index) {
  const auto data = pointer_at(root, index).getAs<capnp::Data>();
  return Bytes(data.begin(), data.end());
}

capnp::Data::Reader view(ByteView bytes) { return {bytes.data(), bytes.size()}; }
capnp::Text::Reader view(const std::string& text) { return {text.c_str(), text.size()}; }

}  // namespace

Result<Bytes> unpack(ByteView datagram) {
  std::size_t size = 0;
  if (datagram.size() < BLOSC_MIN_HEADER_LENGTH)
    return refused(std::to_string(datagram.size()) + " bytes are no blosc frame");
  if (::blosc_cbuffer_validate(datagram.data(), datagram.size(), &size) < 0 ||
      base::load<std::uint32_t>(datagram.data() + 12) != datagram.size())
    return refused("no blosc frame, or not all of it");
  if (size > kUnpackedBytesMax)
    return Error(
        ErrorCode::too_large, "a datagram that would unpack to too much", {},
        std::to_string(size) + " bytes; the limit is " + std::to_string(kUnpackedBytesMax));
  Bytes message(size);
  if (size == 0) return message;
  const int got = ::blosc_decompress_ctx(datagram.data(), message.data(), message.size(), 1);
  if (got < 0 || static_cast<std::size_t>(got) != size) return refused("a damaged blosc frame");
  return message;
}

Result<Datagram> read_message(ByteView message) {
  return with_root(message, [](capnp::AnyStruct::Reader root) -> Result<Datagram> {
    const auto numbers = root.getDataSection();
    Datagram datagram;
    datagram.struct_name = text_at(root, 0);
    datagram.host_id = data_at(root, 1);
    datagram.timestamp_ns = number_at<std::uint64_t>(numbers, 0);
    datagram.instance_id = number_at<std::uint64_t>(numbers, 16);
    const auto which = number_at<std::uint16_t>(numbers, 8);
    if (which == kIsStruct)
      datagram.content = data_at(root, 2);
    else if (which == kIsQuery)
      datagram.query = text_at(root, 2);
    else
      return refused("neither a struct nor a query");
    return datagram;
  });
}

Result<Bytes> write_datagram(const Datagram& datagram) {
  Builder builder(datagram.content.size() + datagram.struct_name.size() + datagram.host_id.size() +
                  (datagram.query ? datagram.query->size() : 0));
  auto root = builder.message.initRoot<capnp::AnyPointer>().initAsAnyStruct(3, 3);
  auto numbers = root.getDataSection();
  base::store(numbers.begin(), datagram.timestamp_ns);
  base::store(numbers.begin() + 8, datagram.query ? kIsQuery : kIsStruct);
  base::store(numbers.begin() + 16, datagram.instance_id);
  auto pointers = root.getPointerSection();
  pointers[0].setAs<capnp::Text>(view(datagram.struct_name));
  pointers[1].setAs<capnp::Data>(view(datagram.host_id));
  if (!datagram.query) pointers[2].setAs<capnp::Data>(view(datagram.content));
  // A query without words is one without a text, as Python's None.
  if (datagram.query && !datagram.query->empty())
    pointers[2].setAs<capnp::Text>(view(*datagram.query));
  const Bytes message = flat(builder.message);
  Bytes packed(message.size() + BLOSC_MAX_OVERHEAD);
  const int size = ::blosc_compress_ctx(kLevel, BLOSC_SHUFFLE, kTypeSize, message.size(),
                                        message.data(), packed.data(), packed.size(), kCodec, 0, 1);
  if (size <= 0 || static_cast<std::size_t>(size) > kDatagramBytesMax)
    return Error(ErrorCode::too_large, "a value too large for one datagram", datagram.struct_name,
                 std::to_string(std::max(size, 0)) + " bytes packed; UDP carries " +
                     std::to_string(kDatagramBytesMax));
  packed.resize(static_cast<std::size_t>(size));
  return packed;
}

Result<Membership> read_membership(ByteView content) {
  return with_root(content, [](capnp::AnyStruct::Reader root) -> Result<Membership> {
    Membership membership;
    membership.struct_name = text_at(root, 0);
    const Bytes group = data_at(root, 1);
    if (group.size() != 4 || membership.struct_name.empty())
      return refused("a membership without a name or a group");
    membership.group = base::load_big<std::uint32_t>(group.data());
    return membership;
  });
}

Bytes write_membership(const Membership& membership) {
  Builder builder(membership.struct_name.size());
  auto root = builder.message.initRoot<capnp::AnyPointer>().initAsAnyStruct(0, 2);
  Bytes group(4);
  base::store_big(group.data(), membership.group);
  root.getPointerSection()[0].setAs<capnp::Text>(view(membership.struct_name));
  root.getPointerSection()[1].setAs<capnp::Data>(view(group));
  return flat(builder.message);
}

Result<Bytes> in_one_segment(Bytes message) {
  if (message.size() < 8 || base::load<std::uint32_t>(message.data()) == 0) return message;
  const std::size_t size = message.size();
  return with_root(message, [size](capnp::AnyStruct::Reader root) -> Result<Bytes> {
    // Pointed at from several places it would be copied for each.
    if (root.totalSize().wordCount * sizeof(capnp::word) > size)
      return refused("a message whose parts are pointed at from several places");
    Builder builder(size);
    builder.message.setRoot(root);
    return flat(builder.message);
  });
}

}  // namespace dts::bridge::python_dts
