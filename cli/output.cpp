// Writing to stdout and stderr: colours, glyphs, errors, and a reader that goes away.
#include <cli/output.hpp>

#include <sys/ioctl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <base/text.hpp>
#include <cli/invocation.hpp>
#include <cli/json_object.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : nullptr;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const char* value = environment(name)) {
      return std::strstr(value, "UTF-8") || std::strstr(value, "utf8") ||
             std::strstr(value, "UTF8") || std::strstr(value, "utf-8");
    }
  }
  return false;
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string_view color_code(Color color) {
  switch (color) {
    case Color::plain:
      return "";
    case Color::type:
      return "\033[36m";
    case Color::dim:
      return "\033[2m";
    case Color::stale:
      return "\033[33m";
    case Color::error:
      return "\033[31m";
    case Color::good:
      return "\033[32m";
  }
  return "";
}

std::string painted(bool enabled, Color color, std::string_view text) {
  if (!enabled || color == Color::plain || text.empty()) return std::string(text);
  return std::string(color_code(color)) + std::string(text) + "\033[0m";
}

OutputKind kind_of(std::string_view word) {
  if (word == "table") return OutputKind::table;
  if (word == "json") return OutputKind::json;
  if (word == "csv") return OutputKind::csv;
  if (word == "value") return OutputKind::value;
  return OutputKind::line;
}

TimeForm time_form_of(std::string_view word, OutputKind kind) {
  if (word == "local") return TimeForm::local;
  if (word == "rfc3339") return TimeForm::rfc3339;
  if (word == "s") return TimeForm::seconds;
  if (word == "ns") return TimeForm::nanoseconds;
  if (word == "rel") return TimeForm::relative;
  return kind == OutputKind::json || kind == OutputKind::csv ? TimeForm::rfc3339 : TimeForm::local;
}

// Writes all of it; false on an error other than an interrupt.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

OutputStyle style_without_flags(bool json) {
  OutputStyle style;
  if (json) style.kind = OutputKind::json;
  style.utf8 = locale_is_utf8();
  style.terminal_out = ::isatty(1) == 1;
  style.terminal_err = ::isatty(2) == 1;
  if (style.terminal_out) style.width = terminal_width(1);
  if (style.terminal_err) style.width_err = terminal_width(2);
  const bool forced = environment("CLICOLOR_FORCE") != nullptr;
  const bool refused = environment("NO_COLOR") != nullptr;
  style.color_out = !refused && (forced || style.terminal_out);
  style.color_err = !refused && (forced || ::isatty(2) == 1);
  return style;
}

OutputStyle style_from(const Invocation& invocation) {
  OutputStyle style = style_without_flags(false);
  if (const auto kind = invocation.value("output")) {
    style.kind = kind_of(*kind);
    style.kind_given = true;
  }
  if (invocation.has("json")) {
    style.kind = OutputKind::json;
    style.kind_given = true;
  }
  style.quiet = invocation.has("quiet");
  style.verbose = invocation.has("verbose");
  const std::string when = invocation.value("color").value_or("auto");
  if (when != "auto") style.color_out = style.color_err = when == "always";
  if (style.kind == OutputKind::json || style.kind == OutputKind::csv) style.color_out = false;
  style.time_form = time_form_of(invocation.value("time-format").value_or("auto"), style.kind);
  return style;
}

void Output::data(std::string_view text) {
  if (reader_gone_ || write_failed_) return;
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) flush();
}

void Output::line(std::string_view text) {
  data(text);
  data("\n");
}

bool Output::flush() {
  if (reader_gone_ || write_failed_) return false;
  if (!buffer_.empty() && style_.terminal_out) status({});
  if (!buffer_.empty() && !write_all(out_fd_, buffer_)) {
    (errno == EPIPE ? reader_gone_ : write_failed_) = true;
    const int reason = errno;
    buffer_.clear();
    if (write_failed_) {
      error(Error(ErrorCode::system, "cannot write the output", "stdout", std::strerror(reason)));
    }
    return false;
  }
  buffer_.clear();
  return true;
}

// What was already said on stdout comes first, so that the two keep their order on a terminal.
void Output::say(std::string_view text) {
  if (!buffer_.empty()) flush();
  status({});
  std::string line(text);
  line += '\n';
  write_all(err_fd_, line);  // nobody to tell when stderr itself is gone
}

void Output::status(std::string_view text) {
  if (!has_status() || (text.empty() && !status_shown_)) return;
  std::string line = "\r\033[K";
  line += text;
  status_shown_ = !text.empty();
  write_all(err_fd_, line);
}

void Output::note(std::string_view text) {
  if (!style_.quiet && !json()) say(paint_err(Color::dim, text));
}

void Output::detail(std::string_view text) {
  if (!style_.verbose || style_.quiet) return;
  if (json())
    say(JsonObject().text("detail", text).str());
  else
    say(paint_err(Color::dim, text));
}

void Output::warn(std::string_view text) {
  if (style_.quiet) return;
  if (json()) {
    say(JsonObject().text("warning", text).str());
  } else {
    say(paint_err(Color::stale, "!") + " " + std::string(text));
  }
}

void Output::json_note(std::string_view object) {
  if (json() && !style_.quiet) say(object);
}

void Output::error(const Error& error) {
  if (json()) {
    say(error_json(error));
  } else {
    say(paint_err(Color::error, glyph_bad()) + " " + error_lines(error));
  }
}

std::string Output::paint(Color color, std::string_view text) const {
  return painted(style_.color_out, color, text);
}

std::string Output::paint_err(Color color, std::string_view text) const {
  return painted(style_.color_err, color, text);
}

std::string Output::time_text(Time time) const { return cli::time_text(time, style_.time_form); }

std::string error_json(const Error& error) {
  JsonObject inner;
  inner.text("id", error_id(error.code())).text("name", error_name(error.code()));
  inner.text("what", error.what());
  if (!error.where().empty()) inner.text("where", error.where());
  if (!error.why().empty()) inner.text("why", error.why());
  if (!error.hint().empty()) inner.text("hint", error.hint());
  return JsonObject().raw("error", inner.str()).str();
}

std::string error_lines(const Error& error) {
  // Several lines (a caret under the notation) keep their line breaks; nothing else steers.
  const auto safe = [](const std::string& text) {
    std::string result;
    std::size_t from = 0;
    for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      result += base::printable(text.substr(from, end - from)) + "\n  ";
    }
    return result + base::printable(text.substr(from));
  };
  std::string text = error_id(error.code()) + " ";
  text += error.what().empty() ? std::string(error_name(error.code())) : safe(error.what());
  if (error.code() == ErrorCode::unknown_field && !error.hint().empty()) {
    text += ";  " + safe(error.hint());
    if (!error.why().empty()) text += "      " + safe(error.why());
    return text;
  }
  if (!error.where().empty()) text += ", at " + safe(error.where());
  if (!error.why().empty()) text += ": " + safe(error.why());
  if (!error.hint().empty()) text += "\n  try: " + safe(error.hint());
  return text;
}

}  // namespace dts::cli
