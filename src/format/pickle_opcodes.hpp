// The opcodes of Python's pickle, protocols 0 to 5, as pickletools names them.
#pragma once

#include <cstdint>
#include <string_view>

namespace dts::format::pickle {

// name, byte
// clang-format off
#define DTS_PICKLE_OPCODES(OPCODE) \
  OPCODE(MARK, '(') OPCODE(STOP, '.') OPCODE(POP, '0') OPCODE(POP_MARK, '1') \
  OPCODE(DUP, '2') OPCODE(FLOAT, 'F') OPCODE(INT, 'I') OPCODE(BININT, 'J') \
  OPCODE(BININT1, 'K') OPCODE(LONG, 'L') OPCODE(BININT2, 'M') OPCODE(NONE, 'N') \
  OPCODE(PERSID, 'P') OPCODE(BINPERSID, 'Q') OPCODE(REDUCE, 'R') OPCODE(STRING, 'S') \
  OPCODE(BINSTRING, 'T') OPCODE(SHORT_BINSTRING, 'U') OPCODE(UNICODE, 'V') \
  OPCODE(BINUNICODE, 'X') OPCODE(APPEND, 'a') OPCODE(BUILD, 'b') OPCODE(GLOBAL, 'c') \
  OPCODE(DICT, 'd') OPCODE(EMPTY_DICT, '}') OPCODE(APPENDS, 'e') OPCODE(GET, 'g') \
  OPCODE(BINGET, 'h') OPCODE(INST, 'i') OPCODE(LONG_BINGET, 'j') OPCODE(LIST, 'l') \
  OPCODE(EMPTY_LIST, ']') OPCODE(OBJ, 'o') OPCODE(PUT, 'p') OPCODE(BINPUT, 'q') \
  OPCODE(LONG_BINPUT, 'r') OPCODE(SETITEM, 's') OPCODE(TUPLE, 't') \
  OPCODE(EMPTY_TUPLE, ')') OPCODE(SETITEMS, 'u') OPCODE(BINFLOAT, 'G') OPCODE(PROTO, 0x80) \
  OPCODE(NEWOBJ, 0x81) OPCODE(EXT1, 0x82) OPCODE(EXT2, 0x83) OPCODE(EXT4, 0x84) \
  OPCODE(TUPLE1, 0x85) OPCODE(TUPLE2, 0x86) OPCODE(TUPLE3, 0x87) OPCODE(NEWTRUE, 0x88) \
  OPCODE(NEWFALSE, 0x89) OPCODE(LONG1, 0x8a) OPCODE(LONG4, 0x8b) OPCODE(BINBYTES, 'B') \
  OPCODE(SHORT_BINBYTES, 'C') OPCODE(SHORT_BINUNICODE, 0x8c) OPCODE(BINUNICODE8, 0x8d) \
  OPCODE(BINBYTES8, 0x8e) OPCODE(EMPTY_SET, 0x8f) OPCODE(ADDITEMS, 0x90) \
  OPCODE(FROZENSET, 0x91) OPCODE(NEWOBJ_EX, 0x92) OPCODE(STACK_GLOBAL, 0x93) \
  OPCODE(MEMOIZE, 0x94) OPCODE(FRAME, 0x95) OPCODE(BYTEARRAY8, 0x96) \
  OPCODE(NEXT_BUFFER, 0x97) OPCODE(READONLY_BUFFER, 0x98)
// clang-format on

enum class Opcode : std::uint8_t {
#define DTS_PICKLE_OPCODE(name, byte) name = byte,
  DTS_PICKLE_OPCODES(DTS_PICKLE_OPCODE)
#undef DTS_PICKLE_OPCODE
};

// Empty: no opcode.
constexpr std::string_view opcode_name(std::uint8_t byte) {
  switch (static_cast<Opcode>(byte)) {
#define DTS_PICKLE_OPCODE(name, code) \
  case Opcode::name:                  \
    return #name;
    DTS_PICKLE_OPCODES(DTS_PICKLE_OPCODE)
#undef DTS_PICKLE_OPCODE
  }
  return {};
}

}  // namespace dts::format::pickle
