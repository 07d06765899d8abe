// Directory: memberships, questions and standing by.
#include <bridge/python_dts/directory.hpp>

#include <algorithm>
#include <utility>

#include <base/endian.hpp>
#include <base/sha256.hpp>
#include <base/text.hpp>

namespace dts::bridge::python_dts {

namespace {

using namespace std::chrono_literals;

// As the Python package does.
constexpr unsigned kFirstQuestions = 3;
constexpr Duration kFirstInterval = 500ms, kInterval = 10s;
// Answers to however many questions.
constexpr Duration kAnswerInterval = 100ms;
// A bridge that was not heard for two of its questions, and a bit, is gone.
constexpr Duration kBridgeAge = 25s;

// What bridges say in their questions, the domain behind it.
constexpr std::string_view kHere = "dts-bridge ", kWorks = "dts-bridge-works ",
                           kLeaves = "dts-bridge-leaves ";

// 239.0.0.0/8 is what networks keep to themselves (RFC 2365); the control group is for no struct.
bool may_hold_values(std::uint32_t group) { return group >> 24 == 239 && group != kControlGroup; }

}  // namespace

std::string group_text(std::uint32_t group) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(group >> shift & 255) + (shift > 0 ? "." : "");
  return text;
}

bool Directory::Actions::empty() const {
  return join.empty() && leave.empty() && letters.empty() && wanted.empty() && notes.empty();
}

Directory::Directory(std::vector<std::string> structs, std::string domain, std::uint64_t instance,
                     Instant now, Limits limits)
    : domain_(std::move(domain)),
      instance_(instance),
      limits_(limits),
      ask_at_(now),
      settle_at_(now + kFirstQuestions * kFirstInterval),
      answered_(now - kAnswerInterval) {
  for (std::string& name : structs) structs_.emplace_back().name = std::move(name);
}

std::optional<Directory::StructIndex> Directory::find(std::string_view struct_name) const {
  for (StructIndex i = 0; i < structs_.size(); ++i)
    if (structs_[i].name == struct_name) return i;
  return {};
}

void Directory::heard_membership(const Membership& membership, std::string_view from,
                                 Actions& actions) {
  const std::string& name = membership.struct_name;
  // Every node tells the control group as well.
  if (name == kMembershipName) return;
  if (!may_hold_values(membership.group)) {
    if (strangers_.size() < limits_.strangers_max && strangers_.insert(name).second)
      actions.notes.push_back("ignored: " + std::string(from) + " says that " +
                              base::printable(name) + " is in " + group_text(membership.group) +
                              ", which cannot be");
    return;
  }
  const auto index = find(name);
  if (!index) {
    make_room(membership.group, actions);
    if (strangers_.size() < limits_.strangers_max && strangers_.insert(name).second)
      actions.notes.push_back(std::string(from) + " has registered " + base::printable(name) +
                              ", which no schema given here defines: its values are not passed on");
    return;
  }
  Struct& entry = structs_[*index];
  if (entry.chosen == membership.group) entry.chosen = 0;
  if (std::count(entry.groups.begin(), entry.groups.end(), membership.group) != 0) return;
  make_room(membership.group, actions);
  add_group(entry, membership.group, actions);
  actions.notes.push_back(name + " is in " + group_text(membership.group) + ", says " +
                          std::string(from));
}

void Directory::add_group(Struct& entry, std::uint32_t group, Actions& actions) {
  const bool heard = in_use(group);
  entry.groups.push_back(group);
  if (!heard) actions.join.push_back(group);
  if (entry.groups.size() <= limits_.groups_max) return;
  const std::uint32_t oldest = entry.groups.front();
  entry.groups.erase(entry.groups.begin());
  if (entry.chosen == oldest) entry.chosen = 0;
  if (!in_use(oldest)) actions.leave.push_back(oldest);
}

// Somebody uses the group for another struct: where it was only our choice we choose again. Python
// nodes read whatever comes in a group as the struct they know it for.
void Directory::make_room(std::uint32_t group, Actions& actions) {
  if (taken_.size() < limits_.taken_max) taken_.insert(group);
  for (Struct& entry : structs_) {
    if (entry.chosen != group) continue;
    std::erase(entry.groups, group);
    entry.chosen = 0;
    if (!in_use(group)) actions.leave.push_back(group);
    if (entry.groups.empty()) needed(static_cast<StructIndex>(&entry - structs_.data()), actions);
  }
}

bool Directory::in_use(std::uint32_t group) const {
  return std::any_of(structs_.begin(), structs_.end(), [&](const Struct& entry) {
    return std::count(entry.groups.begin(), entry.groups.end(), group) != 0;
  });
}

// The same for a name each time, as long as nobody has it: 239.255.1-127.1-254, so that it is
// neither control's nor one of DTS's own (docs/wire.md).
std::uint32_t Directory::choose(const Struct& entry) const {
  const auto hash = base::sha256({as_bytes(entry.name)});
  std::uint32_t number = base::load_big<std::uint32_t>(hash.data());
  for (std::size_t tries = 0; tries <= limits_.taken_max + structs_.size(); ++tries, ++number) {
    const std::uint32_t group =
        239u << 24 | 255u << 16 | (1 + number / 254 % 127) << 8 | (1 + number % 254);
    if (taken_.count(group) == 0 && !in_use(group)) return group;
  }
  return 0;
}

void Directory::needed(StructIndex index, Actions& actions) {
  Struct& entry = structs_[index];
  if (!entry.groups.empty()) return;
  const std::uint32_t group = choose(entry);
  if (group == 0) return;
  entry.chosen = group;
  add_group(entry, group, actions);
  actions.letters.push_back({{}, {entry.name, group}});
  actions.notes.push_back(entry.name + " is in " + group_text(group) + ", chosen here");
}

void Directory::heard_query(Instant now, std::string_view struct_name, std::string_view words,
                            std::uint64_t instance, std::string_view from, Actions& actions) {
  const auto index = find(struct_name);
  if (struct_name == kMembershipName) {
    memberships_wanted_ = true;
    heard_bridge(now, words, instance, from);
    review(now, actions);
  } else if (index) {
    structs_[*index].wanted = true;
  } else {
    return;
  }
  if (!answer_at_) answer_at_ = std::max(now, answered_ + kAnswerInterval);
}

void Directory::heard_bridge(Instant now, std::string_view words, std::uint64_t instance,
                             std::string_view from) {
  const auto says = [&](std::string_view what) {
    return words.starts_with(what) && words.substr(what.size()) == domain_;
  };
  if (says(kLeaves)) bridges_.erase(instance);
  const bool works = says(kWorks);
  if (!works && !says(kHere)) return;
  const bool known = bridges_.count(instance) != 0;
  if (!known && bridges_.size() >= limits_.bridges_max) return;
  bridges_.insert_or_assign(instance, Bridge{now, std::string(from), works});
  // It shall know of us before it begins to work.
  if (!known) ask_at_ = std::min(ask_at_, now);
}

// Who does the work? Whoever does it already, so that nothing is interrupted; of several, as when
// two networks become one, and of those that wait, the one with the lowest instance.
void Directory::review(Instant now, Actions& actions) {
  std::erase_if(bridges_, [&](const auto& each) { return now - each.second.heard >= kBridgeAge; });
  if (!settled_) return;
  const auto other = std::find_if(bridges_.begin(), bridges_.end(), [&](const auto& each) {
    const bool lower = each.first < instance_;
    return works_ ? each.second.works && lower : each.second.works || lower;
  });
  const bool works = other == bridges_.end();
  if (works == works_ && told_) return;
  if (!works)
    actions.notes.push_back("standing by: the bridge at " + other->second.from +
                            " joins this domain and these nodes already");
  else if (told_)
    actions.notes.push_back("the other bridge is gone: working");
  if (works != works_) ask_at_ = now;
  works_ = works;
  told_ = true;
}

void Directory::tick(Instant now, Actions& actions) {
  if (now >= settle_at_) settled_ = true;
  review(now, actions);
  if (now >= ask_at_) {
    actions.letters.push_back({std::string(works_ ? kWorks : kHere) + domain_, {}});
    ask_at_ = now + (++asked_ < kFirstQuestions ? kFirstInterval : kInterval);
  }
  if (!answer_at_ || now < *answer_at_) return;
  answer_at_.reset();
  answered_ = now;
  for (StructIndex i = 0; i < structs_.size(); ++i) {
    Struct& entry = structs_[i];
    if (memberships_wanted_ && active() && !entry.groups.empty())
      actions.letters.push_back({{}, {entry.name, entry.groups.back()}});
    if (std::exchange(entry.wanted, false) && active()) actions.wanted.push_back(i);
  }
  memberships_wanted_ = false;
}

Instant Directory::next_deadline() const {
  Instant next = ask_at_;
  if (!settled_) next = std::min(next, settle_at_);
  if (answer_at_) next = std::min(next, *answer_at_);
  for (const auto& [instance, bridge] : bridges_) next = std::min(next, bridge.heard + kBridgeAge);
  return next;
}

void Directory::leave(Actions& actions) const {
  actions.letters.push_back({std::string(kLeaves) + domain_, {}});
}

}  // namespace dts::bridge::python_dts
