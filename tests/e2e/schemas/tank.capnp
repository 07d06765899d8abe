@0xc7a0b1d2e3f40516;
using Dts = import "/dts/annotations.capnp";
$Dts.name("brewery");

struct Tank {
  tank @0 :Int32;
  celsius @1 :Float64 $Dts.unit("Cel");
  note @2 :Text;
}
