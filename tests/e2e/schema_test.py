"""Schemas written by hand: types are taken from their files by publishers and subscribers, and
programs that have nothing but the reference libraries (python3-protobuf, protoc, capnp) make and
read the messages, over the network."""
import json
import pathlib
import subprocess
import tempfile

import harness
from harness import Case, ROOT

FILES = ROOT / "tests/e2e/schemas"


def reference(*command, stdin=b"", **options):
    """Runs a tool of the reference implementation."""
    return subprocess.run(command, input=stdin, check=True, capture_output=True,
                          timeout=harness.DEADLINE_S, **options).stdout


class Definitions(Case):
    def expect_values(self, *subscriber, define, values, **expected):
        """A subscriber that was there first receives what is published then."""
        child = self.start("sub", *subscriber, "--json", "-n", "1")
        self.check(self.run_dts("pub", "brewery.Tank", *values, "--define", define, "--require",
                                "1", "--timeout", "40s"))
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        value = json.loads(out)["v"]
        self.assertEqual({key: value[key] for key in expected}, expected)
        return value

    def test_a_subscriber_takes_its_type_from_a_schema_file_before_anybody_publishes(self):
        files = sorted(FILES.glob("tank.*"))
        self.assertEqual(len(files), 6)
        for file in files:
            with self.subTest(file=file.name):
                self.environment["DTS_DOMAIN"] = "test-" + file.name.replace(".", "-")
                self.expect_values("brewery.Tank", "--define", str(file), values=[
                    "celsius=149[degF]", "tank=3"], define="brewery.Tank{tank:u8, celsius:f32"
                    "[[degF]], note:text=\"koji is in\"}", celsius=65, tank=3, note="koji is in")

    def test_without_a_type_the_first_of_the_definition_is_meant(self):
        self.expect_values("--define", "brewery.Tank{celsius:f64[K]}", values=["celsius=0"],
                           define="brewery.Tank{celsius:f64[Cel]}", celsius=273.15)

    def test_a_unit_on_one_side_may_be_taken_for_both(self):
        self.expect_values("--define", "brewery.Tank{celsius:f64[Cel]}", "--lenient-units",
                           values=["celsius=20"], define="brewery.Tank{celsius:f64}", celsius=20)

    def test_who_does_not_fit_the_definition_is_told(self):
        self.publish("brewery.Tank", "celsius=1", define="brewery.Tank{celsius:f64}")
        done = self.check(self.run_dts("sub", "--define", "brewery.Tank{celsius:f64[Cel]}", "-d",
                                       "4s"), 4)
        self.assertIn("incompatible_type", done.err)
        self.assertIn("celsius: ", done.err)

    def test_a_publisher_speaks_by_the_binding_of_a_proto_file(self):
        file = str(FILES / "tank.proto")
        child = self.start("sub", "brewery.Tank", "--raw", "--json", "-n", "1")
        self.check(self.run_dts("pub", "brewery.Tank", "celsius=18.5", "tank=3", "--define", file,
                                "--require", "1"))
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        row = json.loads(out)
        self.assertEqual((row["format"], row["v"]["celsius"]), ("protobuf", 18.5))
        # celsius is number 9, tank is number 4 and a sint32: as the file says, not as DTS would.
        self.assertEqual(row["raw"], "2006490000000000803240")

    def test_definitions_that_do_not_go_are_refused(self):
        tank = str(FILES / "tank.proto")
        for arguments, words in (
                (["sub", "brewery.Keg", "--define", tank], 'does not define "brewery.Keg"'),
                (["sub", "brewery.*", "--define", tank], "--define is for one type"),
                (["sub", "a.A", "b.B", "--define", tank], "--define is for one type"),
                (["sub", "U", "--define", "T{x:f64}"], '--define defines "T", not "U"'),
                (["sub", "--define", "T{x:f46}"], "E1103"),
                (["sub", "--define", "/no/such.proto"], "cannot read"),
                (["sub", "--shape", "T{x:f64[m]}", "--define", tank], "--shape stands instead"),
                (["sub", "T", "--lenient-units"], "--lenient-units goes with --define or --shape"),
                (["pub", "brewery.Keg", "--define", tank, "tank=1"], 'does not define "brewery.Keg"'),
                (["why", "T", "--as", "/no/such.avsc"], "cannot read")):
            done = self.run_dts(*arguments)
            self.assertIn(done.code, (1, 2, 4), done)
            self.assertIn(words, done.err)
            self.assertEqual(done.out, "")

    def test_why_takes_a_file_too(self):
        self.publish("brewery.Tank", "celsius=1", define="brewery.Tank{celsius:text}")
        done = self.check(self.run_dts("why", "brewery.Tank", "--as", str(FILES / "tank.avsc")), 1)
        self.assertIn("incompatible_type", done.out)


class Reference(Case):
    """`message`: made by the reference; what comes back is read by it again."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def through_dts(self, type_name, file, file_format, message, *subscriber):
        """The message, published and received: its bytes, and the value as a subscriber has it."""
        path = self.folder / "message.bin"
        path.write_bytes(message)
        hexadecimal = self.start("sub", type_name, "-o", "hex", "-n", "1")
        typed = self.start("sub", type_name, "--json", "-n", "1", *subscriber)
        self.check(self.run_dts("pub", type_name, "--define", file, "--file", str(path),
                                "--file-format", file_format, "--require", "1", "-r", "20", "-n",
                                "40", "--timeout", "40s"))
        out, err = hexadecimal.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(hexadecimal.returncode, 0, err)
        received = bytes.fromhex(out.strip())
        out, err = typed.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(typed.returncode, 0, err)
        return received, json.loads(out)["v"]

    def published(self, type_name, file, value):
        """What DTS itself makes of the value, as a subscriber gets it."""
        child = self.start("sub", type_name, "-o", "hex", "-n", "1")
        self.check(self.run_dts("pub", type_name, json.dumps(value), "--define", file, "--require",
                                "1", "--timeout", "40s"))
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        return bytes.fromhex(out.strip())

    KELVIN = "brewery.Batch{celsius:f64[K]=0, steps:list<brewery.Step>}; brewery.Step{wait:i64=0}"
    PROTO_VALUE = {
        "tank": 4, "celsius": 64.25, "count": -7, "at": "2026-11-22T10:24:48.000000005Z",
        "what": {"step": {"wait": "-9007199254740993"}}, "counts": {"a": 1, "b": -2},
        "xs": [1, -1], "state": "ON", "steps": [{"wait": 5}, {"wait": 0}]}

    def compiled_proto(self):
        """The module that protoc makes of the file, for python3-protobuf alone."""
        reference("protoc", "-I", str(FILES), "-I", str(ROOT / "include"), "--python_out",
                  str(self.folder), str(FILES / "batch.proto"), str(ROOT / "include/dts/options.proto"))

    def python(self, program, *arguments, stdin=b""):
        return reference("/usr/bin/python3", "-c", program, *arguments, stdin=stdin, cwd=self.folder)

    def test_python_with_protobuf_speaks_to_subscribers_through_a_proto_file(self):
        self.compiled_proto()
        message = self.python("""
import sys, batch_pb2
b = batch_pb2.Batch(tank=4, celsius=64.25, count=-7, xs=[1, -1], state=batch_pb2.Batch.ON)
b.at.FromNanoseconds(1795343088000000005)
b.step.wait = -9007199254740993
b.counts["a"], b.counts["b"] = 1, -2
b.steps.add(wait=5); b.steps.add()
sys.stdout.buffer.write(b.SerializeToString(deterministic=True))
""")
        received, value = self.through_dts("brewery.Batch", str(FILES / "batch.proto"), "protobuf",
                                           message, "--define", self.KELVIN)
        self.assertEqual(value, {"celsius": 337.4, "steps": [{"wait": 5}, {"wait": 0}]})
        self.assertEqual(received, message)

    def test_python_with_protobuf_reads_publishers_that_know_the_proto_file(self):
        self.compiled_proto()
        message = self.published("brewery.Batch", str(FILES / "batch.proto"), self.PROTO_VALUE)
        read = json.loads(self.python("""
import sys, json, batch_pb2
b = batch_pb2.Batch.FromString(sys.stdin.buffer.read())
assert not b.UnknownFields(), "unknown fields"
print(json.dumps([b.tank, b.celsius, b.count, b.HasField("count"), b.at.ToNanoseconds(),
                  b.WhichOneof("what"), b.step.wait, dict(b.counts), list(b.xs), b.state,
                  b.HasField("next"), [s.wait for s in b.steps]]))
""", stdin=message))
        self.assertEqual(read, [4, 64.25, -7, True, 1795343088000000005, "step",
                                -9007199254740993, {"a": 1, "b": -2}, [1, -1], 5, False, [5, 0]])

    def test_protoc_encodes_and_decodes_for_both_ends(self):
        text = b'celsius: 64.25\ntank: 4\nnote: "gr\\303\\274\\303\\237"\nnext {\n  tank: 9\n}\n'
        protoc = ["protoc", "-I", str(FILES), "-I", str(ROOT / "include"), "batch.proto"]
        message = reference(*protoc, "--encode=brewery.Batch", stdin=text)
        received, value = self.through_dts("brewery.Batch", str(FILES / "batch.proto"), "protobuf",
                                           message)
        self.assertEqual((value["what"], value["next"]["tank"]), ({"note": "grüß"}, 9))
        self.assertEqual(reference(*protoc, "--decode=brewery.Batch", stdin=received), text)

    CAPNP_TEXT = (
        b'( note = "first", tank = 200, celsius = 64.25, ready = false, count = 12,\n'
        b'  lid = (open = true, angle = -5), heating = 2.5, state = off,\n'
        b'  next = (note = "second", tank = 9, count = -7, idle = void, steps = [(wait = 5), (call = "stir")],\n'
    b'    data = "", flags = []),\n'
        b'  steps = [], data = "\\x00\\xff", limit = (most = 6), flags = [true, false, true] )\n')

    def capnp(self, verb, stdin):
        return reference("capnp", verb, "-I", str(ROOT / "include"), str(FILES / "batch.capnp"),
                         "Batch", stdin=stdin)

    def test_the_capnp_tool_speaks_to_subscribers_through_a_capnp_file(self):
        message = self.capnp("encode", self.CAPNP_TEXT)
        received, value = self.through_dts(
            "brewery.Batch", str(FILES / "batch.capnp"), "capnproto", message, "--define",
            "brewery.Batch{tank:u32, celsius:f64[K]=0, flags:list<bool>}")
        self.assertEqual(value, {"tank": 200, "celsius": 337.4, "flags": [True, False, True]})
        self.assertEqual(self.capnp("decode", received), self.capnp("decode", message))

    def test_the_capnp_tool_reads_publishers_that_know_the_capnp_file(self):
        message = self.capnp("encode", self.CAPNP_TEXT)
        (self.folder / "message.bin").write_bytes(message)
        # The value as JSON, by way of another format, and then only from that JSON.
        child = self.start("sub", "brewery.Batch", "--json", "-n", "1")
        self.check(self.run_dts(
            "pub", "brewery.Batch", "--define", str(FILES / "batch.capnp"), "--file",
            str(self.folder / "message.bin"), "--file-format", "capnproto", "--format", "cbor",
            "--require", "1", "--timeout", "40s"))
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        again = self.published("brewery.Batch", str(FILES / "batch.capnp"), json.loads(out)["v"])
        self.assertEqual(self.capnp("decode", again), self.capnp("decode", message))

    def test_a_message_that_is_none_is_refused_before_anybody_hears_of_it(self):
        bad = self.folder / "bad.bin"
        bad.write_bytes(b"\x21\x00")
        for define, file_format in (("batch.proto", "protobuf"), ("batch.capnp", "capnproto")):
            done = self.check(self.run_dts(
                "pub", "brewery.Batch", "--define", str(FILES / define), "--file", str(bad),
                "--file-format", file_format), 1)
            self.assertEqual(done.out, "")
            self.assert_matches(done.err, "^✗ E1[0-9]{3} ")
        done = self.check(self.run_dts("pub", "T", "--file", str(bad), "--file-format", "cbor"), 4)
        self.assertIn("the message in the file does not say its type", done.err)
        done = self.check(self.run_dts("pub", "T", "x=1", "--file-format", "cbor"), 2)
        self.assertIn("--file-format says what --file is in", done.err)
        done = self.run_dts("pub", "T", "--file", str(bad), "--file-format", "cbro")
        self.assertIn('there is no format "cbro"', done.err)

    def test_a_message_comes_from_stdin(self):
        child = self.start("sub", "Note", "--json", "-n", "1")
        done = self.check(self.run_dts("pub", "Note", "--define", "Note{text:text, n:i8=1}", "--file",
                                       "-", "--file-format", "json", "--format", "cbor",
                                       "--require", "1", stdin='{"text":"stirred"}'))
        self.assertIn("published Note --file - ", done.out)
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(json.loads(out)["v"], {"text": "stirred", "n": 1}, err)


if __name__ == "__main__":
    harness.main()
