#include "domain/selection.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "type/filter_program.hpp"
#include "type/filter_unit.hpp"

namespace dts::domain {

namespace {

constexpr std::size_t sources_max = 4096;  // then what was taken is forgotten: one value more each
constexpr double rate_hz_least = 1e-9, rate_hz_most = 1e9;
// Times beyond this, some 126 years from 1970, are not told apart: nothing overflows.
constexpr std::int64_t time_ns_most = 4'000'000'000'000'000'000;

// Numbers and durations have distances; the error names the field.
Error no_distance(const DeadBand& asked, const Layout& layout, const Field* field) {
  return Error(ErrorCode::filter, field_shown(asked.field, layout, field) + " has no dead band",
               base::printable(asked.field), {}, "numbers and durations have one");
}

Error bad_width(const DeadBand& asked, std::string what, std::string hint) {
  return Error(ErrorCode::filter, std::move(what), base::printable(asked.field + "=" + asked.width),
               {}, std::move(hint));
}

}  // namespace

Result<Selection::Band> Selection::band_of(const DeadBand& asked, const Layout& layout) {
  Result<FieldPath> found = FieldPath::make(layout, asked.field);
  if (!found)
    return Error(ErrorCode::filter, found.error().what(), base::printable(asked.field), {},
                 found.error().hint());
  Band band{std::move(*found), 0, false};
  const Layout& place = band.field.layout();
  const Field* field = band.field.field();
  if (place.kind == Kind::duration) {
    const Result<Duration> width = duration_from_text(asked.width);
    if (!width) return bad_width(asked, width.error().what(), "500ms");
    band.width = static_cast<double>(width->count());
    return band;
  }
  const bool number =
      place.kind == Kind::decimal || (place.kind <= Kind::f64 && place.kind != Kind::boolean);
  if (!number) return no_distance(asked, place, field);
  DTS_ASSIGN(const FilterOperand width, parse_quantity(asked.width, asked.field + "="));
  std::from_chars(width.text.data(), width.text.data() + width.text.size(), band.width);
  if (!(band.width > 0) || !std::isfinite(band.width))
    return bad_width(asked, "a dead band is larger than 0", "0.5");
  // 5% of the last value; of a field measured in %, five of those.
  if (width.unit == "%" && (field == nullptr || field->unit != "%")) {
    band.relative = true;
    band.width /= 100;
    return band;
  }
  const Result<FilterScale> scale = filter_scale(width.unit, field, true);
  if (!scale)
    return bad_width(asked, field_shown(asked.field, place, field) + ": " + scale.error().what(),
                     scale.error().hint());
  band.width = std::abs(static_cast<double>(band.width * scale->scale));
  return band;
}

Result<void> Selection::check(const SubscribeOptions& options) {
  if (!options.where.empty()) DTS_TRY(Filter::check(options.where, "where"));
  const double rate = options.rate_hz_max;
  if (rate != 0 && !(rate >= rate_hz_least && rate <= rate_hz_most))
    return Error(ErrorCode::filter, "this is no rate: " + std::to_string(rate), "rate_hz_max", {},
                 "values a second, such as 5");
  return {};
}

Result<std::unique_ptr<Selection>> Selection::make(const SubscribeOptions& options,
                                                   const Layout& layout) {
  DTS_TRY(check(options));
  return make(options.where, interval_of(options.rate_hz_max), options.dead_bands, layout);
}

std::int64_t Selection::interval_of(double rate_hz_max) {
  return rate_hz_max > 0 ? static_cast<std::int64_t>(1e9 / rate_hz_max) : 0;
}

Result<std::unique_ptr<Selection>> Selection::make(const std::string& where,
                                                   std::int64_t interval_ns,
                                                   const std::vector<DeadBand>& dead_bands,
                                                   const Layout& layout) {
  auto selection = std::make_unique<Selection>();
  if (!where.empty()) {
    DTS_ASSIGN(selection->filter_, Filter::compile(where, layout, "where"));
  }
  selection->interval_ns_ = interval_ns;
  for (const DeadBand& asked : dead_bands) {
    DTS_ASSIGN(Band band, band_of(asked, layout));
    selection->bands_.push_back(std::move(band));
  }
  if (selection->filter_.empty() && selection->interval_ns_ == 0 && selection->bands_.empty())
    selection.reset();
  return selection;
}

// Has any of the fields left its band, come, or gone?
bool Selection::moved(const void* value, const Taken& taken) const {
  for (std::size_t i = 0; i < bands_.size(); ++i) {
    const Band& band = bands_[i];
    const std::optional<double>& last = taken.values[i];
    const void* place = band.field.find(value);
    if ((place != nullptr) != last.has_value()) return true;
    if (place == nullptr) continue;
    const double now = to_double(load_number(band.field.layout(), place));
    if (std::isnan(now) || std::isnan(*last)) {
      if (std::isnan(now) != std::isnan(*last)) return true;
      continue;
    }
    if (now == *last) continue;
    const double width = band.relative ? band.width * std::abs(*last) : band.width;
    if (!(std::abs(now - *last) < width)) return true;
  }
  return false;
}

bool Selection::takes(const void* value, const SourceKey& source, std::int64_t published_ns) {
  if (!filter_.matches(value)) return false;
  if (interval_ns_ == 0 && bands_.empty()) return true;
  const auto found = taken_.find(source);
  if (found == taken_.end() && taken_.size() >= sources_max) taken_.clear();
  Taken& taken = found == taken_.end() ? taken_[source] : found->second;
  // A source whose clock was set back by more than the interval begins anew.
  published_ns = std::clamp(published_ns, -time_ns_most, time_ns_most);
  const bool limited = taken.any && interval_ns_ > 0 && published_ns < taken.due_ns &&
                       published_ns >= taken.due_ns - 2 * interval_ns_;
  if (limited) return false;
  if (taken.any && !bands_.empty() && !moved(value, taken)) return false;

  // Counted from when it was due, so that a source that is a little late is not slowed down.
  const bool steady =
      taken.any && published_ns >= taken.due_ns && published_ns - taken.due_ns < interval_ns_;
  taken.due_ns = (steady ? taken.due_ns : published_ns) + interval_ns_;
  taken.any = true;
  taken.values.resize(bands_.size());
  for (std::size_t i = 0; i < bands_.size(); ++i) {
    const void* place = bands_[i].field.find(value);
    taken.values[i].reset();
    if (place != nullptr) taken.values[i] = to_double(load_number(bands_[i].field.layout(), place));
  }
  return true;
}

}  // namespace dts::domain
