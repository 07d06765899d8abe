@0xd2c5f4b1a6e89301;

struct Inner {
  x @0 :Int32;
  y @1 :Float64;
}

enum Color {
  red @0;
  green @1;
  blue @2;
}

struct Record {
  id @0 :UInt64;
  temperature @1 :Float64;
  station @2 :Text;
  readings @3 :List(Float64);
  inner @4 :Inner;
  color @5 :Color;
  at @6 :UInt64;
  flag @7 :Bool;
  count @8 :Int32;
  ratio @9 :Float32;
}
