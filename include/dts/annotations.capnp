# What Cap'n Proto cannot say of a type of DTS, as annotations:
#   using Dts = import "/dts/annotations.capnp";
#   celsius @0 :Float64 $Dts.unit("Cel");
# `dts` reads them wherever it reads a .capnp, and has this file built in; capnp finds it here.
@0xd75d0a6f2f3a1000;

annotation name @0xd75d0a6f2f3a1001 (*) :Text;
# Another name; of a file, the words before all names in it: "brewery".

annotation unit @0xd75d0a6f2f3a1002 (field) :Text;
# A UCUM code: "Cel".

annotation quantity @0xd75d0a6f2f3a1003 (field) :Text;
# A quantity tag: "delta".

annotation field @0xd75d0a6f2f3a1004 (field, union, group) :Text;
# All of a field in the notation: "key tank @3 : i8 [Cel] = 0".

annotation type @0xd75d0a6f2f3a1005 (struct, enum) :Text;
# How the type is headed: "closed union brewery.Event".

annotation enumeration @0xd75d0a6f2f3a1006 (file) :Text;
# An enumeration with values of its own, in the notation: "enum brewery.State { off = 0, on = 5 }".
