#include "domain/judging.hpp"

#include <algorithm>
#include <cstdio>

#include "base/compression.hpp"
#include "type/filter_tree.hpp"

namespace dts::domain {

namespace {

// What is longer than this is not announced, and decided by the subscriber alone.
constexpr std::size_t where_bytes_max = 600, band_bytes_max = 64, bands_max = 8;
// Of a value that is compressed where it is kept.
constexpr std::uint64_t plain_bytes_max = 16u << 20;
// So often a value passes though rate or dead band would keep it: should subscriber and publisher
// have come to differ, because a value was lost, the subscriber's own decision counts again.
constexpr std::int64_t refresh_ns = 1'000'000'000;

bool mentions_now(const FilterNode& node) {
  return std::any_of(node.operands.begin(), node.operands.end(),
                     [](const FilterOperand& o) { return o.sort == FilterOperand::Sort::now; }) ||
         std::any_of(node.children.begin(), node.children.end(), mentions_now);
}

}  // namespace

std::optional<proto::Selection> announced_selection(const SubscribeOptions& options,
                                                    const Layout* layout) {
  proto::Selection selection;
  if (layout != nullptr) selection.type = layout->type.id();
  if (!options.where.empty()) {
    // Two clocks would have to agree on `now`.
    const Result<FilterTree> tree = parse_filter(options.where, {});
    if (!tree || mentions_now(tree->root)) return std::nullopt;
    selection.where = print_filter(tree->root);
  }
  selection.interval_ns = static_cast<std::uint64_t>(Selection::interval_of(options.rate_hz_max));
  for (const DeadBand& band : options.dead_bands) {
    if (band.field.size() > band_bytes_max || band.width.size() > band_bytes_max)
      return std::nullopt;
    selection.dead_bands.emplace_back(band.field, band.width);
  }
  if (selection.where.size() > where_bytes_max || selection.dead_bands.size() > bands_max)
    return std::nullopt;
  if (selection.where.empty() && !selection.stateful()) return std::nullopt;
  return selection;
}

std::string shown(const proto::Selection& selection) {
  std::string text = selection.where;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (selection.interval_ns != 0) {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.4g", 1e9 / static_cast<double>(selection.interval_ns));
    add("at most " + std::string(rate) + "/s");
  }
  for (const auto& [field, width] : selection.dead_bands) add("dead band " + field + "=" + width);
  return text;
}

std::uint32_t SourceJudge::takers(std::uint64_t version,
                                  std::span<const proto::StreamSelection> selections) {
  if (version != version_ || *layout_ != compiled_for_) compile(selections);
  version_ = version;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < compiled_.size(); ++i)
    if (takes(compiled_[i])) bits |= 1u << i;
  return bits;
}

bool SourceJudge::takes(Compiled& by) const {
  if (by.selection == nullptr) return true;
  bool taken = by.selection->takes(value_, {}, published_ns_);
  if (!taken && by.stateful) {
    const std::int64_t since = published_ns_ - by.passed_ns;
    taken = (since < 0 || since >= by.refresh_ns) && by.selection->admits(value_);
  }
  if (taken) by.passed_ns = published_ns_;
  return taken;
}

// Those that are as before go on as they are: in another layout, as values of a type known at run
// time may bring one each, they are made anew and remember what was taken.
void SourceJudge::compile(std::span<const proto::StreamSelection> selections) {
  const LayoutPtr before = std::exchange(compiled_for_, *layout_);  // lives as long as compiled_
  std::vector<Compiled> next;
  for (const proto::StreamSelection& wanted : selections) {
    const auto same = std::find_if(compiled_.begin(), compiled_.end(), [&](const Compiled& have) {
      return have.fingerprint == wanted.fingerprint && have.since == wanted.since;
    });
    if (same != compiled_.end() && before == compiled_for_)
      next.push_back(std::move(*same));
    else
      next.push_back(compiled(wanted, same == compiled_.end() ? nullptr : &*same));
  }
  compiled_ = std::move(next);
}

SourceJudge::Compiled SourceJudge::compiled(const proto::StreamSelection& wanted,
                                            Compiled* before) {
  const proto::Selection& s = wanted.selection;
  Compiled fresh;
  fresh.fingerprint = wanted.fingerprint;
  fresh.since = wanted.since;
  fresh.stateful = s.stateful();
  // In another type than this publisher's a value may read otherwise.
  if (!s.type.is_zero() && s.type != compiled_for_->type.id()) return fresh;
  if (s.interval_ns > Selection::interval_ns_most) return fresh;
  std::vector<DeadBand> bands;
  for (const auto& [field, width] : s.dead_bands) bands.push_back({field, width});
  fresh.refresh_ns = std::max(refresh_ns, static_cast<std::int64_t>(s.interval_ns));
  Result<std::unique_ptr<Selection>> made = Selection::make(
      s.where, static_cast<std::int64_t>(s.interval_ns), std::move(bands), *compiled_for_);
  if (!made) {
    // Of a pattern most types may be meant to be left out; what cannot be read at all is told.
    if (!Filter::check(s.where) && publisher_.tell)
      publisher_.tell("a subscriber's filter is not understood here, so everything is sent: " +
                      s.where);
    return fresh;
  }
  fresh.selection = std::move(*made);
  if (before != nullptr && before->selection != nullptr) {
    fresh.selection->resume(std::move(*before->selection));
    fresh.passed_ns = before->passed_ns;
  } else if (wanted.history && fresh.stateful) {
    seed(fresh);
  }
  return fresh;
}

// The subscriber began with the values that are kept: so does what decides like it.
void SourceJudge::seed(Compiled& fresh) {
  if (!publisher_.for_each_kept || publisher_.format == nullptr) return;
  const Assignment same = Assignment::make(compiled_for_->type, compiled_for_->type);
  const Result<std::unique_ptr<Decoder>> decoder =
      publisher_.binding.valid()
          ? publisher_.format->bound_decoder(same, *compiled_for_, publisher_.binding)
          : publisher_.format->decoder(same, *compiled_for_);
  if (!decoder) return;
  Value value(compiled_for_);
  publisher_.for_each_kept([&](std::int64_t published_ns, ByteView bytes, Compression compression) {
    Result<Bytes> plain = Bytes();
    if (compression != Compression::none) {
      plain = base::decompress(compression, bytes, plain_bytes_max);
      if (!plain) return;
      bytes = *plain;
    }
    if ((*decoder)->decode(bytes, value.data()) &&
        fresh.selection->takes(value.data(), {}, published_ns))
      fresh.passed_ns = published_ns;
  });
}

}  // namespace dts::domain
