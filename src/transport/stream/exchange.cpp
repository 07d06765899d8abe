#include "transport/stream/exchange.hpp"

#include "base/text.hpp"

namespace dts::transport {

Result<Member> Exchange::enter(std::string_view domain) {
  if (domain.empty() || domain.size() > domain_bytes_max || !base::is_utf8(domain))
    return Error(ErrorCode::invalid_name, "this is no domain's name",
                 base::printable(domain.substr(0, 80)), "it has 1 to 256 bytes of UTF-8");
  if (members_.size() >= members_max)
    return Error(ErrorCode::limit_reached, "nobody else is let in here", {},
                 std::to_string(members_max) + " are connected", "join by another node");
  if (++last_ == 0) ++last_;
  members_.emplace(last_, Entry{std::string(domain), {}});
  return last_;
}

void Exchange::leave(Member member) { members_.erase(member); }

void Exchange::set_joined(Member member, Group group, bool joined) {
  if (const auto at = members_.find(member); at != members_.end())
    at->second.groups.set(group, joined);
}

void Exchange::receivers(Member from, Group group, std::vector<Member>& to) const {
  to.clear();
  const auto sender = members_.find(from);
  if (sender == members_.end()) return;
  for (const auto& [member, entry] : members_)
    if (member != from && entry.groups.test(group) && entry.domain == sender->second.domain)
      to.push_back(member);
}

bool Exchange::reaches(Member from, Member to) const {
  const auto sender = members_.find(from), receiver = members_.find(to);
  return from != to && sender != members_.end() && receiver != members_.end() &&
         sender->second.domain == receiver->second.domain;
}

}  // namespace dts::transport
