// Capnp default: the default of a field of a schema, as the notation writes it and as the bits that
// are exclusive-or'd with values in the message. Any thread.
#pragma once

#include <schema/capnp_files.hpp>
#include <schema/draft.hpp>

namespace dts::schema {

// Sets the mask and, of what is no case of a union, the default. Lists and structs are refused.
Result<void> read_default(capnp::StructSchema::Field field, DraftMember& member);

}  // namespace dts::schema
