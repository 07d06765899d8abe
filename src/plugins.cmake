# The one list of formats and transports. A line here is all it takes to add one: the tables that
# Domain receives are generated from it, `dts formats` and the conformance suites run over them.
#   dts_format(<name>)      src/format/<name>.cpp defines `const dts::Format& <name>_format();`
#   dts_transport(<name>)   a file below src/transport/ defines `extern const dts::TransportPlugin <name>_transport;`
#   dts_transport(<names...> OPTIONAL <Debian package> HEADER <header> LIBRARY <library> [FOLDER <folder>])
#     These need a library. Where it is not there, src/transport/<folder> (by default of the first
#     name) is not built, and the rows only say which package to install (decision 0021).
# A scheme with a + is named as it is ("zmq+tcp"); its row is zmq_tcp_transport.
set(DTS_FORMATS)
set(DTS_TRANSPORTS)
set(DTS_TRANSPORTS_LEFT_OUT)       # scheme=package
set(DTS_TRANSPORT_LIBRARIES)       # by name: whoever links libdts.a finds them in the same way
set(DTS_TRANSPORT_FOLDERS_LEFT_OUT)
set(DTS_LEAVE_OUT "" CACHE STRING "Optional transports not to build although their library is there")
macro(dts_format name)
  list(APPEND DTS_FORMATS ${name})
endmacro()
macro(dts_transport)
  cmake_parse_arguments(T "" "OPTIONAL;HEADER;LIBRARY;FOLDER" "" ${ARGN})
  set(there TRUE)
  list(GET T_UNPARSED_ARGUMENTS 0 first)
  if(T_OPTIONAL)
    if(NOT T_FOLDER)
      set(T_FOLDER ${first})
    endif()
    find_path(DTS_HEADER_${T_LIBRARY} ${T_HEADER})
    find_library(DTS_LIBRARY_${T_LIBRARY} ${T_LIBRARY})
    if(NOT DTS_HEADER_${T_LIBRARY} OR NOT DTS_LIBRARY_${T_LIBRARY} OR first IN_LIST DTS_LEAVE_OUT)
      set(there FALSE)
      list(APPEND DTS_TRANSPORT_FOLDERS_LEFT_OUT ${T_FOLDER})
      message(STATUS "Left out: ${first}:// (${T_OPTIONAL} is not there)")
    else()
      list(APPEND DTS_TRANSPORT_LIBRARIES ${T_LIBRARY})
    endif()
  endif()
  foreach(name IN LISTS T_UNPARSED_ARGUMENTS)
    if(there)
      string(MAKE_C_IDENTIFIER ${name} name)
      list(APPEND DTS_TRANSPORTS ${name})
    else()
      list(APPEND DTS_TRANSPORTS_LEFT_OUT ${name}=${T_OPTIONAL})
    endif()
  endforeach()
endmacro()

dts_format(capnproto)
dts_format(json)
dts_format(protobuf)
dts_format(cbor)
dts_format(messagepack)
dts_format(ion)
dts_format(xml)
dts_format(pickle)
dts_format(raw)

dts_transport(udp)
dts_transport(shm)
dts_transport(loopback)
dts_transport(tcp)
dts_transport(tcp_listen)
dts_transport(tcps)
dts_transport(tcps_listen)
dts_transport(ws)
dts_transport(ws_listen)
dts_transport(wss)
dts_transport(wss_listen)
dts_transport(http_listen)
dts_transport(https_listen)
dts_transport(nng+tcp nng+tcp-listen nng+ipc nng+ipc-listen)
dts_transport(mqtt mqtts OPTIONAL libmosquitto-dev HEADER mosquitto.h LIBRARY mosquitto)
dts_transport(nats natss OPTIONAL libnats-dev HEADER nats/nats.h LIBRARY nats)
dts_transport(sqs OPTIONAL libcurl4-openssl-dev HEADER curl/curl.h LIBRARY curl)
dts_transport(http https
  OPTIONAL libcurl4-openssl-dev HEADER curl/curl.h LIBRARY curl FOLDER http_dial)
dts_transport(zmq+tcp zmq+tcp-listen zmq+ipc zmq+ipc-listen
  OPTIONAL libzmq3-dev HEADER zmq.h LIBRARY zmq FOLDER zmq)
list(REMOVE_DUPLICATES DTS_TRANSPORT_LIBRARIES)

set_property(GLOBAL PROPERTY DTS_TRANSPORTS ${DTS_TRANSPORTS})
set_property(GLOBAL PROPERTY DTS_TRANSPORT_LIBRARIES ${DTS_TRANSPORT_LIBRARIES})  # for pkg-config

# The two generated tables.
set(declarations "")
set(rows "")
foreach(name IN LISTS DTS_FORMATS)
  string(APPEND declarations "const Format& ${name}_format();\n")
  string(APPEND rows "      &${name}_format(),\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/formats.inc CONTENT
"namespace dts::format {\n${declarations}}
namespace dts {
Formats built_in_formats() {
  using namespace format;
  static const Format* const table[] = {\n${rows}  };
  return table;
}
}\n" @ONLY)
set(declarations "")
set(rows "")
foreach(name IN LISTS DTS_TRANSPORTS)
  string(APPEND declarations "extern const TransportPlugin ${name}_transport;\n")
  string(APPEND rows "      transport::${name}_transport,\n")
endforeach()
foreach(pair IN LISTS DTS_TRANSPORTS_LEFT_OUT)
  string(REGEX MATCH "^(.*)=(.*)$" ignored ${pair})
  string(APPEND rows "      {\"${CMAKE_MATCH_1}\", &transport::open_left_out, \"${CMAKE_MATCH_2}\"},\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/transports.inc CONTENT
"namespace dts::transport {\n${declarations}}
namespace dts {
Transports built_in_transports() {
  static const TransportPlugin table[] = {\n${rows}  };
  return table;
}
}\n" @ONLY)
