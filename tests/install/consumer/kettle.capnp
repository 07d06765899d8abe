@0xb5f0e2d7c1a49836;
using Dts = import "/dts/annotations.capnp";
$Dts.name("brewery");

struct Kettle {
  celsius @0 :Float64 $Dts.unit("Cel");
}
