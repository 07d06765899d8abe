#include <algorithm>

#include <cli/gateway/gateway.hpp>
#include <cli/session.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

std::string label(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\' || c == '"') safe += '\\';
    if (c == '\n')
      safe += "\\n";
    else
      safe += c;
  }
  return safe;
}

class Metrics {
 public:
  void begin(const std::string& name, std::string_view kind, std::string_view help) {
    text_ += "# HELP dts_" + name + " " + std::string(help) + "\n# TYPE dts_" + name + " " +
             std::string(kind) + "\n";
    name_ = name;
  }
  void put(double value,
           std::initializer_list<std::pair<std::string_view, std::string_view>> labels = {}) {
    text_ += "dts_" + name_;
    std::string all;
    for (const auto& [name, text] : labels)
      all += (all.empty() ? "" : ",") + std::string(name) + "=\"" + label(text) + "\"";
    if (!all.empty()) text_ += "{" + all + "}";
    text_ += " " + number_text(value) + "\n";
  }
  std::string str() && { return std::move(text_); }

 private:
  std::string text_, name_;
};

}  // namespace

std::string metrics_text(Domain& domain, const Catalogue& catalogue,
                         const std::map<std::pair<std::string, int>, std::uint64_t>& answered,
                         int streams) {
  Metrics metrics;
  metrics.begin("info", "gauge", "The program that answers.");
  metrics.put(1, {{"version", DTS_VERSION}, {"domain", domain.name()}, {"node", domain.source()}});
  metrics.begin("nodes", "gauge", "Nodes of the domain, this one among them.");
  metrics.put(static_cast<double>(catalogue.nodes.size()));
  metrics.begin("stream_messages_total", "counter", "Messages that a source has published.");
  for (const NodeInfo& node : catalogue.nodes)
    for (const StreamInfo& stream : node.streams)
      metrics.put(static_cast<double>(stream.messages),
                  {{"type", stream.source.type_name}, {"source", stream.source.name}});
  metrics.begin("stream_bytes_total", "counter", "Bytes of these messages.");
  for (const NodeInfo& node : catalogue.nodes)
    for (const StreamInfo& stream : node.streams)
      metrics.put(static_cast<double>(stream.bytes),
                  {{"type", stream.source.type_name}, {"source", stream.source.name}});
  metrics.begin("node_loss_ratio", "gauge",
                "The share of what a node wants that did not reach it at first, lately.");
  for (const NodeInfo& node : catalogue.nodes) metrics.put(node.loss, {{"node", node_text(node)}});
  for (const Counter& counter : domain.counters()) {
    std::string name = counter.name;
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'; }, '_');
    metrics.begin(name + "_total", "counter", "Since the start of this program.");
    metrics.put(static_cast<double>(counter.value));
  }
  metrics.begin("http_answers_total", "counter", "Requests answered, by route and status.");
  for (const auto& [key, count] : answered)
    metrics.put(static_cast<double>(count),
                {{"route", key.first}, {"status", std::to_string(key.second)}});
  metrics.begin("http_streams", "gauge", "Streams that are open.");
  metrics.put(streams);
  return std::move(metrics).str();
}

}  // namespace dts::cli
