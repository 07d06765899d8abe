// PythonBridge: joins the domain of a session with nodes of the Python package domaintypesystem
// (2019). What the package puts on the wire is src/bridge/python_dts's; here values go from one
// world to the other. Everything happens on the session's thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <bridge/python_dts/directory.hpp>
#include <bridge/python_dts/multicast.hpp>
#include <cli/session.hpp>
#include <dts/assignment.hpp>
#include <dts/binding.hpp>

namespace dts::cli {

// A struct of the Python nodes, and the type it is on the domain.
struct PythonStruct {
  std::string name;  // as Python calls it, "Outer.Inner"
  Type type;
  Binding binding;  // not valid(): the format's own
};

class PythonBridge {
 public:
  static Result<std::unique_ptr<PythonBridge>> open(Session& session,
                                                    std::vector<PythonStruct> structs,
                                                    const std::string& interface,
                                                    std::uint16_t port);
  // Until interrupted, or --timeout.
  Session::End run();
  // Says goodbye, and what has been done.
  void finish();

 private:
  using Directory = bridge::python_dts::Directory;
  using Datagram = bridge::python_dts::Datagram;

  // What happens to datagrams and values, each counted; of the bad ones the first is told.
  enum class Count : std::uint8_t {
    received,       // datagrams
    own,            // of these: sent here
    not_blosc,      // no blosc frame, or not all of it
    too_large,      // would unpack to more than is taken
    not_a_message,  // no DomainTypeGroupMessage
    bad_membership,
    unknown_struct,  // of no schema given here
    undecodable,     // not a message of its struct
    stood_by,        // left to the other bridge, or early
    not_published,   // the domain refused it
    to_domain,       // values
    to_python,       // values
    from_python,     // values of the domain that a bridge published: not sent back
    not_encodable,   // values that the struct cannot hold
    not_sent,        // too large for a datagram, or the network refused it
    not_kept,        // too much to answer questions with later
    last_,
  };
  struct Bridged {
    PythonStruct python;
    LayoutPtr layout;
    Assignment same;
    std::unique_ptr<Encoder> encoder;
    std::unique_ptr<Decoder> decoder;
    Subscription subscription;
    std::map<std::pair<NodeId, std::uint32_t>, Bytes> last;  // of each source, for questions
  };
  struct Sender {
    ValuePublisher publisher;
    Instant used;
  };
  using SenderKey = std::tuple<Directory::StructIndex, Bytes, std::uint64_t>;

  PythonBridge(Session& session, bridge::python_dts::Multicast network, Directory directory,
               std::uint64_t instance);
  Result<void> add(PythonStruct python);
  void receive_all();
  void receive(ByteView bytes, const std::string& from);
  void receive_control(const Datagram& datagram, const std::string& from);
  void publish(Directory::StructIndex index, Datagram datagram, const std::string& from);
  Result<ValuePublisher*> publisher_of(Directory::StructIndex index, const Datagram& datagram,
                                       const std::string& from);
  void subscribe();
  void begin();
  void send_last(Directory::StructIndex index);
  void send_value(Directory::StructIndex index, const void* value, const Sample& sample);
  void send_content(Directory::StructIndex index, const Bytes& content);
  void keep(Bridged& bridged, const Sample& sample, const Bytes& content);
  void send(std::uint32_t group, Datagram datagram);
  void act(const Directory::Actions& actions);
  void count(Count what, const std::string& from = {}, const Error* error = nullptr);

  Session& session_;
  bridge::python_dts::Multicast network_;
  Directory directory_;
  const Bytes host_id_;
  const std::uint64_t instance_;
  std::vector<std::unique_ptr<Bridged>> structs_;
  std::map<SenderKey, Sender> senders_;
  std::set<std::string, std::less<>> told_structs_;
  std::array<std::uint64_t, static_cast<std::size_t>(Count::last_)> counts_{};
  std::size_t kept_bytes_ = 0;
  bool begun_ = false;
  Bytes buffer_;
};

}  // namespace dts::cli
