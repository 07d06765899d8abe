// How a value with what came with it is printed, in each kind of output: sub and get.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cli/output.hpp>
#include <cli/value_text.hpp>
#include <dts/sample.hpp>

namespace dts::cli {

// A value and what came with it, in the CLI's own terms (a Sample is the domain's to make).
struct Received {
  const Value& value;
  const Source& source;
  std::uint64_t sequence = 0;
  Time published{}, received{};
  ByteView message{};
};

// {"type","id","src","labels","seq","t","lat_us","v"}: `value` is the value's JSON.
std::string sample_json(const Received& received, std::string_view value);
// {"type","src","gap":{"from","to","count","reason"}}
std::string gap_json(const Gap& gap);

class SampleLines {
 public:
  // `fields`: only these paths. `show_type`: several types are mixed.
  SampleLines(Output& out, std::vector<std::string> fields, bool show_type)
      : out_(out), fields_(std::move(fields)), show_type_(show_type) {}

  // Instead of lines: the value anew in this format, as text, or in hex if it is not text.
  void set_format(const Format* format) { format_ = format; }
  // With every value its message as it came: the format's name and a dump of the bytes.
  void set_raw(bool raw) { raw_ = raw; }

  void show(const Received& received);
  void show_hex(const Received& received);
  // A gap goes into the stream as JSON, and to stderr otherwise.
  void show_gap(const Gap& gap);
  // The line of --line, without a line break.
  std::string line(const Received& received);

 private:
  std::string json(const Received& received);
  void csv(const Received& received);
  void value(const Received& received);
  void show_in_kind(const Received& received);
  void show_in_format(const Received& received);
  void dump(const Received& received);

  struct FormatEncoder {
    LayoutPtr layout;  // what the encoder was made for
    std::unique_ptr<Encoder> encoder;
  };
  Output& out_;
  std::vector<std::string> fields_;
  bool show_type_;
  std::size_t source_width_ = 0, type_width_ = 0;
  std::string csv_header_;
  std::map<TypeId, JsonEncoder> encoders_;
  const Format* format_ = nullptr;
  bool raw_ = false;
  std::map<TypeId, FormatEncoder> format_encoders_;
};

}  // namespace dts::cli
