// Making Layouts and Types of C++ types from the rows that the templates of <dts/declare.hpp> hand
// over. Owns the lock, the drafts and their publication. Any thread.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <dts/declare/draft.hpp>
#include <type/closure.hpp>
#include <type/layout_default.hpp>

namespace dts::declared {

namespace {

// The parts of one draft: everything reached from the type asked for and not published before.
// All of it lives for ever once published; only pending rows go.
struct Part {
  Layout* layout = nullptr;
  Entry* entry = nullptr;
  TypeNode node;                     // structure, enumeration, union_: without the fields' types
  std::vector<MemberRow> rows;       // parallel to node.fields until these are sorted
  std::vector<LayoutField> members;  // likewise
};

struct Session {
  std::vector<std::unique_ptr<Part>> parts;
  std::unordered_map<const Layout*, Part*> by_layout;
};

std::recursive_mutex& lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

// The draft going on; under the lock.
Session* session = nullptr;

[[noreturn]] void wrong(const std::string& name, const std::string& why) {
  std::fprintf(stderr, "dts: the declaration of \"%s\" is wrong: %s\n", name.c_str(), why.c_str());
  std::abort();
}

Field field_of(const MemberRow& row) {
  Field field;
  field.name = std::string(row.name);
  if (row.options == nullptr) return field;
  const MemberOptions& options = *row.options;
  if (options.has_id) field.id = options.id;
  field.unit = options.unit;
  field.quantity = options.quantity;
  field.doc = options.doc;
  field.key = options.is_key;
  field.must_understand = options.is_must_understand;
  field.misfit = options.misfit;
  field.narrow = options.is_narrow;
  for (const char* alias : options.aliases) {
    if (alias != nullptr) field.aliases.emplace_back(alias);
  }
  return field;
}

Part& part_of(const Layout& layout) { return *session->by_layout.at(&layout); }

TypeNode node_of(const Heading& heading, Kind kind) {
  TypeNode node;
  node.name = heading.name;
  node.kind = kind;
  node.closed = heading.closed;
  node.doc = heading.doc;
  return node;
}

void add_members(Part& part, std::span<const MemberRow> rows) {
  for (const MemberRow& row : rows) {
    part.node.fields.push_back(field_of(row));
    part.members.push_back({row.offset, Draft::part(*row.entry)});
    part.rows.push_back(row);
    part.rows.back().options = nullptr;  // may be gone once build() has returned
  }
}

// The layout's fields in the order of the type's members.
void sort_fields(Part& part) {
  const std::size_t count = part.members.size();
  if (count == 0) return;
  const std::vector<Field> declared = part.node.fields;
  const std::vector<MemberRow> rows = part.rows;
  sort_members(part.node);
  LayoutField* fields = new LayoutField[count];  // the layout's, for ever
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t from = 0;
    // Of two fields of one name either will do: Type::make refuses them.
    while (declared[from].name != part.node.fields[i].name) ++from;
    fields[i] = part.members[from];
    part.rows[i] = rows[from];
  }
  part.layout->fields = {fields, count};
}

void add_defaults(Part& part) {
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    const MemberRow& row = part.rows[i];
    if (row.default_value == nullptr) continue;
    part.node.fields[i].default_value =
        row.default_value(row.declaration, *part.layout->fields[i].layout);
  }
}

// The nodes of the type of one named layout: itself and whatever it reaches.
class NodeCollector {
 public:
  std::vector<TypeNode> collect(const Layout& root) {
    index_of(root);
    for (std::size_t i = 0; i < layouts_.size(); ++i) {
      const Layout& layout = *layouts_[i];
      TypeNode node = node_at(layout);
      for (std::size_t j = 0; j < node.fields.size(); ++j) {
        node.fields[j].type = ref(*layout.fields[j].layout);
      }
      nodes_.push_back(std::move(node));
    }
    return std::move(nodes_);
  }

 private:
  static const TypeNode& node_at(const Layout& layout) {
    const auto draft = session->by_layout.find(&layout);
    return draft != session->by_layout.end() ? draft->second->node : layout.type.root();
  }

  std::uint32_t index_of(const Layout& layout) {
    const auto [at, inserted] =
        indexes_.try_emplace(&layout, static_cast<std::uint32_t>(layouts_.size()));
    if (inserted) layouts_.push_back(&layout);
    return at->second;
  }

  TypeRef ref(const Layout& layout) {
    TypeRef type;
    type.kind = layout.kind;
    switch (layout.kind) {
      case Kind::structure:
      case Kind::enumeration:
      case Kind::union_:
        type.kind = Kind::reference;
        type.node = index_of(layout);
        break;
      case Kind::array:
        type.length = layout.length;
        [[fallthrough]];
      case Kind::list:
      case Kind::optional:
        type.arguments = {ref(*layout.element)};
        break;
      case Kind::map:
        type.arguments = {ref(*layout.key), ref(*layout.element)};
        break;
      default:
        break;
    }
    return type;
  }

  std::vector<const Layout*> layouts_;
  std::unordered_map<const Layout*, std::uint32_t> indexes_;
  std::vector<TypeNode> nodes_;
};

void add_type(Part& part) {
  if (part.node.name.empty()) return;
  Result<Type> type = Type::make(NodeCollector().collect(*part.layout));
  if (!type) wrong(part.node.name, type.error().text());
  part.layout->type = *std::move(type);
}

const Layout* draft(Entry& entry) {
  auto part = std::make_unique<Part>();
  part->layout = new Layout();
  part->entry = &entry;
  entry.draft = part->layout;
  session->by_layout[part->layout] = part.get();
  session->parts.push_back(std::move(part));
  Draft out(*entry.draft);
  entry.build(out);
  return entry.draft;
}

}  // namespace

const Layout* Draft::part(Entry& entry) {
  if (const Layout* layout = entry.published.load(std::memory_order_acquire)) return layout;
  return entry.draft != nullptr ? entry.draft : draft(entry);
}

void Draft::structure(const Heading& heading, std::span<const MemberRow> fields) {
  Part& part = part_of(layout);
  part.node = node_of(heading, Kind::structure);
  add_members(part, fields);
}

void Draft::union_(const Heading& heading, std::span<const MemberRow> cases) {
  Part& part = part_of(layout);
  part.node = node_of(heading, Kind::union_);
  add_members(part, cases);
}

void Draft::enumeration(const Heading& heading, std::span<const SymbolRow> symbols) {
  Part& part = part_of(layout);
  part.node = node_of(heading, Kind::enumeration);
  for (const SymbolRow& row : symbols) {
    if (row.value < INT32_MIN || row.value > INT32_MAX) {
      wrong(part.node.name, "the value of symbol \"" + std::string(row.name) +
                                "\" does not fit 32 bits: give it a smaller one");
    }
    part.node.symbols.push_back(
        {std::string(row.name), static_cast<std::int32_t>(row.value), row.doc});
  }
}

const Layout& publish(Entry& entry) {
  const std::lock_guard guard(lock());
  if (session != nullptr) return *Draft::part(entry);  // asked for by a default being made
  if (const Layout* layout = entry.published.load(std::memory_order_acquire)) return *layout;
  Session own;
  session = &own;
  const Layout* layout = draft(entry);
  for (const auto& part : own.parts) sort_fields(*part);
  for (const auto& part : own.parts) add_defaults(*part);
  for (const auto& part : own.parts) add_type(*part);
  session = nullptr;
  for (const auto& part : own.parts) {
    part->entry->draft = nullptr;
    part->entry->published.store(part->layout, std::memory_order_release);
  }
  return *layout;
}

Bytes default_bytes(const Layout& layout, const void* value) {
  Result<Bytes> bytes = encode_default(layout, value);
  if (!bytes) wrong("default_value", bytes.error().text());
  return *std::move(bytes);
}

void field_not_found(const Heading& heading, std::size_t index) {
  wrong(heading.name, "dts::field number " + std::to_string(index + 1) +
                          " names no field: list either all fields as dts::field(\"name\", &T::m), "
                          "or none");
}

}  // namespace dts::declared
