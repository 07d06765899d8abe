#!/usr/bin/env python3
"""Does tidy.py find what it says it finds? Its parts on small made-up sources."""
import unittest

import tidy


class Functions(unittest.TestCase):
    def test_counts_the_lines_of_a_function(self):
        text = "int f(int a) {\n  if (a) {\n    return 1;\n  }\n  return 0;\n}\n"
        self.assertEqual(tidy.functions(text), [(1, 6)])

    def test_a_namespace_or_struct_is_no_function(self):
        text = "namespace a {\nstruct B {\n  int c;\n};\n}\n"
        self.assertEqual(tidy.functions(text), [])

    def test_member_functions_and_initialisers_count(self):
        text = "struct B {\n  B() : c(1) {\n  }\n  int g() const {\n    return c;\n  }\n};\n"
        self.assertEqual(tidy.functions(text), [(2, 2), (4, 3)])

    def test_braces_in_strings_and_comments_do_not_count(self):
        text = 'int f() {\n  // {\n  g("{", \'{\');\n}\n'
        self.assertEqual(tidy.functions(tidy.strip_code(text)), [(1, 4)])


class Arrows(unittest.TestCase):
    def test_layers_of_includes(self):
        self.assertEqual(tidy.layer_of_include("dts/domain.hpp"), "domain")
        self.assertEqual(tidy.layer_of_include("proto/engine.hpp"), "proto")
        self.assertIsNone(tidy.layer_of_include("vector"))

    def test_the_core_may_not_include_transports(self):
        self.assertNotIn("transport", tidy.MAY["proto"])
        self.assertNotIn("format", tidy.MAY["proto"])


class Blocks(unittest.TestCase):
    def test_finds_a_block_with_its_language_and_line(self):
        self.assertEqual(list(tidy.blocks("a\n```cpp\nx\n```\n")), [(2, "cpp", "x\n")])

    def test_a_broken_block_does_not_compile(self):
        self.assertFalse(tidy.syntax_only("g++", tidy.wrap("int x = ;\n"))[0])


if __name__ == "__main__":
    unittest.main()
