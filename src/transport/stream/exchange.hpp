// Exchange: who is there on a star of streams, and who gets a packet. Members of one domain hear
// each other as on a network: a packet to a group goes to all who joined it but its sender, one to
// a member to that one. It knows no sockets and moves no bytes. Bounded. One thread at a time.
#pragma once

#include <bitset>
#include <map>
#include <string>
#include <vector>

#include "transport/stream/frame.hpp"

namespace dts::transport {

class Exchange {
 public:
  static constexpr std::size_t members_max = 1024;
  static constexpr std::size_t domain_bytes_max = 256;

  // `first` is the first member's address: random, so that those of an earlier exchange mean
  // nobody.
  explicit Exchange(Member first) : last_(first) {}

  // Fails, with a text for the one who asks, when it is full or the name is none.
  Result<Member> enter(std::string_view domain);
  void leave(Member member);
  void set_joined(Member member, Group group, bool joined);
  // Who gets a packet that `from` sends to the group.
  void receivers(Member from, Group group, std::vector<Member>& to) const;
  // Are these two there, and in one domain?
  bool reaches(Member from, Member to) const;
  std::size_t members() const noexcept { return members_.size(); }

 private:
  struct Entry {
    std::string domain;
    std::bitset<256> groups;
  };
  std::map<Member, Entry> members_;
  Member last_;
};

}  // namespace dts::transport
