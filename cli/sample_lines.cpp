#include <cli/sample_lines.hpp>

#include <algorithm>
#include <cstdio>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/table.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kEncodersMax = 256;  // then they are made anew

std::string labels_text(const Labels& labels, const std::vector<Leaf>& shown) {
  std::string text;
  for (const auto& [key, value] : labels) {
    const bool is_field =
        std::any_of(shown.begin(), shown.end(), [&](const Leaf& leaf) { return leaf.path == key; });
    if (!is_field) text += "   " + base::printable(key) + "=" + base::printable(value);
  }
  return text;
}

}  // namespace

void SampleLines::show(const Received& received) {
  if (format_ != nullptr) {
    show_in_format(received);
  } else {
    show_in_kind(received);
  }
  if (raw_ && !out_.json()) dump(received);
}

void SampleLines::show_in_kind(const Received& received) {
  switch (out_.kind()) {
    case OutputKind::json:
      return out_.line(json(received));
    case OutputKind::csv:
      return csv(received);
    case OutputKind::value:
      return value(received);
    case OutputKind::line:
    case OutputKind::table:
      return out_.line(line(received));
  }
}

void SampleLines::show_in_format(const Received& received) {
  if (format_encoders_.size() > kEncodersMax) format_encoders_.clear();
  FormatEncoder& made = format_encoders_[received.value.type().id()];
  if (made.encoder == nullptr) {
    made.layout = received.value.layout_ptr();
    auto encoder = format_->encoder(*made.layout);
    if (!encoder) {
      out_.warn("a value cannot be shown as " + std::string(format_->name()) + ": " +
                base::printable(encoder.error().text()));
      return;
    }
    made.encoder = std::move(*encoder);
  }
  Bytes bytes;
  if (const auto encoded = made.encoder->encode(received.value.data(), bytes); !encoded) {
    out_.warn("a value cannot be shown as " + std::string(format_->name()) + ": " +
              base::printable(encoded.error().text()));
    return;
  }
  if (!format_->is_text()) return out_.line(base::to_hex(bytes));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;) {
    out_.line(base::printable(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  out_.line(base::printable(text));
}

// cbor, 24 bytes
//   00000000  a2 67 63 65 6c 73 69 75  73 fb 40 32 0f df 3b 64  .gcelsius.@2..;d
void SampleLines::dump(const Received& received) {
  constexpr std::size_t row_bytes = 16, group_bytes = 8;
  const ByteView bytes = received.message;
  out_.line(received.source.format + ", " + counted(bytes.size(), "byte"));
  for (std::size_t at = 0; at < bytes.size(); at += row_bytes) {
    char offset[24];
    std::snprintf(offset, sizeof offset, "%08zx", at);
    std::string line = "  " + std::string(offset) + " ";
    std::string text;
    for (std::size_t i = 0; i < row_bytes; ++i) {
      if (i % group_bytes == 0) line += " ";
      if (at + i >= bytes.size()) {
        line += "   ";
        continue;
      }
      const std::uint8_t byte = bytes[at + i];
      line += base::to_hex(bytes.subspan(at + i, 1)) + " ";
      text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    out_.line(line + " " + text);
  }
}

void SampleLines::show_hex(const Received& received) { out_.line(base::to_hex(received.message)); }

std::string SampleLines::line(const Received& received) {
  const std::string source = base::printable(received.source.name);
  const std::string type = base::printable(received.source.type_name);
  source_width_ = std::max(source_width_, display_width(source));
  type_width_ = std::max(type_width_, display_width(type));
  LeafOptions options;
  options.only = fields_;
  const std::vector<Leaf> all = leaves(received.value, options);
  std::string text = out_.time_text(received.published) + "  ";
  if (show_type_) text += out_.paint(Color::type, padded(type, type_width_)) + "  ";
  text += out_.paint(Color::dim, padded(source, source_width_)) + "   ";
  text += leaves_line(all, out_.style().utf8);
  return text + out_.paint(Color::dim, labels_text(received.source.labels, all));
}

namespace {
JsonObject sample_object(const Received& received) {
  JsonObject object;
  object.text("type", received.source.type_name)
      .text("id", received.source.type.short_hex())
      .text("src", received.source.name)
      .texts("labels", received.source.labels)
      .count("seq", received.sequence)
      .text("t", to_rfc3339(received.published))
      .integer("lat_us", (received.received - received.published).count() / 1000);
  return object;
}
}  // namespace

std::string sample_json(const Received& received, std::string_view value) {
  return sample_object(received).raw("v", value).str();
}

std::string gap_json(const Gap& gap) {
  return JsonObject()
      .text("type", gap.source->type_name)
      .text("src", gap.source->name)
      .raw("gap", JsonObject()
                      .count("from", gap.from)
                      .count("to", gap.to)
                      .count("count", gap.count())
                      .text("reason", gap_reason_name(gap.reason))
                      .str())
      .str();
}

std::string SampleLines::json(const Received& received) {
  if (encoders_.size() > kEncodersMax) encoders_.clear();
  const auto encoded = encoders_[received.source.type].encode(received.value, fields_);
  JsonObject object = sample_object(received);
  if (raw_)
    object.text("format", received.source.format).text("raw", base::to_hex(received.message));
  if (!encoded) {
    out_.warn("a value cannot be shown as JSON: " + base::printable(encoded.error().text()));
    return object.raw("v", "null").str();
  }
  return object.raw("v", *encoded).str();
}

// One header per set of columns: types differ, and so do lists of optional fields.
void SampleLines::csv(const Received& received) {
  LeafOptions options;
  options.only = fields_;
  std::vector<std::string> header{"time", "type", "source", "seq"};
  std::vector<std::string> row{out_.time_text(received.published), received.source.type_name,
                               received.source.name, std::to_string(received.sequence)};
  for (const Leaf& leaf : leaves(received.value, options)) {
    header.push_back(leaf.path);
    row.push_back(leaf.text == "-" ? "" : leaf.text);
  }
  const std::string names = csv_line(header);
  if (names != csv_header_) out_.line(csv_header_ = names);
  out_.line(csv_line(row));
}

void SampleLines::value(const Received& received) {
  LeafOptions options;
  options.only = fields_;
  std::vector<std::string> texts;
  for (const Leaf& leaf : leaves(received.value, options)) texts.push_back(leaf.text);
  out_.line(joined(texts, "\t"));
}

void SampleLines::show_gap(const Gap& gap) {
  const std::string reason(gap_reason_name(gap.reason));
  if (out_.json()) return out_.line(gap_json(gap));
  if (gap.reason == Gap::Reason::too_large) {
    out_.warn(base::printable(gap.source->name) + ": a value of " +
              base::printable(gap.source->type_name) +
              " is too large: " + base::printable(gap.detail) + "  (try: --max-bytes)");
    return;
  }
  std::string text = base::printable(gap.source->name) + ": " + counted(gap.count(), "value") +
                     " of " + base::printable(gap.source->type_name) + " " + reason + " (seq " +
                     std::to_string(gap.from);
  if (gap.to != gap.from) text += ".." + std::to_string(gap.to);
  text += ")";
  if (!gap.detail.empty()) text += ": " + base::printable(gap.detail);
  out_.warn(text);
}

}  // namespace dts::cli
