#include <cli/type_rows.hpp>

#include <algorithm>
#include <map>

#include <cli/session.hpp>

namespace dts::cli {

namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

}  // namespace

const StreamInfo* find_stream(const Catalogue& catalogue, const Source& source) {
  for (const NodeInfo& node : catalogue.nodes) {
    if (node.id != source.node_id) continue;
    for (const StreamInfo& stream : node.streams) {
      if (stream.source.stream == source.stream) return &stream;
    }
  }
  return nullptr;
}

StreamRate stream_rate(const NodeInfo& node, const StreamInfo* before, const StreamInfo& after) {
  if (before != nullptr && after.messages >= before->messages + 2 &&
      after.counted > before->counted) {
    const double window = seconds(after.counted - before->counted);
    return {static_cast<double>(after.messages - before->messages) / window,
            static_cast<double>(after.bytes - before->bytes) / window, false};
  }
  const double life = seconds(node.up);
  if (life <= 0 || after.messages == 0) return {0, 0, true};
  return {static_cast<double>(after.messages) / life, static_cast<double>(after.bytes) / life,
          true};
}

std::vector<TypeRow> type_rows(const Catalogue& before, const Catalogue& after) {
  std::map<std::string, TypeRow> rows;
  for (const NodeInfo& node : after.nodes) {
    if (node.self) continue;
    for (const StreamInfo& stream : node.streams) {
      TypeRow& row = rows[stream.source.type_name];
      const StreamRate rate = stream_rate(node, find_stream(before, stream.source), stream);
      row.ids.insert(stream.source.type);
      ++row.publishers;
      row.rate += rate.per_second;
      row.bytes_per_s += rate.bytes_per_s;
      row.average = row.average || rate.average;
    }
  }
  for (const std::string& name : live_types(after)) rows[name];
  std::vector<TypeRow> result;
  for (auto& [name, row] : rows) {
    row.name = name;
    row.subscribers = subscribers_of(after, name).size();
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace dts::cli
