// Output: everything the command says. stdout is data, stderr is everything about it. Knows the
// kind of output asked for, whether to colour, whether the terminal shows UTF-8, and when the
// reader of stdout has gone (which ends the command quietly). One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <dts/result.hpp>
#include <dts/time.hpp>

namespace dts::cli {

class Invocation;

enum class OutputKind : std::uint8_t { line, table, json, csv, value };
enum class Color : std::uint8_t { plain, type, dim, stale, error, good };
enum class TimeForm : std::uint8_t { local, rfc3339, seconds, nanoseconds, relative };

// How to look: taken from the flags, the environment and the terminal.
struct OutputStyle {
  OutputKind kind = OutputKind::line;
  bool kind_given = false;
  bool color_out = false, color_err = false;
  bool utf8 = true;
  bool quiet = false, verbose = false;
  bool terminal_out = false;  // stdout is a terminal
  bool terminal_err = false;
  std::size_t width = 0;      // columns of the terminal; 0: unlimited
  std::size_t width_err = 0;  // of the one behind stderr
  TimeForm time_form = TimeForm::local;
};
OutputStyle style_from(const Invocation& invocation);
// Before the command line could be parsed: only "--json" and the environment are looked at.
OutputStyle style_without_flags(bool json);

class Output {
 public:
  explicit Output(OutputStyle style, int out_fd = 1, int err_fd = 2)
      : style_(style), out_fd_(out_fd), err_fd_(err_fd) {}
  ~Output() {
    status({});
    flush();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const OutputStyle& style() const { return style_; }
  bool json() const { return style_.kind == OutputKind::json; }
  OutputKind kind() const { return style_.kind; }
  int out_fd() const { return out_fd_; }

  // Data: buffered until flush(), or until there is much of it.
  void data(std::string_view text);
  void line(std::string_view text);
  // False when the reader has gone or the disk is full: then there is no point in going on.
  bool flush();
  bool reader_gone() const { return reader_gone_; }
  bool write_failed() const { return write_failed_; }

  // stderr. note: a remark (not with -q, nor as JSON); warn: "! ..."; good: "✓ ...".
  void note(std::string_view text);
  void warn(std::string_view text);
  void detail(std::string_view text);  // only with -v
  void error(const Error& error);
  void say(std::string_view text);  // as it is, always
  // A line on the terminal behind stderr that the next one replaces, and anything said or printed
  // clears away; empty: only that. Without a terminal, and where only data or JSON is wanted,
  // nothing: has_status() tells.
  void status(std::string_view text);
  bool has_status() const { return style_.terminal_err && !style_.quiet && !json(); }
  // A JSON object about the data, on stderr, when --json; otherwise nothing.
  void json_note(std::string_view object);

  std::string paint(Color color, std::string_view text) const;
  std::string paint_err(Color color, std::string_view text) const;
  // The glyphs, or their ASCII stand-ins.
  std::string_view glyph_ok() const { return style_.utf8 ? "✓" : "+"; }
  std::string_view glyph_bad() const { return style_.utf8 ? "✗" : "x"; }
  std::string_view arrow() const { return style_.utf8 ? "→" : "->"; }
  std::string_view dot() const { return style_.utf8 ? "·" : "|"; }
  std::string time_text(Time time) const;

 private:
  OutputStyle style_;
  int out_fd_, err_fd_;
  std::string buffer_;
  bool reader_gone_ = false, write_failed_ = false;
  bool status_shown_ = false;
};

// The error as a JSON object: {"error":{"id":"E1204","name":...,"what":...,...}}.
std::string error_json(const Error& error);
// The error as people read it, without a glyph: one or more lines.
std::string error_lines(const Error& error);

}  // namespace dts::cli
