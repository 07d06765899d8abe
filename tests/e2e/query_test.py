"""query: what the publishers keep, filtered where it is, and who does not answer."""
import harness
from harness import Case

COUNT = "lab.Count{n:i32}"


class Query(Case):
    def counters(self):
        """A publisher that has said more values than it keeps."""
        self.start("pub", "lab.Count", "n={{n}}", "--define", COUNT, "--keep", "10", "-r", "200",
                   "-q")
        heard = self.run_dts("sub", "lab.Count", "-n", "12", "-q", "--timeout", "40s")
        self.assertEqual(heard.code, 0, heard)

    def test_prints_the_kept_values_that_pass(self):
        self.counters()
        done = self.check(self.run_dts("query", "lab.Count", "-o", "value", "-k", "n", "-t", "20s"))
        values = [int(line) for line in done.lines()]
        self.assertEqual(values, list(range(values[0], values[0] + 10)), done)
        self.assert_matches(done.err, r"^# 10 values from 1 source in [\d.]+ m?s$")
        done = self.check(self.run_dts("query", "lab.Count", "-w", "n > 3", "-n", "2", "-t", "20s",
                                       "--since", "1m", "--json"))
        rows = self.check_schema(done.out, "query")
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[1]["v"]["n"], rows[0]["v"]["n"] + 1)
        done = self.check(self.run_dts("query", "lab.*", "--before", "2020-01-01T00:00:00Z", "-t", "20s"), 4)
        self.assertEqual(done.out, "")

    def test_names_who_refuses(self):
        self.counters()
        done = self.check(self.run_dts("query", "lab.Count", "-w", "m > 3", "-t", "20s"), 1)
        self.assert_matches(done.err, r"^! \S+/dts-pub\S* cannot answer: lab\.Count has no field \"m\"")

    def test_of_nothing_is_4_and_names_the_nearest(self):
        self.counters()
        done = self.check(self.run_dts("query", "lab.Cuont"), 4)
        self.assertIn("did you mean  lab.Count   (1 publisher)?        dts query lab.Count", done.err)

    def test_wrong_words_are_exit_code_2(self):
        self.assertIn("E1208", self.check(self.run_dts("query", "lab.Count", "-w", "n >"), 2).err)
        self.check(self.run_dts("query", "lab.Count", "--after", "yesterday"), 2)
        self.check(self.run_dts("query", "lab.Count", "--since", "1m", "--after",
                                "2026-01-01T00:00:00Z"), 2)
        self.check(self.run_dts("query"), 2)


if __name__ == "__main__":
    harness.main()
