#include <cli/gateway/gateway.hpp>
#include <cli/json_object.hpp>
#include <cli/session.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

std::string parameter_json(std::string_view name, std::string_view in, std::string_view about,
                           bool repeated) {
  const std::string text = JsonObject().text("type", "string").str();
  return JsonObject()
      .text("name", name)
      .text("in", in)
      .boolean("required", in == "path")
      .text("description", about)
      .raw("schema", repeated ? JsonObject().text("type", "array").raw("items", text).str() : text)
      .str();
}

std::string content_json(std::string_view media_types) {
  JsonObject content;
  while (!media_types.empty()) {
    const std::size_t end = std::min(media_types.find(' '), media_types.size());
    content.raw(media_types.substr(0, end), "{}");
    media_types.remove_prefix(std::min(end + 1, media_types.size()));
  }
  return content.str();
}

std::string operation_json(const Gateway::Route& route) {
  std::vector<std::string> parameters;
  if (route.path.find("{name}") != std::string_view::npos)
    parameters.push_back(
        parameter_json("name", "path", "the type's name, such as brewery.Temperature", false));
  for (const Gateway::Parameter& each : route.parameters)
    parameters.push_back(parameter_json(each.name, "query", each.about, each.repeated));
  const std::string failure = JsonObject().raw("$ref", "\"#/components/responses/Error\"").str();
  JsonObject operation;
  operation.text("summary", route.summary).raw("parameters", json_array(parameters));
  if (route.method == "POST") {
    std::string formats(" application/x-ndjson");
    for (const Format* format : built_in_formats())
      formats = std::string(format->media_type()) + " " + formats;
    operation
        .raw("requestBody",
             JsonObject().boolean("required", true).raw("content", content_json(formats)).str())
        .raw("security", "[{\"token\":[]}]");
  }
  operation.raw("responses", JsonObject()
                                 .raw("200", JsonObject()
                                                 .text("description", route.summary)
                                                 .raw("content", content_json(route.answers))
                                                 .str())
                                 .raw("default", failure)
                                 .str());
  return operation.str();
}

}  // namespace

std::string openapi_json(Domain& domain, const Catalogue& catalogue,
                         const std::vector<Gateway::Route>& routes) {
  JsonObject paths;
  for (const Gateway::Route& route : routes) {
    std::string method = route.method == "GET" ? "get" : "post";
    paths.raw(route.path, JsonObject().raw(method, operation_json(route)).str());
  }
  JsonObject schemas;
  schemas.raw("Error",
              "{\"type\":\"object\",\"properties\":{\"error\":{\"type\":\"object\",\"properties\":"
              "{\"id\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},\"what\":{\"type\":"
              "\"string\"},\"where\":{\"type\":\"string\"},\"why\":{\"type\":\"string\"},\"hint\":"
              "{\"type\":\"string\"}}}}}");
  for (const std::string& name : families(catalogue)) {
    const auto types = domain.types(name, {});
    if (types.empty()) continue;
    const auto text = schema::export_schema(types[0], schema::Language::json_schema);
    if (!text) continue;  // a kind that JSON Schema cannot say
    // With an id of its own, "#/$defs" inside it means its own.
    const std::size_t open = text->find('{') + 1;
    schemas.raw(name, "{\"$id\":" + json_string("urn:dts:" + name) + "," + text->substr(open));
  }
  const std::string error =
      JsonObject()
          .text("description", "what went wrong, where, why, and what to try")
          .raw("content",
               "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}")
          .str();
  return JsonObject()
      .text("openapi", "3.1.0")
      .raw("info", JsonObject()
                       .text("title", "DTS, the domain " + domain.name())
                       .text("version", DTS_VERSION)
                       .str())
      .raw("paths", paths.str())
      .raw("components",
           JsonObject()
               .raw("schemas", schemas.str())
               .raw("responses", JsonObject().raw("Error", error).str())
               .raw("securitySchemes", "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}")
               .str())
      .str();
}

}  // namespace dts::cli
