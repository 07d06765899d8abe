// SourceJudge: which of the selections that are announced for a publisher's values take the value
// it is publishing, so that what nobody takes need not be sent. It decides as each subscriber will,
// over the same type, from the same value on (docs/decisions/0014). What it cannot decide so is
// taken. Guarded by the Domain's lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dts/compression.hpp>
#include <dts/format.hpp>
#include <dts/layout.hpp>

#include "domain/selection.hpp"
#include "proto/selection.hpp"

namespace dts::domain {

struct Subscriber;

// What a subscription announces of what it takes; none: everything.
std::optional<proto::Selection> announced_selection(const SubscribeOptions& options,
                                                    const Layout* layout);
// For people: "celsius > 18, at most 5/s, celsius=0.5".
std::string shown(const proto::Selection& selection);

class SourceJudge final : public proto::Judge {
 public:
  // What it needs of the publisher, when the selections have changed.
  struct Publisher {
    const Format* format = nullptr;
    Binding binding;  // may be invalid
    // Visits the values kept for late joiners.
    std::function<void(const std::function<void(std::int64_t published_ns, ByteView bytes,
                                                Compression compression)>&)>
        for_each_kept;
    std::function<void(std::string)> tell;
  };
  void set_publisher(Publisher publisher) { publisher_ = std::move(publisher); }

  // The value that takers() is asked about next, in a layout of the publisher's type; both live
  // until then.
  void show(const LayoutPtr& layout, const void* value, std::int64_t published_ns) {
    layout_ = &layout;
    value_ = value;
    published_ns_ = published_ns;
  }
  void show(LayoutPtr&& layout, const void* value, std::int64_t published_ns) = delete;
  std::uint32_t takers(std::uint64_t version,
                       std::span<const proto::StreamSelection> selections) override;

 private:
  struct Compiled {
    std::uint64_t fingerprint = 0;
    Instant since{};
    bool stateful = false;
    std::int64_t refresh_ns = 0, passed_ns = 0;
    std::unique_ptr<Selection> selection;  // null: everything is taken
  };
  void compile(std::span<const proto::StreamSelection> selections);
  Compiled compiled(const proto::StreamSelection& wanted, Compiled* before);
  void seed(Compiled& fresh);
  bool takes(Compiled& by) const;

  Publisher publisher_;
  const LayoutPtr* layout_ = nullptr;
  const void* value_ = nullptr;
  std::int64_t published_ns_ = 0;
  std::uint64_t version_ = ~std::uint64_t{0};
  LayoutPtr compiled_for_;
  std::vector<Compiled> compiled_;
};

}  // namespace dts::domain
