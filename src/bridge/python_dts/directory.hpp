// Directory: which struct of the Python package travels in which multicast group, when to ask and
// to tell, and whether another bridge does the work already. Like the engine it has no clock and no
// socket: calls in, actions out. One thread at a time.
//
// Every Python node chooses a group at random for each struct that it registers and nobody has
// registered before, and tells it in the control group; it asks there when it starts (three times,
// half a second apart) and every ten seconds. A struct may so be in several groups: values of it
// are taken from all of them and sent to all of them.
//
// A bridge's question bears words that Python nodes do not read: by them bridges of one domain know
// each other, and one works while the others stand by.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bridge/python_dts/datagram.hpp>
#include <dts/time.hpp>

namespace dts::bridge::python_dts {

constexpr std::uint32_t kControlGroup = 0xefff0001;  // 239.255.0.1
constexpr std::uint16_t kPort = 5555;

class Directory {
 public:
  using StructIndex = std::size_t;

  struct Limits {
    std::size_t groups_max = 4;      // of one struct; the one heard of first is left for a fifth
    std::size_t taken_max = 4096;    // groups of structs that are not ours, not to be chosen
    std::size_t bridges_max = 64;    // others that are heard
    std::size_t strangers_max = 64;  // names of structs that are not ours, told once
  };

  // What is to be done. The caller stamps and sends the letters, in their order.
  struct Letter {
    std::optional<std::string> query;  // else a membership
    Membership membership;
  };
  struct Actions {
    std::vector<std::uint32_t> join, leave;
    std::vector<Letter> letters;      // into the control group
    std::vector<StructIndex> wanted;  // somebody asks for the last values of these
    std::vector<std::string> notes;   // for people
    bool empty() const;
  };

  Directory(std::vector<std::string> structs, std::string domain, std::uint64_t instance,
            Instant now, Limits limits);
  Directory(std::vector<std::string> structs, std::string domain, std::uint64_t instance,
            Instant now)
      : Directory(std::move(structs), std::move(domain), instance, now, Limits()) {}

  // From the network, without what is our own. `from` is how people call the sender.
  void heard_membership(const Membership& membership, std::string_view from, Actions& actions);
  // A question in the control group, or for the values of a struct.
  void heard_query(Instant now, std::string_view struct_name, std::string_view words,
                   std::uint64_t instance, std::string_view from, Actions& actions);
  void tick(Instant now, Actions& actions);
  Instant next_deadline() const;
  // Somebody publishes the struct on the domain: it gets a group if it has none.
  void needed(StructIndex index, Actions& actions);
  // So that another bridge takes over at once.
  void leave(Actions& actions) const;

  // False in the first moments, and while another bridge does the work.
  bool active() const { return works_; }
  // What is registered already is known: the first moments are over.
  bool settled() const { return settled_; }
  std::optional<StructIndex> find(std::string_view struct_name) const;
  std::span<const std::uint32_t> groups(StructIndex index) const { return structs_[index].groups; }

 private:
  struct Struct {
    std::string name;
    std::vector<std::uint32_t> groups;  // by when they were heard of
    std::uint32_t chosen = 0;           // by us, and nobody else has told it; 0: none
    bool wanted = false;                // its values were asked for
  };
  void add_group(Struct& entry, std::uint32_t group, Actions& actions);
  void make_room(std::uint32_t group, Actions& actions);
  std::uint32_t choose(const Struct& entry) const;
  bool in_use(std::uint32_t group) const;
  void heard_bridge(Instant now, std::string_view words, std::uint64_t instance,
                    std::string_view from);
  void review(Instant now, Actions& actions);

  const std::string domain_;
  const std::uint64_t instance_;
  const Limits limits_;
  std::vector<Struct> structs_;
  std::set<std::uint32_t> taken_;
  std::set<std::string, std::less<>> strangers_;
  struct Bridge {
    Instant heard;
    std::string from;
    bool works = false;
  };
  std::map<std::uint64_t, Bridge> bridges_;
  unsigned asked_ = 0;
  Instant ask_at_, settle_at_;
  std::optional<Instant> answer_at_;  // when what was asked is answered
  Instant answered_;
  bool memberships_wanted_ = false;
  bool settled_ = false, works_ = false;
  bool told_ = false;  // which of them
};

// "239.255.3.7"
std::string group_text(std::uint32_t group);

}  // namespace dts::bridge::python_dts
