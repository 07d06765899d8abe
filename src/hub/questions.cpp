#include <hub/questions.hpp>

#include <algorithm>

namespace dts::hub {

bool Questions::add(Instant now, std::size_t side, NodeId asker, proto::QueryToken token,
                    std::vector<Asked> sources) {
  const bool known = std::any_of(open_.begin(), open_.end(), [&](const Open& open) {
    return open.asker == asker && open.token == token && open.side == side;
  });
  if (known || open_.size() >= questions_max) return false;
  Open open{side, asker, token, now + patience, {}, {}};
  for (const Asked& asked : sources) {
    Source source;
    source.key = asked.source;
    source.from = asked.from;
    source.reply.of = asked.of;
    source.reply.part = static_cast<std::uint16_t>(open.sources.size());
    source.reply.parts = static_cast<std::uint16_t>(sources.size());
    open.sources.push_back(std::move(source));
  }
  open_.push_back(std::move(open));
  return true;
}

void Questions::asked(std::size_t side, NodeId asker, proto::QueryToken token, std::size_t from,
                      proto::QueryToken theirs) {
  for (Open& open : open_)
    if (open.asker == asker && open.token == token && open.side == side)
      open.asked.emplace_back(from, theirs);
}

Questions::Ready Questions::finish(const Open& open, Source& source) {
  source.done = true;
  return {open.side, open.asker, open.token, std::move(source.reply)};
}

std::optional<Questions::Ready> Questions::said(std::size_t from, const proto::Notice& notice,
                                                const Key& key, const proto::StreamRecord* record) {
  for (Open& open : open_) {
    const std::pair asked{from, notice.token};
    if (std::find(open.asked.begin(), open.asked.end(), asked) == open.asked.end()) continue;
    for (Source& source : open.sources) {
      if (source.done || source.from != from || source.key != key) continue;
      source.reply.left_out = notice.answered.left_out;
      if (notice.answered.error) source.reply.error = notice.text;
      if (notice.stream == 0 || record == nullptr) return finish(open, source);
      source.node = notice.node;
      source.stream = notice.stream;
      source.last = record->next - 1;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

Questions::Source* Questions::find(std::size_t from, const NodeId& node, proto::StreamId stream,
                                   Open*& in) {
  for (Open& open : open_)
    for (Source& source : open.sources)
      if (!source.done && source.from == from && source.stream == stream && source.node == node) {
        in = &open;
        return &source;
      }
  return nullptr;
}

std::optional<Questions::Ready> Questions::value(std::size_t from, const proto::Message& message) {
  Open* open = nullptr;
  Source* const source = find(from, message.node, message.stream, open);
  if (source == nullptr) return std::nullopt;
  source->bytes += message.bytes.size();
  if (source->reply.values.size() < values_max && source->bytes <= bytes_max)
    source->reply.values.push_back(
        {message.published_ns,
         std::make_shared<const Bytes>(message.bytes.begin(), message.bytes.end()),
         message.compression});
  else
    ++source->reply.left_out;
  if (message.last < source->last) return std::nullopt;
  return finish(*open, *source);
}

std::optional<Questions::Ready> Questions::gap(std::size_t from, const proto::Notice& notice) {
  Open* open = nullptr;
  Source* const source = find(from, notice.node, notice.stream, open);
  if (source == nullptr) return std::nullopt;
  ++source->reply.left_out;
  if (notice.to < source->last) return std::nullopt;
  return finish(*open, *source);
}

Instant Questions::deadline() const {
  Instant due = Instant::max();
  for (const Open& open : open_) due = std::min(due, open.end);
  return due;
}

Questions::Ended Questions::end(Instant now) {
  Ended ended;
  std::erase_if(open_, [&](Open& open) {
    if (open.end > now) return false;
    for (Source& source : open.sources) {
      if (source.done) continue;
      source.reply.values.clear();
      source.reply.error = "the hub has asked it and heard nothing";
      ended.rest.push_back(finish(open, source));
    }
    ended.asked.insert(ended.asked.end(), open.asked.begin(), open.asked.end());
    return true;
  });
  return ended;
}

}  // namespace dts::hub
