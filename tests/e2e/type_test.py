"""dts type: show, new, diff, check, export, ls; from files, notation, samples and the bus."""
import json
import pathlib
import shutil
import subprocess
import tempfile

import harness
from harness import Case

OLD = "brewery.Temperature {\n  celsius : f64 [Cel]\n  tank    : i32\n}\n"
NEW = "brewery.Temperature {\n  celsius : f64 [Cel]\n  tank    : i64\n  room    : text = \"\"\n}\n"


class Types(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.old = self.write("old.dts", OLD)
        self.new = self.write("new.dts", NEW)

    def write(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text)
        return str(path)

    def test_a_file_is_shown_in_every_form(self):
        done = self.check(self.run_dts("type", "show", self.old))
        self.assert_matches(done.out, r"\Abrewery\.Temperature \{\n")
        self.assert_matches(done.err, r"\A# brewery\.Temperature@[0-9a-f]{8}\n\Z")
        again = self.write("again.dts", done.out)
        self.assertEqual(self.run_dts("type", "show", again).out, done.out)
        (row,) = self.check_schema(self.run_dts("type", "show", self.old, "--json").out, "type")
        self.assertEqual([field["name"] for field in row["nodes"][0]["fields"]], ["celsius", "tank"])
        self.assert_matches(self.run_dts("type", "show", self.old, "--as", "document").out,
                            r"\A([0-9a-f]{2})+\n\Z")

    def test_notation_on_the_command_line_and_stdin(self):
        short = "brewery.Temperature{celsius:f64[Cel], tank:i32}"
        text = self.check(self.run_dts("type", "show", short)).out
        self.assertEqual(self.run_dts("type", "show", self.old).out, text)
        self.assertEqual(self.run_dts("type", "show", "-", stdin=short).out, text)

    def test_notation_errors_point_at_the_place(self):
        done = self.check(self.run_dts("type", "show", self.write("bad.dts", "T {\n  x : f46\n}\n")), 2)
        self.assert_matches(done.err, r"^✗ E1103 ")
        self.assertIn("bad.dts", done.err)
        self.assertIn("^", done.err)
        self.check(self.run_dts("type", "show", self.folder.name + "/none.dts"), 1)

    def test_an_unknown_unit_is_told(self):
        done = self.check(self.run_dts("type", "show", "T{x:f64[Cel], y:f64[celsius], z:f64[dB]}"))
        self.assertIn('# T.y: the unit "celsius" is not known', done.err)
        self.assertNotIn("T.x", done.err)
        self.assertNotIn("T.z", done.err)

    def test_a_file_that_is_not_there_is_no_type_of_the_bus(self):
        done = self.check(self.run_dts("type", "show", "nosuch.dts"), 1)
        self.assertIn("E1401 cannot read, at nosuch.dts", done.err)

    def test_export_is_what_the_capnp_tool_reads(self):
        schema = self.check(self.run_dts("type", "export", self.old)).out
        self.assertIn("struct BreweryTemperature", schema)
        if shutil.which("capnp"):
            path = self.write("t.capnp", schema)
            subprocess.run(["capnp", "compile", "-o-", path], check=True, capture_output=True,
                           timeout=harness.DEADLINE_S)

    def test_a_schema_is_imported_and_taken_where_a_type_is_named(self):
        proto = self.write("t.proto", 'syntax = "proto3";\npackage brewery;\nimport "dts/options.proto";\n'
                           'message Temperature {\n  double celsius = 2 [(dts.unit) = "Cel"];\n  int32 tank = 1;\n}\n'
                           'service S { rpc X(Temperature) returns (Temperature); }\n')
        done = self.check(self.run_dts("type", "import", proto))
        self.assertEqual(done.out, "brewery.Temperature {\n  celsius : f64 [Cel] = 0\n  tank    : i32 = 0\n}\n")
        self.assertIn("# the service brewery.S is left out", done.err)
        self.assert_matches(done.err, r"has a binding for protobuf: [0-9a-f]{16}$")
        same = "brewery.Temperature{celsius:f64[Cel]=0, tank:i32=0}"
        self.check(self.run_dts("type", "diff", proto, same))
        self.check(self.run_dts("type", "check", "--full", proto, same))

    def test_what_is_exported_is_imported_as_the_same_type(self):
        for form, name in (("proto", "a.proto"), ("capnp", "a.capnp"), ("avro", "a.avsc"),
                           ("json-schema", "a.schema.json"), ("jtd", "a.jtd"), ("notation", "a.dts")):
            text = self.check(self.run_dts("type", "export", self.new, "--as", form)).out
            self.check(self.run_dts("type", "diff", self.write(name, text), self.new))
        for form in ("cpp", "python"):
            self.assertIn("Temperature", self.check(self.run_dts("type", "export", self.new, "--as", form)).out)

    def test_an_export_is_not_json_as_well(self):
        done = self.check(self.run_dts("type", "export", self.new, "--as", "proto", "--json"), 2)
        self.assertIn("--json and --as proto contradict each other", done.err)

    def test_errors_of_a_schema_say_where(self):
        bad = self.write("bad.proto", 'syntax = "proto3";\nmessage T { int33 x = 1; }\n')
        done = self.check(self.run_dts("type", "import", bad), 2)
        self.assertIn("bad.proto:2:13", done.err)
        self.check(self.run_dts("type", "import", self.write("x.avsc", '{"type": "recrd"}')), 2)
        done = self.check(self.run_dts("type", "import", bad.replace("bad", "none")), 1)
        self.assertIn("cannot read", done.err)

    def test_new_makes_a_type_from_a_sample(self):
        done = self.check(self.run_dts("type", "new", "Note", stdin='{"text":"x","n":1,"p":{"x":1.5}}'))
        self.assertEqual(done.out, "Note {\n  text : text\n  n    : i64\n  p    : Note.P\n}\n\n"
                                   "Note.P {\n  x : f64\n}\n")
        self.assertEqual(self.run_dts("type", "new", "Note", "n=1").out, "Note {\n  n : i64\n}\n")
        self.check_schema(self.run_dts("type", "new", "Note", "n=1", "--json").out, "type")
        self.check(self.run_dts("type", "new", "Note", stdin='{"x":null}'), 1)
        self.check(self.run_dts("type", "new", "9", "n=1"), 2)

    def test_diff_shows_both_and_who_reads_whom(self):
        done = self.check(self.run_dts("type", "diff", self.old, self.new), 1)
        self.assert_matches(done.out, r"^--- brewery\.Temperature@[0-9a-f]{8}$")
        self.assert_matches(done.out, r"^- .*tank.*i32")
        self.assert_matches(done.out, r"^\+ .*tank.*i64")
        self.assert_matches(done.out, r"^✓ .* reads .*: adapted$")
        self.assert_matches(done.out, r"^✗ .* reads .*: refused$")
        self.check(self.run_dts("type", "diff", self.old, self.old))
        self.check_schema(self.run_dts("type", "diff", self.old, self.new, "--json").out, "type_diff")

    def test_check_says_whether_the_new_may_replace_the_old(self):
        done = self.check(self.run_dts("type", "check", self.old, self.new))
        self.assert_matches(done.out, r"^✓ the new type reads the old: adapted$")
        self.assert_matches(done.out, r"^✗ the old type reads the new: refused\n    tank: ")
        self.check(self.run_dts("type", "check", "--full", self.old, self.new), 1)
        self.check(self.run_dts("type", "check", self.new, self.old), 1)
        self.check(self.run_dts("type", "check", "--full", self.old, self.old))
        (row,) = self.check_schema(
            self.run_dts("type", "check", self.old, self.new, "--json").out, "type_check")
        self.assertTrue(row["passed"])

    def test_types_come_from_the_bus(self):
        self.publish("Pressure", "bar=1.02", define="Pressure{bar:f64[bar]}")
        self.publish("Other", "x=1", define="Other{x:i64}")
        done = self.check(self.run_dts("type", "show", "Pressure"))
        self.assert_matches(done.out, r"^  bar : f64 \[bar\]$")
        rows = self.check_schema(self.check(self.run_dts("type", "ls", "--json")).out, "type_ls")
        self.assertEqual([row["type"] for row in rows], ["Other", "Pressure"])
        self.check(self.run_dts("type", "diff", "Pressure", "Pressure{bar:f64[bar]}"))
        done = self.check(self.run_dts("type", "show", "Presure"), 4)
        self.assertIn("did you mean  Pressure", done.err)

    def test_two_types_of_one_name_are_told_apart(self):
        self.publish("Pressure", "bar=1.02", define="Pressure{bar:f64}", labels=["a=1"])
        self.publish("Pressure", "kpa=102", define="Pressure{kpa:f64}", labels=["a=2"])
        rows = self.check_schema(self.run_dts("type", "show", "Pressure", "--json").out, "type")
        self.assertEqual(len(rows), 2)
        done = self.check(self.run_dts("type", "diff", "Pressure", self.old), 2)
        self.assertIn("stands for 2 types", done.err)
        names = [f"Pressure@{row['id'][:8]}" for row in rows]
        self.assert_matches(self.check(self.run_dts("type", "diff", *names), 1).out, r"^\+ .*(bar|kpa)")
        self.assertIn("published as 2 different types", self.run_dts("ls").err)
        done = self.run_dts("doctor", "--only", "H04")
        self.assertIn("! H04 types            Pressure is published as 2 types", done.out)


if __name__ == "__main__":
    harness.main()
