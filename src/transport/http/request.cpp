#include "transport/http/request.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "transport/stream/http_head.hpp"

namespace dts::transport {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || byte == '\t';
  });
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// "/path?query", or "http://host/path?query" as a proxy may write it.
bool read_target(std::string_view target, HttpRequest& request) {
  if (!is_visible(target) || target.find('#') != std::string_view::npos) return false;
  if (target.starts_with("http://") || target.starts_with("https://"))
    target.remove_prefix(std::min(target.find('/', target.find("://") + 3), target.size()));
  if (!target.starts_with('/')) return false;
  const auto question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

// One header.
void read_header(std::string_view name, std::string_view value, HttpRequest& request,
                 bool& has_length) {
  const auto refuse = [&](int status, std::string_view why) {
    if (request.status != 0) return;
    request.status = status;
    request.why = why;
  };
  if (name == "content-length") {
    if (has_length || !read_number(value, request.body_bytes))
      refuse(400, "this is no length of a body");
    else if (request.body_bytes > kHttpBodyBytesMax)
      refuse(413, "the body is too large");
    has_length = true;
  } else if (name == "transfer-encoding") {
    refuse(411, "a body has to come with its length, in one piece");
  } else if (name == "expect") {
    refuse(417, "nothing can be expected here: send the body");
  } else if (name == "connection") {
    const std::string options = base::lower(value);
    if (options.find("close") != std::string::npos) request.persistent = false;
  } else if (name == "origin") {
    request.of_page = true;
  }
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "-";
  }
}

}  // namespace

std::optional<std::uint64_t> HttpRequest::number(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    std::uint64_t value = 0;
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return read_number(pair.substr(name.size() + 1), value) ? std::optional(value) : std::nullopt;
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
  return std::nullopt;
}

HttpRequest parse_http_request(std::string_view head) {
  HttpRequest request;
  const auto refused = [&](int status, std::string_view why) {
    request.status = status;
    request.why = why;
    request.persistent = false;
    return request;
  };
  const std::string_view line = first_line(head);
  const auto space = line.find(' '), last = line.rfind(' ');
  if (space == std::string_view::npos || space == last || !is_token(line.substr(0, space)))
    return refused(400, "this is no request of HTTP/1.1");
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refused(400, "this is no request of HTTP/1.1");
  request.method = line.substr(0, space);
  request.persistent = version == "HTTP/1.1";
  if (!read_target(line.substr(space + 1, last - space - 1), request))
    return refused(400, "this is no path");
  bool has_length = false;
  std::string_view rest = head.substr(std::min(line.size() + 2, head.size()));
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    const std::string_view one = first_line(rest);
    const auto colon = std::min(one.find(':'), one.size());
    if (!is_line(one) || colon == one.size() || !is_token(one.substr(0, colon)))
      return refused(400, "this is no header");
    std::string_view value = one.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    read_header(base::lower(one.substr(0, colon)), value, request, has_length);
    rest.remove_prefix(std::min(one.size() + 2, rest.size()));
  }
  if (request.status == 0 && request.of_page)
    return refused(403, "pages in a browser may not take part by this");
  if (request.status != 0) request.persistent = false;
  return request;
}

std::string http_answer(int status, std::string_view type, std::string_view body, bool persistent) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason(status)) +
                       "\r\nCache-Control: no-store\r\nServer: DTS\r\n";
  if (!persistent) answer += "Connection: close\r\n";
  if (status != 204) answer += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!type.empty())
    answer += "Content-Type: " + std::string(type) + "\r\nX-Content-Type-Options: nosniff\r\n";
  answer += "\r\n";
  return answer.append(body);
}

}  // namespace dts::transport
