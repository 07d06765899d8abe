// dts pub TYPE: publishes values given as field=value, as JSON, or as JSON lines on stdin; once, a
// number of times, or at a rate. Here is its row and what its arguments mean.
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <algorithm>

#include <base/text.hpp>
#include <cli/definition.hpp>
#include <cli/output.hpp>
#include <cli/publishing.hpp>
#include <cli/run.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'r', "rate", "HZ", "publish this often, until stopped or -n or -d"},
    {'n', "count", "N", "publish N times"},
    {'d', "duration", "DUR", "publish for this long"},
    {'l', "label", "K=V", "a label of this source; may be repeated"},
    {0, "require", "N", "wait for N subscribers; exit code 4 when fewer came in 2 s"},
    {0, "define", "TYPE",
     "the type: 'T{celsius:f64[Cel]}', or a file with it (.dts, .proto, .avsc ...)"},
    {0, "format", "NAME", "the data format (capnproto); dts formats lists them"},
    {0, "file", "PATH", "the value is what this file holds (- is stdin), in --file-format"},
    {0, "file-format", "NAME",
     "raw (a field of bytes, or packed) unless told; as --define's file says if in its format"},
    {0, "media", "TYPE", "what the bytes are, as the label media: image/jpeg"},
    {0, "profile", "NAME", "event, state, stream or command (event)", "event state stream command"},
    {0, "wait", "DUR",
     "wait this long for subscribers that are slow, then fail; a command: until it is confirmed "
     "(1s)"},
    {0, "to", "HOST/NODE",
     "--profile command: who has to confirm it; may be repeated (any one subscriber)"},
    {0, "keep", "N", "keep the last N values for late joiners and queries (1)"},
    {0, "compress", "HOW", "send large values compressed: lz4, zstd, or zstd:64KiB from a size on"},
};
constexpr Example kExamples[] = {
    {"dts pub brewery.Temperature celsius=12.4 tank=9", "one value"},
    {"dts pub Note --define 'Note{text:text}' text=hello", "of a new type"},
    {"dts pub Temperature '{\"celsius\":12.4}' -r 10", "ten a second, until Ctrl-C"},
    {"dts pub Temperature celsius='{{sine 60s 10 14}}' -r 1", "a simulated sensor"},
    {"dts pub map.Tiles --file tiles.tar --format raw --compress zstd", "a large file"},
    {"dts pub camera.Frame --file x.jpg --format raw --media image/jpeg", "a picture"},
    {"dts pub x.Tank --define x.proto --file msg.bin --file-format protobuf",
     "from protoc --encode"},
    {"dts pub Valve open=true --profile command --to pi/valve", "until it has been done"},
    {"tail -f log.json | dts pub Entry --wait 1s -", "JSON lines from a pipe, none lost"},
};

Result<void> parse_values(PubOptions& options, const std::vector<std::string>& arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    options.written += " " + base::printable(arguments[i]);
  }
  if (arguments.size() == 2 && arguments[1] == "-") {
    options.from_stdin = true;
  } else if (arguments.size() == 2 && !arguments[1].empty() && arguments[1][0] == '{') {
    options.json = arguments[1];
  } else {
    DTS_ASSIGN(options.pairs, parse_pairs(arguments, 1));
  }
  return {};
}

// Of at most 1 GiB, so that a wrong path ends with an error and not with the memory.
Result<Bytes> file_content(const std::string& path) {
  constexpr std::size_t bytes_max = std::size_t{1} << 30;
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& from = path == "-" ? std::cin : file;
  Bytes content;
  std::error_code unknown;  // as of a pipe
  if (const auto size = std::filesystem::file_size(path, unknown); !unknown && size <= bytes_max)
    content.reserve(size);
  char block[1 << 16];
  while (from && content.size() <= bytes_max) {
    from.read(block, sizeof block);
    content.insert(content.end(), block, block + from.gcount());
  }
  if (content.size() > bytes_max)
    return Error(ErrorCode::too_large, "a value has at most 1 GiB", base::printable(path));
  if (from.bad() || !from.eof())
    return Error(ErrorCode::file, "cannot read the file", base::printable(path),
                 std::strerror(errno));
  return content;
}

// --file and what it is in.
Result<void> parse_file(PubOptions& options, const Invocation& invocation) {
  const auto path = invocation.value("file");
  const auto format = invocation.value("file-format");
  if (!path) {
    if (!format) return {};
    return Error(ErrorCode::invalid_argument, "--file-format says what --file is in", {}, {},
                 "--file PATH --file-format " + base::printable(*format));
  }
  if (invocation.arguments().size() > 1)
    return Error(ErrorCode::invalid_argument, "a value is from --file or from arguments");
  DTS_ASSIGN(options.file_format, named_format(format.value_or("raw")));
  DTS_ASSIGN(options.bytes, file_content(*path));
  options.written += " --file " + base::printable(*path);
  return {};
}

// --compress lz4, --compress zstd:64KiB.
Result<void> parse_compression(PublishOptions& publish, const Invocation& invocation) {
  const auto how = invocation.value("compress");
  if (!how) return {};
  const std::size_t colon = how->find(':');
  const std::string name = how->substr(0, colon);
  std::optional<std::uint64_t> above = publish.compress_above_bytes;
  if (colon != std::string::npos) above = bytes_from_text(how->substr(colon + 1));
  if (name == "lz4") publish.compression = Compression::lz4;
  if (name == "zstd") publish.compression = Compression::zstd;
  if (publish.compression == Compression::none || !above)
    return Error(ErrorCode::invalid_argument, "--compress cannot be " + base::printable(*how), {},
                 "lz4 or zstd is expected, and perhaps a size", "--compress zstd:64KiB");
  publish.compress_above_bytes = static_cast<std::size_t>(*above);
  return {};
}

// --format and --define: what is said how.
Result<void> parse_type(PubOptions& options, const Invocation& invocation) {
  options.publish.format = invocation.value("format").value_or("capnproto");
  DTS_TRY(named_format(options.publish.format));
  const auto define = invocation.value("define");
  if (!define) return {};
  DTS_ASSIGN(Definition defined,
             read_definition(invocation.out(), *define, options.wish.name, "--define"));
  options.binding = defined.binding;
  if (options.binding.valid() && !invocation.has("format"))
    options.publish.format = options.binding.format();
  if (options.binding.valid() && options.publish.format == options.binding.format())
    options.publish.binding = options.binding;
  options.defined = std::move(defined.type);
  return {};
}

// type/subtype and perhaps parameters: RFC 6838, section 4.2.
Result<void> check_media(std::string_view media) {
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() <= 127 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
             return std::isalnum(c) != 0 ||
                    std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
           });
  };
  const std::string_view essence = media.substr(0, media.find(';'));
  const std::size_t slash = std::min(essence.find('/'), essence.size());
  if (is_name(essence.substr(0, slash)) && slash < essence.size() &&
      is_name(essence.substr(slash + 1)))
    return {};
  return Error(ErrorCode::invalid_argument,
               "--media \"" + base::printable(media) + "\" is not a media type", {}, {},
               "--media image/jpeg");
}

// --profile, --wait and --to: how values are kept, and who is waited for.
Result<void> parse_profile(PubOptions& options, const Invocation& invocation) {
  const std::string profile = invocation.value("profile").value_or("event");
  options.publish.profile = profile == "state"     ? Profile::state
                            : profile == "stream"  ? Profile::stream
                            : profile == "command" ? Profile::command
                                                   : Profile::event;
  const bool command = options.publish.profile == Profile::command;
  DTS_ASSIGN(const auto wait, invocation.duration("wait"));
  if (wait && command)
    options.publish.confirmed_by.within = *wait;
  else if (wait)
    options.publish.when_full = dts::wait(*wait);
  options.publish.confirmed_by.nodes = invocation.values("to");
  if (!options.publish.confirmed_by.nodes.empty() && !command)
    return Error(ErrorCode::invalid_argument, "--to says who has to confirm a command", {}, {},
                 "--profile command --to " + base::printable(invocation.values("to")[0]));
  return {};
}

Result<PubOptions> parse_options(const Invocation& invocation) {
  PubOptions options;
  DTS_ASSIGN(options.wish, parse_type_wish(invocation.arguments()[0]));
  if (options.wish.is_pattern()) {
    return Error(ErrorCode::invalid_argument, "a value has one type, not a pattern", {}, {},
                 "dts pub brewery.Temperature celsius=12.4");
  }
  DTS_TRY(parse_values(options, invocation.arguments()));
  DTS_ASSIGN(const auto labels, invocation.pairs("label"));
  options.publish.labels.insert(labels.begin(), labels.end());
  if (const auto media = invocation.value("media")) {
    DTS_TRY(check_media(*media));
    options.publish.labels["media"] = *media;
  }
  DTS_TRY(parse_file(options, invocation));
  DTS_TRY(parse_type(options, invocation));
  DTS_TRY(parse_compression(options.publish, invocation));
  DTS_ASSIGN(options.rate, invocation.number("rate"));
  DTS_ASSIGN(options.count, invocation.count("count"));
  DTS_ASSIGN(options.duration, invocation.duration("duration"));
  DTS_ASSIGN(const auto require, invocation.count("require"));
  options.require = require.value_or(0);
  DTS_TRY(parse_profile(options, invocation));
  DTS_ASSIGN(const auto keep, invocation.count("keep"));
  if (keep)
    options.publish.history = static_cast<std::uint32_t>(std::min<std::uint64_t>(*keep, 4096));
  return options;
}

int run_pub(Invocation& invocation) {
  auto options = parse_options(invocation);
  if (!options) return fail(invocation, options.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  (*session)->domain().refresh();  // who subscribes is part of the result
  const auto code = run_publishing(**session, std::move(*options));
  return code ? *code : fail(invocation, code.error());
}

}  // namespace

constinit const Command pub_command{
    .name = "pub",
    .aliases = "",
    .group = Group::write,
    .arguments = "TYPE [FIELD=VALUE... | JSON | -]",
    .summary = "publish values",
    .about =
        "The type is taken from the bus, else from --define, else it is derived from the value, "
        "which is\nsaid on stderr. Values may have templates: {{n}}, {{now}}, {{rand 10 14}} "
        "(whole "
        "when both bounds\nare), {{sine 60s 10 14}}. A number may carry the field's own unit "
        "(celsius=18Cel); other units are\nrefused.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_pub,
    .complete = Complete::types,
    .arguments_min = 1,
};

}  // namespace dts::cli
