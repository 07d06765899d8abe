@0xb2c1d4e5f6a70819;
# Written by hand from docs/reference/formats/capnproto.md, to be independent of our exporter.

struct Batch {
  celsius @0 :Float64;
  tankNo @1 :Int32;
  state @2 :State;
  note @3 :Text;
  limit :union { none @4 :Void; some @5 :Int16; }
  missing :union { none @6 :Void; some @7 :UInt8; }
  steps @8 :List(Step);
  grid @9 :List(List(UInt8));
  counts @10 :List(Entry);
  flags @11 :List(Bool);
  price @12 :Decimal;
  raw @13 :Data;
  at @14 :Int64;
}

enum State {
  idle @0;
  heating @1;
}

struct Step {
  union {
    none @0 :Void;
    wait @1 :Int64;
    heatTo @2 :Float32;
    call @3 :Text;
  }
}

struct Entry {
  key @0 :Text;
  value @1 :UInt32;
}

struct Decimal {
  coefficient @0 :Int64;
  exponent @1 :Int8;
}
