#include <cli/error_table.hpp>

#include <base/text.hpp>

namespace dts::cli {

namespace {

using enum ErrorCode;

constexpr ErrorRow kErrors[] = {
    {invalid_argument, "A flag, an argument or a parameter has a value that cannot be.",
     "The message names it and says what is expected; `dts VERB --help` lists the flags."},
    {unknown_command, "There is no such verb.", "`dts --help` lists the verbs."},
    {unknown_flag, "The verb has no such flag.",
     "`dts VERB --help` lists its flags, `dts --help` those of every verb."},
    {closed, "The domain, publisher or transport was used after it was closed.",
     "Keep the handle alive as long as it is used; close the domain last."},
    {timeout, "What was waited for did not happen in time.",
     "Wait longer with --timeout, or ask `dts why TYPE` why nothing arrives."},
    {would_block,
     "The backlog of large messages is full, or a subscriber that is waited for is too slow.",
     "Publish more slowly, or wait: `ValuePublisher::wait_writable`, `PublishOptions::when_full`."},
    {too_large, "A message or a file is larger than the limit.",
     "Split the value into several, or raise the limit that the message names."},
    {limit_reached, "A table is full: nodes, streams, subscriptions, memory.",
     "The message names the limit. Close what is not needed any more."},
    {unknown_type, "Nobody on the domain publishes or asks for a type of this name.",
     "Check the spelling with `dts ls`. Is the publisher running, on this domain (`--domain`) and "
     "reachable? `dts doctor` looks."},
    {invalid_name, "A type, field or label has a name that is not allowed.",
     "Names are letters, digits and _, beginning with a letter or _; a type's name may have dots. "
     "At most 255 bytes."},
    {notation, "A type's notation has an error.",
     "The message gives line and column with a caret. The notation is "
     "`brewery.Temperature{celsius:f64[Cel], tank:i32=0}`."},
    {invalid_type,
     "A type breaks a rule: a duplicate field, ids on some fields only, a key of a "
     "map that cannot be one, a default that does not fit.",
     "The message names the field and the rule; docs/reference/types.md has all rules."},
    {document_invalid, "A type document (from the network or a file) is not canonical.",
     "It was damaged or made by a program with an error. The node that sent it is named with -v."},
    {document_too_large, "A type document is larger than 64 KiB or has too many members.",
     "Split the type; put large tables into lists."},
    {document_mismatch, "A type document does not have the id under which it was sent.",
     "It was damaged on the way or forged; it is asked for again from another node."},
    {incompatible_type, "A publisher's type cannot be read as the subscriber's type.",
     "The message names the fields. `dts type diff A B` shows both; read theirs as it is with "
     "`dts sub TYPE`."},
    {decode, "A message could not be decoded: damaged, cut short, or not of its type.",
     "If it happens again with one source, that program writes bad messages; its name is in the "
     "notice."},
    {encode, "A value could not be encoded in this format, such as text that is not UTF-8.",
     "Correct the field that the message names, or use bytes instead of text."},
    {unknown_field, "The type has no field of this name.",
     "The message lists the fields; `dts show TYPE` says what they mean."},
    {wrong_value,
     "A value does not fit its field: not a number, out of range, another unit, not a "
     "symbol of the enumeration.",
     "Give the value as the field's type wants it. Units are not converted here: give it in the "
     "unit that the message names."},
    {missing_field, "A field without a default was not given.",
     "Give every field that the message names, or make the field optional in the type."},
    {unknown_format, "There is no data format of this name in this build.",
     "`dts formats` lists them."},
    {filter,
     "A filter, rate or dead band cannot be used: the expression has an error, or the type has no "
     "such field or unit.",
     "The caret shows the place. The language is in docs/reference/filters.md; `dts show TYPE` "
     "lists the fields."},
    {no_interface, "No network interface is usable.",
     "Only this machine or this process is reached. `dts doctor` says which interfaces there are "
     "and why they are not used."},
    {system, "The operating system refused a call.",
     "The message has its reason. `dts doctor` checks limits, buffers and the firewall."},
    {address_in_use, "Another program holds the UDP port for itself alone.",
     "`dts doctor` names the program. Stop it, or move it to another port."},
    {permission, "The operating system or a firewall forbids it.",
     "`dts doctor` tells a firewall from missing rights, with the command that cures it."},
    {unsupported, "This system or this build cannot do it.", "The message says what is missing."},
    {unknown_transport, "There is no transport for this kind of URL in this build.",
     "`dts transports` lists them."},
    {invalid_url, "A transport's URL has an error.",
     "Such as udp://, udp://?port=25555, loopback://."},
    {file, "A file could not be read or written.", "The message has its name and the reason."},
    {sensor, "A sensor gives no usable reading.",
     "Check the wiring and the driver; the message names the device."},
    {child, "A program that was started failed.",
     "The message has its exit code and its last line; run it by hand."},
};

}  // namespace

std::span<const ErrorRow> error_table() { return kErrors; }

const ErrorRow* find_error(std::string_view id) {
  const std::string wanted = base::lower(id);
  for (const ErrorRow& row : kErrors) {
    const std::string digits = error_id(row.code).substr(1);
    if (wanted == "e" + digits || wanted == digits || wanted == error_name(row.code)) return &row;
  }
  return nullptr;
}

std::string explain(const ErrorRow& row) {
  return error_id(row.code) + " " + std::string(error_name(row.code)) + "\n\n" +
         std::string(row.cause) + "\n\nWhat to do: " + std::string(row.cure) + "\n";
}

std::string errors_page() {
  std::string out =
      "# Errors\n\nEvery error says what happened, where, why and what to try, and has an id that "
      "never changes.\n`dts help E1204` explains one on the terminal. This page is written by "
      "`dts help --write-docs docs/reference`.\n";
  for (const ErrorRow& row : kErrors) {
    out += "\n## " + error_id(row.code) + " " + std::string(error_name(row.code)) + "\n\n" +
           std::string(row.cause) + "\n\n" + std::string(row.cure) + "\n";
  }
  return out;
}

}  // namespace dts::cli
