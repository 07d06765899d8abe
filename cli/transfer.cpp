#include <cli/transfer.hpp>

#include <algorithm>
#include <cmath>

#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kBarCells = 24;
constexpr auto kSpan = std::chrono::seconds(3);  // over which the speed is taken
constexpr std::size_t kMarksMax = 64, kKnownMax = 64;

unsigned percent_of(std::uint64_t bytes, std::uint64_t total) {
  return total == 0 ? 100 : static_cast<unsigned>(bytes / (static_cast<double>(total) / 100));
}

// "5 s", "2m 10s", "1h 5m"
std::string left_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + "m " + std::to_string(whole % 60) + "s";
  return std::to_string(whole / 3600) + "h " + std::to_string(whole % 3600 / 60) + "m";
}

}  // namespace

void Transfer::moved(Instant now, std::uint64_t bytes, std::uint64_t total) {
  bytes_ = std::min(bytes, total);
  total_ = total;
  marks_.push_back({now, bytes_});
  while (marks_.size() > 2 && (now - marks_.front().at > kSpan || marks_.size() > kMarksMax))
    marks_.pop_front();
}

double Transfer::bytes_per_second() const {
  if (marks_.size() < 2) return 0;
  const Mark &first = marks_.front(), &last = marks_.back();
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  return seconds > 0 && last.bytes > first.bytes
             ? static_cast<double>(last.bytes - first.bytes) / seconds
             : 0;
}

std::string Transfer::state_text() const {
  return std::to_string(percent_of(bytes_, total_)) + " %  " +
         bytes_text(static_cast<double>(bytes_)) + " of " + bytes_text(static_cast<double>(total_));
}

std::string Transfer::bar_text(bool utf8) const {
  const std::size_t full = kBarCells * percent_of(bytes_, total_) / 100;
  std::string bar = "[";
  for (std::size_t i = 0; i < kBarCells; ++i)
    bar += i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : "-");
  bar += "]  " + state_text();
  const double speed = bytes_per_second();
  if (speed <= 0) return bar;
  bar += "  " + bandwidth_text(speed);
  if (bytes_ < total_)
    bar += "  " + left_text(static_cast<double>(total_ - bytes_) / speed) + " left";
  return bar;
}

void Transfers::moved(const std::string& source, std::uint64_t first, const std::string& what,
                      std::uint64_t bytes, std::uint64_t total) {
  const std::pair key(source, first);
  if (known_.size() >= kKnownMax && !known_.contains(key)) return;
  Known& known = known_[key];
  known.what = what;
  known.transfer.moved(std::chrono::steady_clock::now(), bytes, total);
  if (out_.has_status()) {
    const OutputStyle& style = out_.style();
    const std::string line = what + "  " + known.transfer.bar_text(style.utf8);
    out_.status(style.width_err == 0 ? line : shortened(line, style.width_err - 1, style.utf8));
  }
  if (bytes < total) return;
  known_.erase(key);
  out_.status({});
}

bool Transfers::died(const std::string& source, std::uint64_t from, std::uint64_t to,
                     const std::string& why) {
  bool any = false;
  for (auto i = known_.lower_bound({source, from});
       i != known_.end() && i->first.first == source && i->first.second <= to;
       i = known_.erase(i)) {
    any = true;
    out_.status({});
    if (!out_.json())
      out_.warn(i->second.what + " stopped at " + i->second.transfer.state_text() + ": " + why);
  }
  return any;
}

}  // namespace dts::cli
