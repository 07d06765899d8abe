# The one list of formats and transports. A line here is all it takes to add one: the tables that
# Domain receives are generated from it, `dts formats` and the conformance suites run over them.
#   dts_format(<name>)      src/format/<name>.cpp defines `const dts::Format& <name>_format();`
#   dts_transport(<name>)   src/transport/<name>/ defines `extern const dts::TransportPlugin <name>_transport;`
set(DTS_FORMATS)
set(DTS_TRANSPORTS)
macro(dts_format name)
  list(APPEND DTS_FORMATS ${name})
endmacro()
macro(dts_transport name)
  list(APPEND DTS_TRANSPORTS ${name})
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
dts_transport(loopback)

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
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/transports.inc CONTENT
"namespace dts::transport {\n${declarations}}
namespace dts {
Transports built_in_transports() {
  static const TransportPlugin table[] = {\n${rows}  };
  return table;
}
}\n" @ONLY)
