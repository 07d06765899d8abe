"""ls, show, get, sub, nodes, why: what is on the bus, and why something is not."""
import json
import os
import re
import signal
import subprocess
import time

import harness
from harness import Case

TEMPERATURE = "brewery.Temperature{celsius:f64[Cel], tank:i32=0}"


class Look(Case):
    def brewery(self):
        for tank, celsius in ((1, 12.44), (3, 18.062)):
            self.publish("brewery.Temperature", f"celsius={celsius}", f"tank={tank}",
                         define=TEMPERATURE, labels=[f"tank={tank}"])

    def test_ls_shows_types_and_last_values(self):
        self.brewery()
        done = self.check(self.run_dts("ls"))
        header, *rows = done.lines()
        self.assert_matches(header, r"^TYPE +PUB +SUB +RATE +BW +LAST +LATEST$")
        self.assertEqual(len(rows), 1, done)
        self.assert_matches(rows[0], r"^brewery\.Temperature +2 +0 +~?\d+\.\d/s +[\d.]+ k?B/s +\ds ago "
                                     r" (12\.44 · 18\.062|18\.062 · 12\.44) °C   tank=\d tank=\d$")
        self.assert_matches(done.err, r"^1 type, 2 nodes, domain 'test-\w+' on lo, shm \(listened [\d.]+ m?s\)$")
        (row,) = self.check_schema(self.check(self.run_dts("ls", "--json")).out, "ls")
        self.assertEqual((row["type"], row["publishers"]), ("brewery.Temperature", 2))
        self.assertEqual({each["labels"]["tank"] for each in row["latest"]}, {"1", "3"})

    def test_ls_filters_by_glob_and_by_match(self):
        self.brewery()
        self.assertEqual(self.check(self.run_dts("ls", "brewery.*", "-o", "value")).lines(),
                         ["brewery.Temperature"])
        done = self.check(self.run_dts("ls", "other.*"), 4)
        self.assertEqual(done.out, "")
        self.assertEqual(self.run_dts("ls", "--unmatched", "-o", "value").lines(),
                         ["brewery.Temperature"])
        waiting = self.start("sub", "brewery.Pressure", "-q")
        self.start("sub", "brewery.Temperature", "-q")
        self.until(lambda: self.run_dts("ls", "--unmatched", "-o", "value").lines()
                   == ["brewery.Pressure"])
        done = self.run_dts("ls")
        self.assertIn("! brewery.Pressure has 1 subscriber and no publisher", done.err)
        self.assertIsNone(waiting.poll())

    def until(self, condition, attempts=20):
        """Each attempt asks the bus anew and takes as long as that takes."""
        for _ in range(attempts):
            if condition():
                return
        self.fail("it did not come about")

    def test_ls_says_when_nobody_is_there(self):
        done = self.check(self.run_dts("ls"))
        self.assertEqual(done.out, "")
        self.assert_matches(done.err, r"^! no other DTS node heard in [\d.]+ m?s on lo, shm, "
                                      r"domain 'test-\w+'  →  dts doctor$")

    def test_show_prints_the_type_its_publishers_and_subscribers(self):
        self.brewery()
        done = self.check(self.run_dts("show", "brewery.Temperature"))
        self.assert_matches(done.out, r"""\Abrewery\.Temperature @[0-9a-f]{8}
brewery\.Temperature \{
  celsius : f64 \[Cel\]
  tank    : i32 = 0
\}
PUBLISHERS +ID +RATE +MESSAGES +FORMAT +PROFILE +LABELS +SINCE
\S+/dts-pub.* +[0-9a-f]{8} +~?[\d.]+/s +\d+  capnproto  event +tank=\d +\d+s
\S+/dts-pub.* +[0-9a-f]{8} +~?[\d.]+/s +\d+  capnproto  event +tank=\d +\d+s
SUBSCRIBERS  none
\Z""")
        (row,) = self.check_schema(self.run_dts("info", "brewery.Temperature", "--json").out, "show")
        self.assertEqual(len(row["publishers"]), 2)
        done = self.check(self.run_dts("show", "brewery.Temprature"), 4)
        self.assertIn("did you mean  brewery.Temperature   (2 publishers)?", done.err)

    def test_get_prints_the_last_value_of_each_source(self):
        self.brewery()
        lines = self.check(self.run_dts("get", "brewery.Temperature", "-k", "celsius", "-o",
                                        "value")).lines()
        self.assertEqual(sorted(lines), ["12.44", "18.062"])
        rows = self.check_schema(self.run_dts("get", "brewery.Temperature", "--json").out, "get")
        self.assertEqual(sorted(row["v"]["tank"] for row in rows), [1, 3])
        lines = self.run_dts("get", "brewery.*", "-l", "tank=3", "-k", "tank", "-o", "value").lines()
        self.assertEqual(lines, ["3"])

    def test_get_of_nothing_is_4_and_names_the_nearest(self):
        self.brewery()
        done = self.check(self.run_dts("get", "brewery.Temprature"), 4)
        self.assertEqual(done.out, "")
        self.assert_matches(done.err, r"✗ E1101 nobody on domain 'test-\w+' publishes or asks for a "
                                      r'type "brewery.Temprature"')
        self.assertIn("did you mean  brewery.Temperature   (2 publishers)?        "
                      "dts get brewery.Temperature", done.err)
        done = self.check(self.run_dts("get", "brewery.Temperature", "-k", "celcius"), 1)
        self.assertIn('E1204 brewery.Temperature has no field "celcius";  did you mean "celsius" '
                      "(f64, °C)?      fields: celsius, tank", done.err)

    def test_nodes_lists_the_processes(self):
        self.brewery()
        done = self.check(self.run_dts("nodes"))
        self.assert_matches(done.lines()[0], r"^NODE +PROCESS +ADDRESS +VERSION +PUB +SUB +CLOCK +UP$")
        self.assertEqual(len(done.lines()), 3, done)
        rows = self.check_schema(self.run_dts("nodes", "--json").out, "nodes")
        self.assertEqual({row["process"] for row in rows}, {child.pid for child in self.children})
        self.assertEqual(rows[0]["publishes"], ["brewery.Temperature"])

    def test_nodes_shows_the_ways_to_each(self):
        self.brewery()
        rows = self.check_schema(self.run_dts("nodes", "--json").out, "nodes")
        for row in rows:
            self.assertEqual([path["taken"] for path in row["paths"]],
                             [True] + [False] * (len(row["paths"]) - 1))
        by_memory = self.check(self.run_dts("nodes", "--paths"))
        self.assert_matches(by_memory.lines()[0], r"^NODE +BY +ADDRESS +HEARD +TAKEN +BECAUSE$")
        self.assert_matches(by_memory.out, r"/dts-pub +shm +shm:[0-9a-f]{16} +.*ago +yes +memory of this machine; data ")
        self.assert_matches(by_memory.out, r"^ +udp lo +127\.0\.0\.1:\d+ +.*ago +this machine; dearer$")
        by_lo = self.check(self.run_dts("nodes", "--paths", DTS_TRANSPORTS="udp://"))
        self.assert_matches(by_lo.out, r"/dts-pub +udp lo +127\.0\.0\.1:\d+ +.*ago +yes +this machine; data ")

    def test_completion_offers_live_types(self):
        self.brewery()
        self.until(lambda: self.run_dts("completion", "--types").lines() == ["brewery.Temperature"])


class Sub(Case):
    def setUp(self):
        super().setUp()
        self.publish("Temperature", "celsius=18.062", "tank=3", define="Temperature{celsius:f64[Cel], "
                     "tank:i32=0}", labels=["tank=3", "room=koji"])

    def test_lines_are_as_in_the_manual(self):
        done = self.check(self.run_dts("sub", "Temperature", "-l", "tank=3", "-n", "2"))
        line = r"\d\d:\d\d:\d\d\.\d{3}  \S+/dts-pub   celsius 18\.062 °C   tank 3   room=koji\n"
        self.assert_matches(done.out, rf"\A{line}{line}\Z")
        self.assert_matches(done.err, r"\A# 2 samples from 1 source in [\d.]+ m?s, 0 lost"
                                      r"( \(\d+ missed while joining\))?\n\Z")

    def test_json_lines_have_exactly_the_promised_members(self):
        done = self.check(self.run_dts("sub", "Temperature", "--json", "-n", "2"))
        rows = self.check_schema(done.out, "sub")
        self.assertEqual(list(rows[0]), ["type", "id", "src", "labels", "seq", "t", "lat_us", "v"])
        self.assertEqual(rows[0]["v"], {"celsius": 18.062, "tank": 3})
        self.assertEqual(rows[0]["labels"], {"room": "koji", "tank": "3"})
        self.assertEqual(rows[1]["seq"], rows[0]["seq"] + 1)
        self.assertEqual(done.err, "")

    def test_other_kinds_of_output(self):
        done = self.check(self.run_dts("sub", "Temperature", "-o", "csv", "-n", "2"))
        self.assertEqual(done.lines()[0], "time,type,source,seq,celsius,tank")
        self.assert_matches(done.lines()[1], r"^\d{4}-.*Z,Temperature,\S+/dts-pub,\d+,18\.062,3$")
        self.assertEqual(len(done.lines()), 3)
        done = self.run_dts("sub", "Temperature", "-o", "value", "-k", "celsius", "-n", "1")
        self.assertEqual(done.out, "18.062\n")
        done = self.run_dts("sub", "Temperature", "--json", "-k", "tank", "--once")
        self.assertEqual(json.loads(done.out)["v"], {"tank": 3})
        self.assert_matches(self.run_dts("sub", "Temperature", "--hex", "-n", "1").out,
                            r"\A([0-9a-f]{2})+\n\Z")
        self.assert_matches(self.run_dts("sub", "Temperature", "-n1", "--time-format", "ns").out,
                            r"\A\d{19}  ")

    def test_patterns_show_the_type(self):
        done = self.check(self.run_dts("sub", "Temp*", "-n", "1"))
        self.assert_matches(done.out, r"^[\d:.]{12}  Temperature  \S+/dts-pub   celsius 18\.062 °C")

    def test_one_exact_type_is_named_by_its_id(self):
        name = self.run_dts("show", "Temperature").out.split()[1]
        self.check(self.run_dts("sub", "Temperature" + name[:6], "-n", "1", "-q"))
        done = self.check(self.run_dts("sub", "Temperature@00000000", "-n", "1"), 4)
        self.assertIn("E1101 nobody publishes Temperature@00000000", done.err)

    def test_filters_that_match_nothing(self):
        done = self.check(self.run_dts("sub", "Temperature", "-l", "tank=9", "--timeout", "4s"), 124)
        self.assertEqual(done.out, "")
        self.assert_matches(done.err, r"^! filtered: ")
        self.check(self.run_dts("sub", "Temperature", "-s", "nobody/*", "-d", "1s"), 4)

    def test_a_field_that_does_not_exist(self):
        done = self.check(self.run_dts("sub", "Temperature", "-k", "celcius"), 1)
        self.assertIn('E1204 Temperature has no field "celcius";  did you mean "celsius"', done.err)

    def test_a_misspelt_type_is_told_and_waited_for(self):
        done = self.check(self.run_dts("sub", "Temprature", "--timeout", "5s"), 124)
        self.assertEqual(done.out, "")
        self.assert_matches(done.err, r"""\A✗ E1101 nobody on domain 'test-\w+' publishes or asks for a type "Temprature"
  did you mean  Temperature   \(1 publisher\)\?        dts sub Temperature
  still waiting - it will start printing if one appears \(Ctrl-C to stop, --timeout 5s to give up\)
# 0 samples from 0 sources in 5\.\d s, 0 lost
\Z""")

    def test_a_reader_that_has_enough_ends_it_quietly(self):
        child = self.start("sub", "Temperature")
        line = child.stdout.readline()
        self.assertIn("celsius", line)
        child.stdout.close()
        child.stdout = None
        _, err = child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual((child.returncode, err), (0, ""))

    def test_the_first_interrupt_is_a_clean_stop(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            child = self.start("sub", "Temperature")
            child.stdout.readline()
            child.send_signal(number)
            _, err = child.communicate(timeout=harness.DEADLINE_S)
            self.assertEqual(child.returncode, 0)
            self.assert_matches(err, r"^# \d+ samples? from 1 source in .*, 0 lost")

    def test_the_second_interrupt_ends_it_at_once(self):
        child = self.start("sub", "Temperature", "-q")
        child.stdout.readline()
        child.send_signal(signal.SIGSTOP)  # so that both are waiting when it goes on
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGCONT)
        child.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(child.returncode, 130)

    def test_a_duration_ends_it(self):
        done = self.check(self.run_dts("sub", "Temperature", "-d", "500ms"))
        self.assertGreater(len(done.lines()), 0)

    def test_watch_redraws_one_line_per_source(self):
        done = self.check(self.run_dts("sub", "Temperature", "--watch", "-d", "1s"))
        self.assertIn("\x1b[1A\x1b[2K", done.out)
        self.check(self.run_dts("sub", "Temperature", "--watch", "--json"), 2)


class Why(Case):
    def test_values_arrive(self):
        self.publish("T", "x=1", define="T{x:i64}")
        done = self.check(self.run_dts("why", "T"))
        self.assertEqual(done.out, "✓ values of T arrive\n")

    def test_a_mismatch_is_explained_field_by_field(self):
        self.publish("T", "x=1.5", define="T{x:f64}")
        done = self.check(self.run_dts("why", "T", "--as", "T{x:i32}", "-d", "2s"), 1)
        self.assert_matches(done.out, r"^✗ incompatible_type: ")
        self.assert_matches(done.out, r"^  - x: f64 cannot be read as i32")
        (row,) = self.check_schema(
            self.run_dts("why", "T", "--as", "T{x:i32}", "--json").out, "why")
        self.assertEqual(row["why"], "incompatible_type")
        self.assertEqual(row["differences"][0]["path"], "x")
        self.check(self.run_dts("why", "T", "--as", "U{x:i32}"), 2)
        done = self.check(self.run_dts("why", "T", "--as", "T{x:}"), 2)
        self.assertIn("E1103", done.err)

    def test_nobody_is_there(self):
        done = self.check(self.run_dts("why", "T", "-d", "1s"), 1)
        self.assert_matches(done.out, r"^✗ no_peers_heard: ")
        done = self.run_dts("sub", "T", "--timeout", "4s")
        self.assert_matches(done.err, r"^! no_peers_heard: ")
        done = self.run_dts("sub", "T", "--timeout", "4s", "--json")
        self.check_schema(done.err, "why")

    def test_others_are_there_with_other_types(self):
        self.publish("Pressure", "bar=1")
        done = self.check(self.run_dts("why", "Temperature", "-d", "2s"), 1)
        self.assert_matches(done.out, r"^✗ peers_but_not_this_type: ")

    def test_what_is_asked_for_is_not_what_was_meant(self):
        self.publish("Pressures", "bar=1")
        self.start("sub", "Pressure")
        wait_for = time.monotonic() + harness.DEADLINE_S
        while '"wants":["Pressure"]' not in self.run_dts("nodes", "--json").out:
            self.assertLess(time.monotonic(), wait_for)
        done = self.check(self.run_dts("why", "Pressure", "-d", "2s"), 1)
        self.assertNotIn("did you mean  Pressure ", done.out)
        self.assertIn("did you mean  Pressures   (1 publisher)?", done.out)


class Hostile(Case):
    def test_what_the_network_says_cannot_steer_the_terminal(self):
        evil = "\x1b[2J\x9b31mred\u202e"
        self.publish("Note", json.dumps({"text": evil}), define="Note{text:text}",
                     labels=["who=\x1b]0;title\x07"])
        for arguments in (("sub", "Note", "-n", "1"), ("get", "Note"), ("ls",), ("show", "Note"),
                          ("sub", "Note", "-n", "1", "--json"), ("get", "Note", "-o", "csv"),
                          ("get", "Note", "-o", "value"), ("ls", "--json"), ("nodes",)):
            done = self.check(self.run_dts(*arguments))
            for text in (done.out, done.err):
                self.assertNotIn("\x1b", text, arguments)
                self.assertNotIn("\u202e", text, arguments)
                self.assertNotIn("\x9b", text, arguments)
        row = json.loads(self.run_dts("get", "Note", "--json").out)
        self.assertEqual(row["v"]["text"], evil)


if __name__ == "__main__":
    harness.main()
