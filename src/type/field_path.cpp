#include <type/field_path.hpp>

#include <charconv>
#include <string>

#include <base/text.hpp>

namespace dts {

namespace {

std::string shown(std::string_view text) { return "\"" + base::printable(text) + "\""; }

}  // namespace

class FieldPathMaker {
 public:
  FieldPathMaker(const Layout& layout, std::string_view path) : rest_(path) {
    path_.layout_ = &layout;
  }

  Result<FieldPath> make() {
    look_through_optionals();
    while (!rest_.empty()) {
      DTS_ASSIGN(const std::string segment, next_segment());
      DTS_TRY(step(segment));
      walked_ += (walked_.empty() ? "" : ".") + segment;
      look_through_optionals();
    }
    return std::move(path_);
  }

 private:
  using Way = FieldPath::Step::Kind;

  const Layout& layout() const { return *path_.layout_; }
  std::string walked() const { return walked_.empty() ? "the value" : shown(walked_); }

  static Error error(std::string what, std::string hint = {}) {
    return Error(ErrorCode::unknown_field, std::move(what), {}, {}, std::move(hint));
  }

  void add(Way kind, std::uint32_t number, const Layout* next) {
    std::vector<FieldPath::Step>& steps = path_.steps_;
    if (kind == Way::offset && !steps.empty() && steps.back().kind == Way::offset)
      steps.back().number += number;
    else
      steps.push_back({kind, number, path_.layout_});
    path_.layout_ = next;
  }

  void look_through_optionals() {
    while (layout().kind == Kind::optional) add(Way::optional, 0, layout().element);
  }

  // Up to the next dot; in double quotes a dot is a letter.
  Result<std::string> next_segment() {
    std::string segment;
    std::size_t end;
    if (rest_.starts_with('"')) {
      const std::size_t close = rest_.find('"', 1);
      if (close == std::string_view::npos) return error("a quote in the path is not closed");
      segment = rest_.substr(1, close - 1);
      end = close + 1;
    } else {
      end = std::min(rest_.find('.'), rest_.size());
      segment = rest_.substr(0, end);
    }
    if (end < rest_.size() && (rest_[end] != '.' || end + 1 == rest_.size()))
      return error("the path is malformed after " + shown(segment));
    rest_ = end < rest_.size() ? rest_.substr(end + 1) : std::string_view();
    return segment;
  }

  Result<void> step(const std::string& segment) {
    switch (layout().kind) {
      case Kind::structure:
      case Kind::union_:
        return step_member(segment);
      case Kind::list:
      case Kind::array:
        return step_index(segment);
      case Kind::map:
        return step_key(segment);
      default:
        return error(walked() + " is a " + std::string(kind_name(layout().kind)) +
                     " and has no part " + shown(segment));
    }
  }

  Result<void> step_member(const std::string& name) {
    const TypeNode& node = layout().type.root();
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      names.push_back(field.name);
      if (field.name != name) continue;
      const LayoutField& place = layout().fields[i];
      if (node.kind == Kind::union_)
        add(Way::choice, i, place.layout);
      else
        add(Way::offset, place.offset, place.layout);
      path_.field_ = &field;
      return {};
    }
    return error(
        node.name + " has no " + (node.kind == Kind::union_ ? "case " : "field ") + shown(name),
        base::suggestion(name, names, "it has"));
  }

  Result<void> step_index(const std::string& text) {
    std::uint32_t index = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), index);
    if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size())
      return error(walked() + " is a list: " + shown(text) + " is no index into it",
                   "indexes start at 0");
    if (layout().kind == Kind::array && index >= layout().length)
      return error(walked() + " has " + std::to_string(layout().length) +
                   " elements, none at index " + text);
    add(Way::element, index, layout().element);
    return {};
  }

  Result<void> step_key(const std::string& text) {
    Value key(LayoutPtr(LayoutPtr(), layout().key));
    if (Result<void> parsed = from_text(*layout().key, key.data(), text); !parsed)
      return error(walked() + " has no key " + shown(text), parsed.error().what());
    path_.keys_.push_back(std::move(key));
    add(Way::key, static_cast<std::uint32_t>(path_.keys_.size() - 1), layout().element);
    return {};
  }

  FieldPath path_;
  std::string_view rest_;
  std::string walked_;
};

Result<FieldPath> FieldPath::make(const Layout& layout, std::string_view path) {
  return FieldPathMaker(layout, path).make();
}

const void* FieldPath::find(const void* value) const {
  for (const Step& step : steps_) {
    const Layout& layout = *step.layout;
    const LayoutFunctions& functions = layout.functions;
    switch (step.kind) {
      case Step::Kind::offset:
        value = static_cast<const char*>(value) + step.number;
        continue;
      case Step::Kind::optional:
        value = functions.get(layout, value);
        break;
      case Step::Kind::choice:
        value =
            functions.which(layout, value) == step.number ? functions.held(layout, value) : nullptr;
        break;
      case Step::Kind::element:
        if (step.number >= functions.count(layout, value)) return nullptr;
        value = static_cast<const char*>(functions.elements(layout, value)) +
                std::size_t{step.number} * layout.element->size;
        continue;
      case Step::Kind::key:
        value = functions.map_find(layout, value, keys_[step.number].data());
        break;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

}  // namespace dts
