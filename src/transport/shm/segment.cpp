#include "transport/shm/segment.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/random.hpp"

namespace dts::transport {
namespace {

constexpr std::uint64_t kMagic = 0x31'6d'68'73'2d'73'74'64;  // "dts-shm1"
constexpr std::uint32_t kVersion = 1;

std::uint64_t random_number() {
  std::uint64_t number = 0;
  base::fill_random({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
  return number | 1;
}

std::int64_t monotonic_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

std::string bell_name(const std::string& segment) { return segment + ".bell"; }

Error cannot_share(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT)
    return Error(ErrorCode::limit_reached, "cannot share memory", path, "it is full",
                 "see: df -h " + path + "; ls -l " + path);
  if (error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EROFS)
    return Error(ErrorCode::unsupported, "cannot share memory", path, std::strerror(error),
                 "mount a tmpfs there, or name a directory of one: shm:///run/dts");
  return system_error("share memory", path, error);
}

Descriptor open_bell(int directory, const std::string& segment) {
  Descriptor bell(::openat(directory, bell_name(segment).c_str(),
                           O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (bell && (::fstat(bell.get(), &status) != 0 || !S_ISFIFO(status.st_mode) ||
               status.st_uid != ::geteuid()))
    bell.reset();
  return bell;
}

void ring(int bell) {
  const char once = 1;
  // A full bell is heard as well.
  [[maybe_unused]] const ssize_t written = ::write(bell, &once, 1);
}

bool is_ring_size(std::uint64_t bytes) {
  return bytes >= kRingBytesMin && bytes <= kRingBytesMax && (bytes & (bytes - 1)) == 0;
}

}  // namespace

std::uint64_t proof_of(const Identity& identity) {
  std::uint64_t h = identity.nonce ^ (identity.id * 0x9e3779b97f4a7c15ull);
  h = (h ^ (h >> 31)) * 0xbf58476d1ce4e5b9ull;
  return h | 1;
}

Mapping::~Mapping() {
  if (at_ != nullptr) ::munmap(at_, bytes_);
}

std::string segment_name(const std::string& scope, ShmId id) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(id));
  return "dts-" + scope + "-" + digits;
}

// The bell first: there is never one without its segment, by which it is found.
void remove_segment(int directory, const std::string& name) {
  ::unlinkat(directory, bell_name(name).c_str(), 0);
  ::unlinkat(directory, name.c_str(), 0);
}

Result<std::unique_ptr<OwnSegment>> OwnSegment::create(const std::string& path, int directory,
                                                       const std::string& scope,
                                                       std::uint64_t data_bytes) {
  const std::uint64_t whole = kRingsOffset + kControlBytes + data_bytes;
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < whole)
    return Error(ErrorCode::limit_reached, "cannot share memory", path,
                 "files may not become as large as " + std::to_string(whole) + " bytes",
                 "ulimit -f unlimited");
  std::unique_ptr<OwnSegment> own(new OwnSegment);
  own->directory_ = directory;
  own->owner_ = ::getpid();
  own->file_ = Descriptor(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!own->file_) return cannot_share(path, errno);
  const int file = own->file_.get();
  // Memory is taken here, and not found missing when it is written (which would be a SIGBUS).
  if (::flock(file, LOCK_EX | LOCK_NB) != 0 || ::ftruncate(file, static_cast<off_t>(whole)) != 0 ||
      ::fallocate(file, 0, 0, kRingsOffset + kControlBytes) != 0)
    return cannot_share(path, errno);
  void* const at = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) return cannot_share(path, errno);
  own->map_ = Mapping(at, whole);
  OwnerPages& pages = own->pages();
  pages.identity = {kMagic,         kVersion,      0,         random_number(), random_number(),
                    monotonic_ns(), kControlBytes, data_bytes};
  own->control_ = std::make_unique<RingWriter>(pages.control, own->map_.at(kRingsOffset),
                                               kControlBytes, [](std::uint64_t) { return true; });
  own->control_->begin();
  own->data_ =
      std::make_unique<RingWriter>(pages.data, own->map_.at(kRingsOffset + kControlBytes),
                                   data_bytes, [self = own.get()](std::uint64_t bytes) {
                                     return self->commit(kRingsOffset + kControlBytes, bytes);
                                   });
  const std::string name = segment_name(scope, pages.identity.id);
  const std::string unnamed = "/proc/self/fd/" + std::to_string(file);
  if (::linkat(AT_FDCWD, unnamed.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
    return cannot_share(path, errno);
  own->name_ = name;
  if (::mkfifoat(directory, bell_name(name).c_str(), 0600) != 0) return cannot_share(path, errno);
  own->bell_ = open_bell(directory, name);
  if (!own->bell_) return cannot_share(path, errno);
  return own;
}

OwnSegment::~OwnSegment() {
  if (name_.empty() || ::getpid() != owner_) return;
  pages().closed.store(1, std::memory_order_release);
  remove_segment(directory_, name_);
}

bool OwnSegment::commit(std::uint64_t offset, std::uint64_t bytes) const {
  return ::fallocate(file_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0;
}

void OwnSegment::ring_own() const { ring(bell_.get()); }

void OwnSegment::quiet() const {
  char rung[256];
  while (::read(bell_.get(), rung, sizeof rung) == static_cast<ssize_t>(sizeof rung)) continue;
}

PeerSegment::Opened PeerSegment::open(int directory, const std::string& name) {
  struct stat status {};
  const Descriptor file(
      ::openat(directory, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) return Refusal{NotRead::no_room};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return Refusal{NotRead::gone};
    return Refusal{status.st_uid == ::geteuid() ? NotRead::broken : NotRead::other_user,
                   status.st_uid};
  }
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Refusal{NotRead::broken};
  if (status.st_uid != ::geteuid()) return Refusal{NotRead::other_user, status.st_uid};
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return Refusal{NotRead::stale};
  std::array<std::uint8_t, sizeof(Identity)> bytes{};
  if (::pread(file.get(), bytes.data(), bytes.size(), kPage) != static_cast<ssize_t>(bytes.size()))
    return Refusal{NotRead::broken};
  std::unique_ptr<PeerSegment> peer(new PeerSegment);
  Identity& identity = peer->identity_;
  std::memcpy(&identity, bytes.data(), bytes.size());
  if (identity.magic != kMagic) return Refusal{NotRead::broken};
  if (identity.version != kVersion) return Refusal{NotRead::other_version, 0, identity.version};
  const std::uint64_t whole = kRingsOffset + identity.control_bytes + identity.data_bytes;
  if (identity.control_bytes != kControlBytes || !is_ring_size(identity.data_bytes) ||
      static_cast<std::uint64_t>(status.st_size) != whole || identity.id == 0)
    return Refusal{NotRead::broken};
  void* const door = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (door == MAP_FAILED) return Refusal{NotRead::no_room};
  peer->door_ = Mapping(door, kPage);
  void* const rest = ::mmap(nullptr, whole - kPage, PROT_READ, MAP_SHARED, file.get(), kPage);
  if (rest == MAP_FAILED) return Refusal{NotRead::no_room};
  peer->rest_ = Mapping(rest, whole - kPage);
  peer->name_ = name;
  return peer;
}

bool PeerSegment::is_alive(int directory, const std::string& name) {
  const Descriptor file(
      ::openat(directory, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return errno != ENOENT;
  return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

// The bell first, then the note that it was rung: whoever is killed in between leaves the owner
// awake. The owner may sleep again by then, and by another number.
void PeerSegment::wake(int directory) {
  std::uint32_t asleep = doorstep().asleep.load(std::memory_order_relaxed);
  if (asleep == 0) return;
  if (!bell_) bell_ = open_bell(directory, name_);
  if (!bell_) return;
  ring(bell_.get());
  doorstep().asleep.compare_exchange_strong(asleep, 0, std::memory_order_relaxed);
}

}  // namespace dts::transport
