#include <cli/gateway/live_stream.hpp>

#include <chrono>

#include <cli/json_object.hpp>
#include <cli/sample_lines.hpp>

namespace dts::cli {

namespace {
constexpr std::size_t kEncodersMax = 256;
constexpr unsigned kQuietSeconds = 10;  // then a sign of life, so that proxies keep the connection
}  // namespace

LiveStream::LiveStream(Domain& domain, const std::string& name, SubscribeOptions options, Form form)
    : form_(form) {
  options.quiet = true;
  options.on_gap = [this](const Gap& gap) { put(gap_json(gap)); };
  subscription_ = domain.subscribe(
      name,
      [this](const Value& value, const Sample& sample) {
        if (encoders_.size() > kEncodersMax) encoders_.clear();
        const auto json = encoders_[sample.origin().type].encode(value);
        put(sample_json(
            {value, sample.origin(), sample.sequence(), sample.published(), sample.received()},
            json ? *json : "null"));
      },
      std::move(options));
}

void LiveStream::put(std::string line) {
  const std::lock_guard lock(mutex_);
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  while (bytes_ > waiting_bytes_max && lines_.size() > 1) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
    ++missed_;
  }
  some_.notify_one();
}

void LiveStream::say(std::string& out, const std::string& line) const {
  if (form_ == Form::events) out += "data: ";
  out += line;
  out += form_ == Form::events ? "\n\n" : "\n";
}

void LiveStream::next(std::string& out) {
  std::unique_lock lock(mutex_);
  some_.wait_for(lock, std::chrono::seconds(1), [this] { return !lines_.empty(); });
  quiet_ = lines_.empty() ? quiet_ + 1 : 0;
  if (quiet_ >= kQuietSeconds) {
    if (form_ == Form::events) out += ": nothing new\n\n";
    quiet_ = 0;
  }
  if (missed_ > 0) {
    say(out, JsonObject()
                 .raw("missed", JsonObject()
                                    .count("lines", missed_)
                                    .text("reason", "this reader is slower than the values")
                                    .str())
                 .str());
    missed_ = 0;
  }
  for (const std::string& line : lines_) say(out, line);
  lines_.clear();
  bytes_ = 0;
}

}  // namespace dts::cli
