@0xa93fc509624c72d9;
using Dts = import "/dts/annotations.capnp";
$Dts.name("brewery");

# One batch, written by hand: groups, unions with and without a name, defaults, fields out of order.
struct Batch {
  note @3 :Text = "none yet";
  tank @0 :UInt8;
  celsius @1 :Float64 = 20.5 $Dts.unit("Cel");
  ready @2 :Bool = true;
  count @4 :Int32 = -7;
  lid :group {
    open @5 :Bool;
    angle @6 :Int16 = 90;
  }
  union {
    idle @7 :Void;
    heating @8 :Float32;
    step @9 :Step;
    manual :group { by @10 :Text; since @11 :Int64; }
  }
  state @12 :State = cooling;
  next @13 :Batch;
  steps @14 :List(Step);
  data @15 :Data;
  limit :union { none @16 :Void; most @17 :UInt16; }
  flags @18 :List(Bool);
}

struct Step {
  union { wait @0 :UInt32; call @1 :Text; heat @2 :Float64 $Dts.unit("Cel"); }
}

enum State { off @0; cooling @1; }
