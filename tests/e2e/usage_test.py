"""Help, completion, wrong command lines, broken pipes, full disks: what needs no bus."""
import json
import os
import subprocess
import tempfile

import harness
from harness import Case


class Usage(Case):
    def test_help_lists_the_verbs_on_stdout(self):
        done = self.check(self.run_dts("--help"))
        self.assertEqual(done.err, "")
        for verb in ("ls", "show", "get", "sub", "pub", "why", "nodes", "type", "doctor", "help"):
            self.assert_matches(done.out, rf"^(\w+)? +{verb} ")
        self.assertEqual(self.run_dts().out, done.out)
        self.assertEqual(self.run_dts("help").out, done.out)

    def test_help_of_a_verb_is_the_same_three_ways(self):
        text = self.check(self.run_dts("help", "sub")).out
        self.assertIn("usage: dts sub [flags] TYPE...", text)
        self.assertEqual(self.run_dts("sub", "--help").out, text)
        self.assertEqual(self.run_dts("-h", "echo").out, text)

    def test_an_error_id_is_explained(self):
        done = self.check(self.run_dts("help", "E1204"))
        self.assert_matches(done.out, r"^E1204 unknown_field$")
        self.assertEqual(self.run_dts("help", "unknown_field").out, done.out)
        self.check(self.run_dts("help", "E9999"), 2)
        rows = self.check_schema(self.run_dts("help", "--errors", "--json").out, "help_error")
        self.assertGreater(len(rows), 25)

    def test_an_unknown_verb_is_answered_with_the_nearest(self):
        done = self.check(self.run_dts("sbu", "T"), 2)
        self.assertEqual(done.out, "")
        self.assertEqual(done.err, '✗ E1002 "sbu" is not a command of dts\n'
                                   '  try: did you mean "dts sub"?\n')

    def test_an_unknown_flag_is_answered_with_the_nearest(self):
        done = self.check(self.run_dts("sub", "T", "--lable", "tank=3"), 2)
        self.assertEqual(done.err, '✗ E1003 dts sub has no flag "--lable"\n'
                                   '  try: did you mean "--label"?\n')

    def test_a_missing_argument_is_answered_with_an_example(self):
        done = self.check(self.run_dts("show"), 2)
        self.assertEqual(done.err, "✗ E1001 dts show needs TYPE[@ID]\n"
                                   "  try: dts show brewery.Temperature\n")

    def test_errors_are_json_when_json_is_asked_for(self):
        done = self.check(self.run_dts("--json", "sub", "T", "-n", "x"), 2)
        self.assertEqual(done.out, "")
        (row,) = self.check_schema(done.err, "error")
        self.assertEqual(row["error"]["id"], "E1001")
        (row,) = self.check_schema(self.run_dts("sbu", "--json").err, "error")
        self.assertEqual(row["error"]["id"], "E1002")

    def test_a_bridge_to_mqtt_says_what_is_wrong_with_its_broker(self):
        for url, said in (("http://nas", "no MQTT broker"), ("mqtt://", "names no host"),
                          ("mqtt://nas:99999", "1 to 65535"), ("mqtt://nas/cellar", "no prefix"),
                          ("mqtt://u:s3cret@nas?pasword_file=x", "password_file")):
            done = self.check(self.run_dts("bridge", "mqtt", url), 2)
            self.assertIn(said, done.err)
            self.assertNotIn("s3cret", done.err)
        done = self.check(self.run_dts("bridge", "mqtt", "nas", "--only", "none"), 2)
        self.assertIn("nothing is to be bridged", done.err)
        done = self.check(self.run_dts("bridge", "mqtt", "nas", "--homeassistant", "a/#"), 2)
        self.assertIn("no topic", done.err)

    def test_a_bridge_to_mqtt_says_where_its_mapping_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "map.json")
            for text, said in (("{", "not JSON"), ("{}", "empty"),
                               ('{"from":[{"topic":"t","tpye":"a.B"}]}', 'did you mean "type"?'),
                               ('{"to":[{"type":"a.B","topic":"t/#"}]}', "no topic")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = self.check(self.run_dts("bridge", "mqtt", "nas", "--map", path), 2)
                self.assertIn(said, done.err)
                self.assertIn(path, done.err)
        self.check(self.run_dts("bridge", "mqtt", "nas", "--map", path), 1)

    def test_ascii_terminals_get_ascii(self):
        done = self.run_dts("sbu", LANG="C")
        self.assertTrue(done.err.startswith("x E1002"), done)
        self.assertTrue(done.err.isascii())

    def test_colour_comes_only_when_told_without_a_terminal(self):
        self.assertNotIn("\x1b", self.run_dts("formats").out)
        self.assertIn("\x1b[36m", self.run_dts("formats", "--color", "always").out)
        self.assertIn("\x1b[36m", self.run_dts("formats", CLICOLOR_FORCE="1").out)
        self.assertNotIn("\x1b", self.run_dts("formats", NO_COLOR="1", CLICOLOR_FORCE="1").out)
        self.assertNotIn("\x1b", self.run_dts("formats", "--json", "--color", "always").out)

    def test_bad_type_names_are_refused(self):
        for name in ("9x", "a..b", "a b", "x" * 300, "T@xyz", ""):
            done = self.check(self.run_dts("sub", name), 2)
            self.assert_matches(done.err, r"^✗ E1\d{3} ")

    def test_formats_and_transports_are_listed(self):
        rows = self.check_schema(self.check(self.run_dts("formats", "--json")).out, "formats")
        self.assertIn("capnproto", [row["format"] for row in rows])
        rows = self.check_schema(self.check(self.run_dts("transports", "--json")).out, "transports")
        self.assertIn("udp", [row["transport"] for row in rows])
        self.assertIn("json", self.run_dts("formats", "-o", "value").lines())
        self.assertTrue(self.run_dts("formats", "-o", "csv").out.startswith("format,code,"))

    def test_version_is_told(self):
        self.assert_matches(self.check(self.run_dts("--version")).out, r"^dts \d+\.\d+\.\d+$")
        (row,) = self.check_schema(self.run_dts("version", "--json").out, "version")
        self.assertIn("protobuf", row["formats"])
        self.assertIn("udp", row["transports"])
        done = self.check(self.run_dts("version"))
        self.assert_matches(done.out, r"\Adts [\d.]+\nprotocol    \d+\nformats     .*capnproto.*\n"
                                      r"transports  .*udp.*\n(left out    .+\n)?compiler    (gcc|clang) ")

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.DTS, "--help"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, env=self.environment, timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("E1302 cannot write the output, at stdout", done.stderr)

    def test_a_reader_that_goes_away_is_no_error(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([harness.DTS, "help", "--man"], stdout=write, stderr=subprocess.PIPE,
                              text=True, env=self.environment, timeout=harness.DEADLINE_S)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bash_completion_offers_verbs_flags_and_words(self):
        script = self.check(self.run_dts("completion", "bash")).out

        def offered(*words):
            program = (script + "\nCOMP_WORDS=(" + " ".join(f"'{word}'" for word in words) + ")\n"
                       f"COMP_CWORD={len(words) - 1}\n_dts\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"")
            done = subprocess.run(["bash", "-c", program], capture_output=True, text=True,
                                  timeout=harness.DEADLINE_S, env=self.environment)
            self.assertEqual(done.stderr, "")
            return done.stdout.split()

        self.assertEqual(offered("dts", "do"), ["doctor"])
        self.assertIn("--label", offered("dts", "sub", "--la"))
        self.assertEqual(offered("dts", "ls", "-o", "c"), ["csv"])
        self.assertEqual(offered("dts", "type", "di"), ["diff"])
        self.assertEqual(offered("dts", "completion", "z"), ["zsh"])

    def test_the_other_completions_are_printed(self):
        self.assertTrue(self.run_dts("completion", "zsh").out.startswith("#compdef dts\n"))
        self.assertIn("complete -c dts", self.run_dts("completion", "fish").out)
        self.check(self.run_dts("completion", "tcsh"), 2)

    def test_the_docs_are_written_where_told(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check(self.run_dts("help", "--write-docs", folder))
            self.assertTrue(os.path.exists(folder + "/cli/sub.md"))
            self.assertTrue(os.path.exists(folder + "/errors.md"))
            done = self.check(self.run_dts("help", "--write-docs", folder + "/none"), 1)
            self.assertIn("E1401 cannot write", done.err)


if __name__ == "__main__":
    harness.main()
