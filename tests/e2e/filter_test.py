"""sub: which values it takes, by shape, and in which format it shows them."""
import decimal
import json
import re

import harness
from harness import Case

TYPE = "brewery.Temperature"
TEMPERATURE = TYPE + "{celsius:f64[Cel], tank:i32=0}"


class Filters(Case):
    def setUp(self):
        super().setUp()
        # What is taken and what is not both come.
        self.publish(TYPE, "celsius={{rand 10 30}}", "tank=3", define=TEMPERATURE, rate="50")

    def test_where_takes_what_it_holds_for(self):
        # Half of the values pass: that forty in a row do happens once in 10^12 runs.
        done = self.check(self.run_dts("sub", TYPE, "--where", "celsius > 68[degF] && tank in (1, 3)",
                                       "-k", "celsius", "-o", "value", "-n", "40"))
        self.assertEqual(len(done.lines()), 40)
        for line in done.lines():
            self.assertGreater(float(line), 20)
        self.assert_matches(done.err, r"^# 40 samples from 1 source in .*, 0 lost.*, \d+ filtered( \(\d+ at the publisher\))?$")

    def test_a_mistake_in_where_is_shown_in_its_place(self):
        done = self.check(self.run_dts("sub", TYPE, "-w", "celsius = 20"), 2)
        self.assert_matches(done.err, r"E1208 there is no =")
        self.assert_matches(done.err, r"^ +1 \| celsius = 20\n +\|         \^$")
        done = self.check(self.run_dts("sub", TYPE, "-w", "celcius > 20"), 2)
        self.assertIn(f'E1208 {TYPE} has no field "celcius"', done.err)
        self.assertIn('did you mean "celsius"?', done.err)
        self.assert_matches(done.err, r"^ +1 \| celcius > 20\n +\| \^{7}$")
        self.assertEqual(done.out, "")
        done = self.check(self.run_dts("sub", TYPE, "--dead-band", "celcius=1"), 2)
        self.assertIn('has no field "celcius", at celcius', done.err)
        self.assertIn('did you mean "celsius"?', done.err)
        for unit in ("bar", "[furlong]"):
            done = self.check(self.run_dts("sub", TYPE, "-w", f"celsius > 20{unit}"), 2)
            self.assertIn("try: give the number in Cel", done.err)

    def test_flags_that_contradict_one_another_are_refused(self):
        for words in (["--json", "-o", "cbor"], ["--hex", "--json"], ["--hex", "--raw"],
                      ["--hex", "-o", "xml"], ["-o", "csv", "--raw"], ["--watch", "--raw"],
                      ["-k", "celsius", "-o", "cbor"], ["-k", "celsius", "--hex"]):
            done = self.check(self.run_dts("sub", TYPE, "-n", "1", *words), 2)
            self.assertIn("E1001", done.err, words)
            self.assertEqual(done.out, "", words)

    def test_a_rate_and_a_dead_band_leave_values_out(self):
        done = self.check(self.run_dts("sub", TYPE, "--max-rate", "10", "-n", "4"))
        self.assert_matches(done.err, r", \d+ filtered( \(\d+ at the publisher\))?$")
        done = self.check(self.run_dts("sub", TYPE, "--dead-band", "celsius=5", "-k", "celsius",
                                       "-o", "value", "-n", "4"))
        values = [float(line) for line in done.lines()]
        for before, after in zip(values, values[1:]):
            self.assertGreaterEqual(abs(after - before), 5)

    def test_why_names_the_filter_that_takes_nothing(self):
        done = self.run_dts("sub", TYPE, "-w", "celsius > 100", "--timeout", "5s")
        self.check(done, 124)
        self.assert_matches(done.err, r"^! filtered: \d+ values of brewery.Temperature published, and none taken since: "
                            r"\d+ withheld at the publisher: celsius > 100$")

    def test_a_field_that_no_type_of_a_pattern_has_is_told_once(self):
        done = self.run_dts("sub", "brewery.*", "-w", "celcius > 3", "--timeout", "3s")
        self.check(done, 124)
        self.assertIn("none has what is selected by", done.err)
        self.assertEqual(done.err.count(f'E1208 {TYPE} has no field "celcius"'), 1, done.err)
        self.assertIn('did you mean "celsius"?', done.err)

    def test_what_nobody_takes_is_not_sent(self):
        done = self.check(self.run_dts("sub", TYPE, "-w", "celsius > 29", "-n", "3"))
        self.assert_matches(done.err, r", 0 lost.*, \d+ filtered \(\d+ at the publisher\)$")

    def test_a_publisher_keeps_the_rate_and_the_dead_band_of_its_only_subscriber(self):
        self.publish("a.Fast", "n={{n}}", define="a.Fast{n:i64}", rate="1000")
        for asked in (["--max-rate", "10"], ["--dead-band", "n=100"]):
            done = self.check(self.run_dts("sub", "a.Fast", "-o", "csv", "-n", "15", *asked))
            rows = [line.split(",") for line in done.lines()[1:]]
            self.assertEqual(len(rows), 15)
            if asked[0] == "--max-rate":  # the k-th not before k intervals of the source's clock
                times = [decimal.Decimal(row[0].rstrip("Z").rsplit(":", 2)[1]) * 60 +
                         decimal.Decimal(row[0].rstrip("Z").rsplit(":", 1)[1]) for row in rows]
                for k, time in enumerate(times):
                    self.assertGreaterEqual((time - times[0]) % 3600, k * decimal.Decimal("0.1"))
            else:
                numbers = [int(row[-1]) for row in rows]
                self.assertGreaterEqual(min(b - a for a, b in zip(numbers, numbers[1:])), 100)
            # What comes of the rest, once a second, lets the two agree again after a loss.
            filtered, spared = (int(text.replace(",", "")) for text in re.search(
                r", ([\d,]+) filtered \(([\d,]+) at the publisher\)$", done.err.rstrip()).groups())
            self.assertGreater(spared, 500)
            self.assertGreater(spared, filtered * 0.9)

    def test_shape_receives_what_fits_and_says_why_the_others_do_not(self):
        self.publish("kitchen.Fridge", "warmth=50", "celsius=50", "open=true",
                     define="kitchen.Fridge{celsius:f64[[degF]], warmth:f64, open:bool}")
        self.publish("cellar.Level", "litres=7", define="cellar.Level{litres:f64[L]}")
        shape = "x.Any{celsius:f64[Cel]}"
        child = self.start("sub", "--shape", shape, "--json")
        seen, matches = set(), {}
        while len(seen) < 2:
            row = json.loads(child.stdout.readline())
            self.assertEqual(set(row["v"]), {"celsius"})
            if row["type"] == "kitchen.Fridge":
                self.assertAlmostEqual(row["v"]["celsius"], 10)
            seen.add(row["type"])
        self.assertEqual(seen, {TYPE, "kitchen.Fridge"})
        while len(matches) < 3:
            note = json.loads(child.stderr.readline())
            if "match" in note:
                matches[note["match"]["type"]] = note["match"]
        self.assertEqual(matches[TYPE]["state"], "matched")
        self.assertEqual(matches["kitchen.Fridge"]["state"], "matched")
        self.assertEqual(matches["cellar.Level"]["state"], "refused")
        self.assertTrue(matches["cellar.Level"]["reasons"])
        # Each value says which of the families it is of.
        seen = set()
        while seen != {TYPE, "kitchen.Fridge"}:
            row = json.loads(child.stdout.readline())
            self.assertEqual(row["id"], matches[row["type"]]["id"])
            seen.add(row["type"])

        done = self.check(self.run_dts("sub", "--shape", shape, "--pin", "kitchen.*", "-n", "3"))
        self.assertEqual(len([line for line in done.lines() if "kitchen.Fridge" in line]), 3, done)
        self.assert_matches(done.err, r"^✓ kitchen\.Fridge @[0-9a-f]{8}  adapted, 1 source$")
        self.assertNotIn("cellar", done.err)

    def test_shape_and_type_exclude_each_other(self):
        self.check(self.run_dts("sub", "--shape", "x.A{a:i32}", TYPE), 2)
        self.check(self.run_dts("sub", "--pin", TYPE, TYPE), 2)
        done = self.check(self.run_dts("sub"), 2)
        self.assertIn("dts sub needs TYPE", done.err)
        done = self.run_dts("sub", "--shape", "x.A{a:nonsense}")
        self.assertNotEqual(done.code, 0)
        self.assertIn("--shape:1:", done.err)


class Forms(Case):
    def test_every_format_that_publishes_is_received_and_shown(self):
        formats = [json.loads(line)["format"]
                   for line in self.check(self.run_dts("formats", "--json")).lines()]
        for name in formats:
            if name == "raw":  # holds bytes only, or a packed layout
                continue
            with self.subTest(format=name):
                publisher = self.start("pub", TYPE, "celsius=18.5", "tank=3", "-r", "20", "-q",
                                       "--define", TEMPERATURE, "--format", name, "-l", f"in={name}")
                done = self.check(self.run_dts("sub", TYPE, "-l", f"in={name}", "--json", "--raw",
                                               "-n", "1", "--timeout", "40s"))
                (row,) = self.check_schema(done.out, "sub")
                self.assertEqual(row["v"], {"celsius": 18.5, "tank": 3})
                self.assertEqual(row["format"], name)
                self.assertGreater(len(row["raw"]), 0)
                publisher.terminate()

    def test_values_are_shown_in_any_format_and_as_they_came(self):
        self.publish("T", "n=1", define="T{n:i32}")
        done = self.check(self.run_dts("sub", "T", "-o", "cbor", "-n", "1"))
        self.assertEqual(done.out, "a1616e01\n")
        done = self.check(self.run_dts("sub", "T", "-o", "hex", "-n", "1"))
        self.assertEqual(done.out, self.run_dts("sub", "T", "--hex", "-n", "1").out)
        done = self.check(self.run_dts("sub", "T", "--raw", "-n", "1"))
        self.assert_matches(done.out, r"^\S+  \S+   n 1\ncapnproto, \d+ bytes\n"
                                      r"  00000000  ([0-9a-f]{2} ){8} ([0-9a-f]{2} ){8} .{16}$")
        done = self.check(self.run_dts("sub", "T", "-o", "cbr", "-n", "1"), 2)
        self.assertIn("one of: line table json csv value hex", done.err)


if __name__ == "__main__":
    harness.main()
