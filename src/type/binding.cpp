// Bindings: their canonical document
//   ["dts-binding", 1, format, type id, [[name, data words, pointers, discriminant,
//     [[member, number, coding, flags, discriminant, mask], ...]], ...]]
// with the nodes sorted by name and the members in the type's order.
#include <dts/binding.hpp>

#include <algorithm>
#include <set>

#include <base/sha256.hpp>
#include <type/canonical.hpp>

namespace dts {

struct Binding::Data {
  BindingId id;
  std::string format;
  TypeId type;
  std::vector<BindingNode> nodes;
  Bytes document;
};

namespace {

constexpr std::string_view magic = "dts-binding";
constexpr std::uint64_t version = 1;
constexpr std::uint64_t packed_flag = 1, implicit_flag = 2, flat_flag = 4;
constexpr unsigned key_shift = 3;  // two bits: the coding of a map's keys

void write_node(CanonicalWriter& out, const BindingNode& node) {
  out.array(5);
  out.text(node.name);
  out.unsigned_integer(node.data_words);
  out.unsigned_integer(node.pointers);
  out.unsigned_integer(node.discriminant);
  out.array(node.members.size());
  for (const BindingMember& member : node.members) {
    out.array(6);
    out.text(member.name);
    out.unsigned_integer(member.number);
    out.unsigned_integer(static_cast<std::uint64_t>(member.coding));
    out.unsigned_integer((member.packed ? packed_flag : 0) | (member.implicit ? implicit_flag : 0) |
                         (member.flat ? flat_flag : 0) |
                         static_cast<std::uint64_t>(member.key) << key_shift);
    out.unsigned_integer(member.discriminant);
    out.unsigned_integer(member.mask);
  }
}

// Reading. False at the first thing that is not as it must be.
bool read_u32(CanonicalReader& in, std::uint32_t& value) {
  std::uint64_t wide;
  if (!in.unsigned_integer(wide) || wide > 0xffffffff) return false;
  value = static_cast<std::uint32_t>(wide);
  return true;
}

bool read_name(CanonicalReader& in, std::string& name) {
  std::string_view text;
  if (!in.text(text) || text.size() > TypeLimits::name_bytes_max) return false;
  name = text;
  return true;
}

bool read_member(CanonicalReader& in, BindingMember& member) {
  std::uint64_t count, coding, flags;
  if (!in.array(count) || count != 6 || !read_name(in, member.name) ||
      !read_u32(in, member.number) || !in.unsigned_integer(coding) || coding > 2 ||
      !in.unsigned_integer(flags) || flags >> key_shift > 2 || !read_u32(in, member.discriminant) ||
      !in.unsigned_integer(member.mask)) {
    return false;
  }
  member.coding = static_cast<Coding>(coding);
  member.key = static_cast<Coding>(flags >> key_shift);
  member.packed = (flags & packed_flag) != 0;
  member.implicit = (flags & implicit_flag) != 0;
  member.flat = (flags & flat_flag) != 0;
  return true;
}

bool read_node(CanonicalReader& in, BindingNode& node) {
  std::uint64_t count, members;
  if (!in.array(count) || count != 5 || !read_name(in, node.name) ||
      !read_u32(in, node.data_words) || !read_u32(in, node.pointers) ||
      !read_u32(in, node.discriminant) || !in.array(members) || members > TypeLimits::members_max) {
    return false;
  }
  node.members.resize(static_cast<std::size_t>(members));
  return std::all_of(node.members.begin(), node.members.end(),
                     [&](BindingMember& member) { return read_member(in, member); });
}

struct Head {
  std::string format;
  TypeId type;
};

bool read_head(CanonicalReader& in, Head& head) {
  std::uint64_t count, number;
  std::string_view word;
  ByteView type;
  if (!in.array(count) || count != 5 || !in.text(word) || word != magic ||
      !in.unsigned_integer(number) || number != version || !read_name(in, head.format) ||
      !in.bytes(type) || type.size() != head.type.bytes.size()) {
    return false;
  }
  std::copy(type.begin(), type.end(), head.type.bytes.begin());
  return true;
}

Error not_a_binding(std::string why) {
  return Error(ErrorCode::invalid_type, "not a binding document", {}, std::move(why));
}

// Why the node does not fit the type; empty: it does.
std::string problem_of(const BindingNode& node, const Type& type) {
  const auto nodes = type.nodes();
  const auto found = std::find_if(nodes.begin(), nodes.end(),
                                  [&](const TypeNode& each) { return each.name == node.name; });
  if (found == nodes.end()) return type.name() + " does not use " + node.name;
  if (found->kind == Kind::enumeration) return node.name + " is an enum, which needs none";
  if (found->fields.size() != node.members.size())
    return node.name + " has " + std::to_string(found->fields.size()) + " members, the binding " +
           std::to_string(node.members.size());
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    if (found->fields[i].name != node.members[i].name)
      return node.name + " has no member " + node.members[i].name + " in that place";
  }
  return {};
}

}  // namespace

Result<Binding> Binding::make(std::string_view format, const Type& type,
                              std::vector<BindingNode> nodes) {
  const auto refuse = [&](std::string why) {
    return Error(ErrorCode::invalid_type, "the binding does not fit the type", type.name(),
                 std::move(why));
  };
  std::sort(nodes.begin(), nodes.end(),
            [](const BindingNode& a, const BindingNode& b) { return a.name < b.name; });
  std::set<std::string_view> names;
  CanonicalWriter out;
  out.array(5);
  out.text(magic);
  out.unsigned_integer(version);
  out.text(format);
  out.bytes(type.id().view());
  out.array(nodes.size());
  for (const BindingNode& node : nodes) {
    if (!names.insert(node.name).second) return refuse(node.name + " is there twice");
    if (std::string problem = problem_of(node, type); !problem.empty()) return refuse(problem);
    write_node(out, node);
  }
  auto data = std::make_shared<Data>();
  data->format = format;
  data->type = type.id();
  data->nodes = std::move(nodes);
  data->document = out.take();
  if (data->document.size() > TypeLimits::document_bytes_max)
    return refuse("its document is larger than 64 KiB");
  const auto hash = base::sha256(ByteView(data->document));
  std::copy_n(hash.begin(), data->id.bytes.size(), data->id.bytes.begin());
  Binding made;
  made.data_ = std::move(data);
  return made;
}

Result<Binding> Binding::from_document(ByteView document, const Type& type) {
  if (document.size() > TypeLimits::document_bytes_max)
    return not_a_binding("it is larger than 64 KiB");
  CanonicalReader in(document);
  Head head;
  std::uint64_t count;
  if (!read_head(in, head) || !in.array(count) || count > TypeLimits::nodes_max)
    return not_a_binding("its head is not what it must be");
  if (head.type != type.id()) return not_a_binding("it is for another type");
  std::vector<BindingNode> nodes(static_cast<std::size_t>(count));
  for (BindingNode& node : nodes) {
    if (!read_node(in, node)) return not_a_binding("a node is not what it must be");
  }
  if (!in.at_end()) return not_a_binding("bytes follow it");
  DTS_ASSIGN(Binding binding, make(head.format, type, std::move(nodes)));
  if (!std::equal(document.begin(), document.end(), binding.document().begin(),
                  binding.document().end()))
    return not_a_binding("it is not canonical");
  return binding;
}

Result<TypeId> Binding::type_of_document(ByteView document) {
  CanonicalReader in(document);
  Head head;
  if (!read_head(in, head)) return not_a_binding("its head is not what it must be");
  return head.type;
}

BindingId Binding::id() const noexcept { return data_->id; }
const std::string& Binding::format() const noexcept { return data_->format; }
TypeId Binding::type() const noexcept { return data_->type; }
ByteView Binding::document() const noexcept { return data_->document; }
std::span<const BindingNode> Binding::nodes() const noexcept { return data_->nodes; }

const BindingNode* Binding::find(std::string_view type_name) const noexcept {
  const auto found =
      std::lower_bound(data_->nodes.begin(), data_->nodes.end(), type_name,
                       [](const BindingNode& node, auto name) { return node.name < name; });
  return found != data_->nodes.end() && found->name == type_name ? &*found : nullptr;
}

}  // namespace dts
