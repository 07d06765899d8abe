// Requests of HTTP: whatever comes, what is not refused is one that is meant; and how they are cut
// into the pieces that a socket gives makes no difference. The first byte says how they are cut.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <transport/http/visitor.hpp>

using namespace dts;
using transport::Visitor;

namespace {

// Gives what it was made of in pieces, and takes everything.
class Pieces final : public transport::Channel {
 public:
  Pieces(ByteView bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}
  int handle() const noexcept override { return -1; }
  std::optional<std::size_t> write(std::span<const iovec> parts) override {
    std::size_t size = 0;
    for (const iovec& part : parts) size += part.iov_len;
    return size;
  }
  Result<std::size_t> read(std::span<std::uint8_t> to) override {
    const std::size_t size = std::min({piece_, to.size(), bytes_.size()});
    if (size == 0) return Error(ErrorCode::closed, "no more");
    std::memcpy(to.data(), bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return size;
  }

 private:
  ByteView bytes_;
  const std::size_t piece_;
};

// What a node would act on; the first that is refused ends it.
std::string acted_on(ByteView bytes, std::size_t piece) {
  Visitor visitor(std::make_unique<Pieces>(bytes, piece));
  std::string all;
  while (visitor.read()) {
    auto has = visitor.next();
    if (has == Visitor::Has::head) {
      const transport::HttpRequest& request = visitor.request();
      if (request.status != 0) return all + std::to_string(request.status);
      if (!request.path.starts_with('/') || request.of_page ||
          request.body_bytes > transport::kHttpBodyBytesMax)
        std::abort();
      has = visitor.next();
    }
    if (has != Visitor::Has::whole) continue;
    const ByteView body = visitor.body();
    if (body.size() != visitor.request().body_bytes) std::abort();
    all += visitor.request().method + visitor.request().path +
           std::to_string(visitor.request().number("from").value_or(0));
    all.append(reinterpret_cast<const char*>(body.data()), body.size());
    visitor.wait();
    return all;  // the next one has to wait for its answer
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  if (acted_on(bytes, size) != acted_on(bytes, 1u + data[0])) std::abort();
  return 0;
}
