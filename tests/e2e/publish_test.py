"""pub: values from fields, JSON and pipes, and every way to get them wrong."""
import base64
import json
import socket
import subprocess
import tempfile

import harness
from harness import Case

TEMPERATURE = "Temperature{celsius:f64[Cel], tank:i32=0}"


class Publish(Case):
    def subscriber(self, *arguments):
        """A subscriber that is on the bus; its first line is taken."""
        child = self.start("sub", *arguments)
        return child

    def values(self, child):
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        return [json.loads(line)["v"] for line in out.splitlines()]

    def test_a_value_reaches_its_subscriber(self):
        child = self.subscriber("Temperature", "--json", "-n", "1")
        done = self.check(self.run_dts("pub", "Temperature", "celsius=12.4", "tank=9", "--define",
                                       TEMPERATURE, "--require", "1", "--timeout", "40s"))
        self.assert_matches(done.out, r"\Apublished Temperature celsius=12\.4 tank=9 → 1 subscriber "
                                      r"\(\S+/dts-sub\) in [\d.]+ m?s\n\Z")
        self.assertEqual(self.values(child), [{"celsius": 12.4, "tank": 9}])

    def test_subscribers_of_one_name_are_counted_apart(self):
        for _ in range(2):
            self.subscriber("Temperature")
        done = self.check(self.run_dts("pub", "Temperature", "celsius=12.4", "--define", TEMPERATURE,
                                       "--require", "2"))
        self.assertRegex(done.out, r"→ 2 subscribers \((\S+/dts-sub), \1\) in ")

    def test_a_file_travels_as_it_is_and_says_what_it_is(self):
        jpeg = bytes(range(256)) * 40
        with tempfile.NamedTemporaryFile() as file:
            file.write(jpeg)
            file.flush()
            child = self.subscriber("camera.Frame", "--json", "-n", "1", "-l", "media=image/jpeg")
            done = self.check(self.run_dts(
                "pub", "camera.Frame", "--file", file.name, "--format", "raw", "--media",
                "image/jpeg", "--require", "1", "--timeout", "40s"))
        self.assertIn("camera.Frame{data:bytes}", done.err)
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0, err)
        row = json.loads(out)
        self.assertEqual(base64.b64decode(row["v"]["data"]), jpeg)
        self.assertEqual(row["labels"]["media"], "image/jpeg")

    def test_a_file_that_is_not_there_or_does_not_fit_is_refused(self):
        missing = self.run_dts("pub", "camera.Frame", "--file", "/no/such/file")
        self.assertIn("E1401", missing.err)
        unfit = self.run_dts("pub", "Note", "--define", "Note{text:text}", "--file", __file__)
        self.assertIn("raw cannot carry Note, at text: text has no fixed size", unfit.err)

    def test_what_a_file_is_has_to_be_a_media_type(self):
        for media in ("jpeg", "image/", "/jpeg", "image/jp eg", ""):
            done = self.check(self.run_dts("pub", "Frame", "--file", "/dev/null",
                                           "--format", "raw", "--media", media), 2)
            self.assertIn("is not a media type", done.err)

    def test_a_publisher_that_waits_loses_nothing_to_a_slow_reader(self):
        child = self.subscriber("Temperature", "--json", "-n", "3000")  # nobody reads its pipe yet
        self.check(self.run_dts("pub", "Temperature", "celsius=1", "tank={{n}}", "--define",
                                TEMPERATURE, "-n", "3000", "--require", "1", "--wait", "40s"))
        tanks = [value["tank"] for value in self.values(child)]
        self.assertEqual(tanks, list(range(1, 3001)))

    def test_a_command_is_confirmed_by_the_node_it_names(self):
        child = self.subscriber("Valve", "--json", "-n", "1")
        name = socket.gethostname().split(".")[0] + "/dts-sub"
        self.check(self.run_dts("pub", "Valve", "open=true", "--define", "Valve{open:bool}",
                                "--profile", "command", "--to", name, "--wait", "40s"))
        self.assertEqual(self.values(child), [{"open": True}])

    def test_a_command_that_nobody_confirms_fails_and_says_who(self):
        done = self.check(self.run_dts("pub", "Valve", "open=true", "--define", "Valve{open:bool}",
                                       "--profile", "command", "--to", "pi/valve", "--wait",
                                       "100ms"), 124)
        self.assertIn("E1005 the command was not sent: pi/valve did not subscribe", done.err)

    def test_to_is_for_commands(self):
        done = self.check(self.run_dts("pub", "Valve", "open=true", "--to", "pi/valve"), 2)
        self.assertIn("--profile command --to pi/valve", done.err)

    def test_the_result_is_json_when_asked_for(self):
        self.subscriber("Temperature")
        done = self.check(self.run_dts("pub", "Temperature", '{"celsius":1.5}', "--define",
                                       TEMPERATURE, "--require", "1", "--json"))
        (row,) = self.check_schema(done.out, "pub")
        self.assertEqual((row["published"], len(row["subscribers"])), (1, 1))

    def test_without_subscribers_it_says_so(self):
        done = self.check(self.run_dts("pub", "Temperature", "celsius=1", "--define", TEMPERATURE))
        self.assert_matches(done.out, r"^published Temperature celsius=1 → 0 subscribers in ")
        self.assertIn("nobody asks for Temperature", done.err)

    def test_fewer_subscribers_than_required_is_4(self):
        done = self.check(self.run_dts("pub", "Temperature", "celsius=1", "--define", TEMPERATURE,
                                       "--require", "1"), 4)
        self.assertEqual(done.out, "")
        self.assertIn("✗ E1101 1 subscriber of Temperature required, 0 there: nothing was published",
                      done.err)

    def test_the_type_comes_from_the_bus(self):
        self.publish("Temperature", "celsius=1", define=TEMPERATURE)
        done = self.check(self.run_dts("pub", "Temperature", "celcius=12"), 1)
        self.assertEqual(done.err, '✗ E1204 Temperature has no field "celcius";  did you mean '
                                   '"celsius" (f64, °C)?      fields: celsius, tank\n')
        done = self.check(self.run_dts("pub", "Temperature", "tank=12"), 1)
        self.assertIn('✗ E1206 Temperature needs "celsius" (f64, °C)', done.err)

    def test_a_type_that_nobody_has_is_derived_and_said(self):
        child = self.subscriber("Note", "--json", "-n", "1")
        done = self.check(self.run_dts("pub", "Note", "text=koji is in", "n=3", "--require", "1"))
        self.assert_matches(done.err, r'^! nobody publishes a type "Note": taken from the value as  '
                                      r"Note\{text:text, n:i64\}$")
        self.assertEqual(self.values(child), [{"text": "koji is in", "n": 3}])

    def test_wrong_values_are_named(self):
        for value, words in (
                ("celsius=x", r'E1205 "x" is not a value of Temperature\.celsius \(f64, °C\)'),
                ("celsius=64[degF]", r"E1205 Temperature\.celsius is in °C \(Cel\), not in "
                                     r'"\[degF\]": units are not converted here'),
                ("tank=1.5", r'E1205 "1\.5" is not a value of Temperature\.tank \(i32\)'),
                ("tank=99999999999", r"E1205 "),
                ("nonsense", r'E1001 "nonsense" is not a field and its value'),
                ('{"celsius":"x"}', r"E1\d{3} "),
                ('{"celsius":', r"E1205 this is not JSON"),
                ("celsius={{rnd 1 2}}", r"E1001 \{\{rnd 1 2\}\} is not a template")):
            done = self.run_dts("pub", "Temperature", value, "--define", TEMPERATURE)
            self.assertIn(done.code, (1, 2), done)
            self.assertEqual(done.out, "")
            self.assert_matches(done.err, "^✗ " + words)

    def test_a_notation_error_points_at_the_place(self):
        done = self.check(self.run_dts("pub", "T", "x=1", "--define", "T{x:f46}"), 2)
        self.assert_matches(done.err, r"^✗ E1103 ")
        self.assertIn("^", done.err)
        done = self.check(self.run_dts("pub", "T", "x=1", "--define", "U{x:f64}"), 2)
        self.assertIn('--define defines "U", not "T"', done.err)

    def test_rates_counts_and_templates(self):
        child = self.subscriber("T", "--json", "-n", "5")
        done = self.check(self.run_dts("pub", "T", "n={{n}}", "x={{rand 1 3}}", "at={{now}}",
                                       "y={{sine 1s 0 1}}", "--define",
                                       "T{n:i64, x:i32, at:time, y:f64}", "--require", "1", "-r",
                                       "50", "-n", "5"))
        self.assert_matches(done.out, r"^published 5 T → 1 subscriber ")
        values = self.values(child)
        self.assertEqual([value["n"] for value in values], [1, 2, 3, 4, 5])
        self.assertTrue(all(1 <= value["x"] <= 3 and 0 <= value["y"] <= 1 for value in values))

    def test_a_duration_ends_it(self):
        done = self.check(self.run_dts("pub", "T", "x=1", "-r", "20", "-d", "300ms"))
        self.assert_matches(done.out, r"^published \d+ T → 0 subscribers")

    def test_json_lines_from_a_pipe(self):
        child = self.subscriber("Entry", "--json", "-n", "2")
        done = self.run_dts("pub", "Entry", "-", "--require", "1", "--define", "Entry{x:i64}",
                            stdin='{"x":1}\n\nnonsense\n{"y":3}\n{"x":2}')
        self.check(done, 1)
        self.assert_matches(done.out, r"^published 2 Entry → 1 subscriber ")
        self.assertIn("✗ E1205 this is not JSON, at stdin line 3", done.err)
        self.assert_matches(done.err, r'^✗ E1204 Entry has no field "y"')
        self.assertEqual(self.values(child), [{"x": 1}, {"x": 2}])
        done = self.check(self.run_dts("pub", "Entry", "-", stdin=""))
        self.assertIn("stdin had no value", done.err)

    def test_labels_and_profiles_are_announced(self):
        self.publish("T", "x=1", labels=["tank=3"])
        child = self.start("pub", "U", "x=1", "-r", "20", "-q", "--profile", "state", "--format",
                           "json", "--define", "U{x:i64}")
        self.check(self.run_dts("sub", "U", "-n", "1", "-q", "--timeout", "40s"))
        row = json.loads(self.check(self.run_dts("show", "U", "--json")).out)
        self.assertEqual([(each["profile"], each["format"]) for each in row["publishers"]],
                         [("state", "json")])
        done = self.check(self.run_dts("pub", "T", "x=1", "--format", "yaml"), 2)
        self.assertIn('✗ E1207 there is no format "yaml"', done.err)
        self.check(self.run_dts("pub", "T", "x=1", "--profile", "best"), 2)
        self.assertIsNone(child.poll())

    def test_a_subscriber_that_has_gone_by_the_end_is_named(self):
        child = self.start("pub", "T", "x=1", "-r", "20", "-d", "4s")
        self.check(self.run_dts("sub", "T", "-n", "1", "-q", "--timeout", "40s"))
        out, err = child.communicate(timeout=60)
        self.assert_matches(out, r"1 subscriber \(.*/dts-sub\)")
        self.assertNotIn("nobody asks", err)

    def test_a_program_is_published_reading_after_reading(self):
        child = self.start("source", "exec", "--type", "Level", "--every", "100ms", "--", "echo",
                           '{"mm":3}')
        done = self.check(self.run_dts("sub", "Level", "-n", "5", "-k", "mm", "-o", "value", "-q",
                                       "--timeout", "40s"))
        self.assertEqual(done.lines(), ["3"] * 5)
        self.assertIsNone(child.poll())

    def test_a_pattern_cannot_be_published(self):
        self.check(self.run_dts("pub", "brewery.*", "x=1"), 2)

    def test_a_timeout_is_124(self):
        self.check(self.run_dts("pub", "T", "x=1", "-r", "5", "--timeout", "1s"), 124)

    def test_an_interrupt_is_a_clean_end(self):
        child = self.publish("T", "x=1")
        child.send_signal(2)
        out, _ = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 0)
        self.assertIn("published", out)

    def test_sources_speak_the_format_asked_for(self):
        for arguments, wanted in ((["demo", "brewery"], "brewery.*"), (["host"], "host.*")):
            child = self.start("source", *arguments, "--format", "messagepack", "--every", "100ms")
            done = self.check(self.run_dts("sub", wanted, "--raw", "--json", "-n", "3", "--timeout",
                                           "40s"))
            self.assertEqual({json.loads(line)["format"] for line in done.lines()}, {"messagepack"})
            child.send_signal(2)
        proto = str(harness.ROOT / "tests/e2e/schemas/tank.proto")
        self.start("source", "exec", "--define", proto, "--every", "100ms", "--", "echo",
                   '{"celsius":18.5,"tank":3}')
        done = self.check(self.run_dts("sub", "brewery.Tank", "-o", "hex", "-n", "1", "--timeout",
                                       "40s"))
        self.assertEqual(done.out, "2006490000000000803240\n")

    def test_sources_refuse_a_format_that_cannot_carry_them(self):
        for kind in (["demo", "brewery"], ["host"], ["exec", "--type", "T"], ["w1"], ["iio"], ["hwmon"]):
            program = ["--", "true"] if kind[0] == "exec" else []
            for name, words in (("raw", "raw cannot carry the readings of a source"),
                                ("yaml", 'there is no format "yaml"')):
                done = self.check(self.run_dts("source", *kind, "--format", name, *program), 2)
                self.assertIn(words, done.err)


if __name__ == "__main__":
    harness.main()
