// The one list of verbs and of the flags every verb takes. A verb is added by its file and a line
// here; nothing else needs to know it.
#include <cli/command.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

constexpr const Command* kCommands[] = {
    &ls_command,         &show_command,   &get_command,        &query_command,   &sub_command,
    &nodes_command,      &why_command,    &pub_command,        &type_command,    &source_command,
    &hub_command,        &bridge_command, &http_command,       &doctor_command,  &formats_command,
    &transports_command, &help_command,   &completion_command, &version_command,
};

constexpr Flag kGlobalFlags[] = {
    {0, "domain", "NAME", "the domain to take part in (else $DTS_DOMAIN, else \"default\")"},
    {0, "iface", "IF", "use only these network interfaces: eth0 or eth0,lo ($DTS_IFACE)"},
    {0, "peer", "HOST", "also talk to this host[:port] directly; may be repeated ($DTS_PEERS)"},
    {0, "json", "", "one JSON object per line, for lists, streams and errors"},
    {'o', "output", "KIND", "line, table, json, csv or value", "line table json csv value"},
    {0, "time-format", "FORM", "auto, local, rfc3339, s, ns or rel", "auto local rfc3339 s ns rel"},
    {0, "color", "WHEN", "auto, always or never (NO_COLOR is honoured)", "auto always never"},
    {0, "timeout", "DUR", "give up after this long, with exit code 124"},
    {'q', "quiet", "", "no hints and no summary on stderr"},
    {'v', "verbose", "", "say more on stderr"},
    {'h', "help", "", "this help"},
    {'V', "version", "", "the version"},
};

}  // namespace

std::span<const Command* const> commands() { return kCommands; }
std::span<const Flag> global_flags() { return kGlobalFlags; }

std::string_view group_title(Group group) {
  switch (group) {
    case Group::look:
      return "look";
    case Group::write:
      return "write";
    case Group::connect:
      return "connect";
    case Group::trust:
      return "trust";
    case Group::self:
      return "self";
  }
  return "";
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = list.find(' ');
    if (list.substr(0, end) == word) return !word.empty();
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return false;
}

const Command* find_command(std::span<const Command* const> table, std::string_view name) {
  for (const Command* command : table) {
    if (command->name == name || has_word(command->aliases, name)) return command;
  }
  return nullptr;
}

}  // namespace dts::cli
