#!/usr/bin/env python3
"""The house rules as tests: python3 tests/tidy/tidy.py CHECK, see CHECKS at the end.

arrows     who includes whom (ARCHITECTURE.md), by reading the #include lines
pure       the protocol core has no clock, thread, socket, random device or output
sizes      lines a file, lines a function, columns; allowed.txt may only shrink
orphans    every file is built, included or named somewhere
headers    every public header compiles alone, with both compilers
errors     every ErrorCode is explained in docs/reference/errors.md
leftovers  no unfinished business in the tree
docs       C++ blocks of README and docs compile; relative links lead somewhere
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
problems = []


def problem(path, line, text):
    where = path.relative_to(ROOT) if isinstance(path, pathlib.Path) and path.is_absolute() else path
    problems.append(f"{where}:{line}: {text}" if line else f"{where}: {text}")


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def sources():
    return tracked("*.cpp", "*.hpp")


# --- arrows ---------------------------------------------------------------------------------

# What each layer may include besides itself. `public` headers belong to a layer too.
MAY = {
    "base": set(),
    "type": {"base"},
    "format": {"base", "type"},
    "proto": {"base"},
    "transport": {"base"},
    "hub": {"base", "proto", "transport"},
    "domain": {"base", "type", "format", "proto", "transport"},
    "schema": {"base", "type", "format"},
    "bridge": {"base", "transport"},
    "cli": {"base", "type", "format", "schema", "transport", "hub", "bridge", "domain"},
    "sim": {"base", "proto", "hub"},
}
PUBLIC = {
    "base": {"result", "bytes", "time", "id", "path", "compression"},
    "type": {"type", "layout", "value", "declare", "assignment", "binding", "filter"},
    "format": {"format"},
    "transport": {"transport"},
    "domain": {"sample", "why", "subscription", "query", "publisher", "domain", "dts"},
}
LAYER_OF_PUBLIC = {name: layer for layer, names in PUBLIC.items() for name in names}


def layer_of_file(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("include", "dts"):
        return LAYER_OF_PUBLIC.get(parts[2].removesuffix(".hpp")) if len(parts) == 3 else "type"
    return parts[0] if parts[0] in MAY else None


def layer_of_include(name):
    parts = name.split("/")
    if parts[0] == "dts":
        stem = parts[-1].removesuffix(".hpp")
        return LAYER_OF_PUBLIC.get(stem, "type" if len(parts) > 2 else "?")
    return parts[0] if parts[0] in MAY else None


def arrows():
    for path in sources():
        layer = layer_of_file(path)
        if path.parts[-3:-1] == ("include", "dts") and layer is None:
            problem(path, 0, "a public header that belongs to no layer: name it in PUBLIC of tidy.py")
        if layer not in MAY or path.name.endswith("_test.cpp"):
            continue
        for number, line in enumerate(path.read_text().split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not match:
                continue
            target = layer_of_include(match[1])
            if target == "?" or (target and target != layer and target not in MAY[layer]):
                problem(path, number, f"{layer} may not include {match[1]}")


# --- pure -----------------------------------------------------------------------------------

IMPURE = [
    (r"#\s*include\s*<(thread|mutex|atomic|condition_variable|random|iostream|fstream|cstdio|ctime|"
     r"sys/|unistd|netinet|arpa)", "no threads, clocks, files or sockets in the protocol core"),
    (r"_clock::now|clock_gettime|gettimeofday|\btime\(nullptr\)", "the core is handed the time"),
    (r"\bprintf\(|\bfprintf\(|std::cout|std::cerr", "the core prints nothing"),
    (r"\bgetenv\(|fill_random|random_device", "the core takes nothing from outside"),
]


def pure():
    for path in tracked("src/proto/*"):
        if path.name.endswith("_test.cpp") or path.suffix not in (".cpp", ".hpp"):
            continue
        for number, line in enumerate(path.read_text().split("\n"), 1):
            for pattern, why in IMPURE:
                if re.search(pattern, line.split("//")[0]):
                    problem(path, number, f"{why}: {line.strip()}")


# --- sizes ----------------------------------------------------------------------------------

FILE_LINES, FUNCTION_LINES, COLUMNS, COLUMNS_JAVASCRIPT = 600, 70, 100, 120
BUDGETS = {  # code lines of the headers directly in a folder: what a user reads
    "include/dts": 1800,
}


def strip_code(text):
    """The text without comments, strings and characters, same lines."""
    pattern = (r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|'
               r"(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])*'")
    return re.sub(pattern, lambda m: "\n" * m[0].count("\n"), text, flags=re.S)


def functions(text):
    """(first line, lines) of every brace block opened by a line that looks like a function."""
    stack, line, start = [], 1, 0
    found, statement = [], ""
    for char in text:
        if char == "\n":
            line += 1
        if char == "{":
            head = statement.strip()
            is_function = bool(re.search(r"\)\s*(const|noexcept|override|final|&|->[^;]*|\s)*(:[^;]*)?$", head)) \
                and not re.match(r".*\b(namespace|struct|class|enum|union)\b[^()]*$", head, re.S)
            stack.append((line, is_function))
            statement = ""
        elif char == "}":
            if stack:
                start, is_function = stack.pop()
                if is_function and not any(inner for _, inner in stack):
                    found.append((start, line - start + 1))
            statement = ""
        elif char == ";":
            statement = ""
        else:
            statement += char
    return found


def sizes():
    allowed = {}
    for row in (ROOT / "tests/tidy/allowed.txt").read_text().split("\n"):
        if row and not row.startswith("#"):
            name, limit = row.split()
            allowed[name] = int(limit)
    used = set()
    for path in sources():
        name = str(path.relative_to(ROOT))
        text = path.read_text()
        lines = text.count("\n")
        if lines > FILE_LINES:
            if lines <= allowed.get(name, 0):
                used.add(name)
            else:
                problem(path, 0, f"{lines} lines; a file has at most {FILE_LINES}")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS and "http" not in line and 'R"' not in line:
                problem(path, number, f"{len(line)} columns; at most {COLUMNS}")
        if path.name.endswith("_test.cpp"):
            continue
        for start, length in functions(strip_code(text)):
            key = f"{name}:{length}"
            if length > FUNCTION_LINES:
                if key in allowed:
                    used.add(key)
                else:
                    problem(path, start, f"a function of {length} lines; at most {FUNCTION_LINES}")
    for path in tracked("javascript/*.js", "tests/javascript/*.mjs"):
        lines = path.read_text().split("\n")
        if len(lines) > FILE_LINES:
            problem(path, 0, f"{len(lines)} lines; a file has at most {FILE_LINES}")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_JAVASCRIPT:
                problem(path, number, f"{len(line)} columns; at most {COLUMNS_JAVASCRIPT}")
    for name in sorted(set(allowed) - used):
        problem("tests/tidy/allowed.txt", 0, f"{name} no longer needs to be allowed: remove the row")
    for folder, budget in BUDGETS.items():
        count = 0
        for path in (path for path in tracked(f"{folder}/*.hpp") if path.parent == ROOT / folder):
            count += sum(1 for line in strip_code(path.read_text()).split("\n") if line.strip())
        if count > budget:
            problem(folder, 0, f"{count} lines of code; the budget is {budget}")


# --- orphans --------------------------------------------------------------------------------

def orphans():
    texts = {path: path.read_text(errors="replace") for path in tracked() if path.suffix not in
             (".bin", ".png", ".svg") and "corpus" not in path.parts}
    everything = "\n".join(texts.values())
    included = set(re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', everything))
    for path in texts:
        relative = path.relative_to(ROOT)
        if path.suffix == ".hpp":
            if not any(str(relative).endswith("/" + name) or str(relative) == name for name in included
                       if name.endswith(path.name)):
                problem(path, 0, "no file includes it")
        elif path.suffix in (".py", ".sh") or (path.suffix == ".md" and relative.parts[0] == "docs"):
            generated = relative.parts[:3] == ("docs", "reference", "cli")
            others = (text for other, text in texts.items() if other != path)
            if not generated and not any(path.name in text for text in others):
                problem(path, 0, "nothing names it")
        elif path.suffix == ".cpp" and relative.parts[0] in ("examples", "bench"):
            cmake = "".join(text for other, text in texts.items() if other.name == "CMakeLists.txt"
                            and other.is_relative_to(ROOT / relative.parts[0]))
            if path.name not in cmake and path.stem not in cmake and "GLOB" not in cmake:
                problem(path, 0, "no CMakeLists.txt builds it")


# --- headers --------------------------------------------------------------------------------

def compilers():
    return [name for name in ("g++", "clang++-16") if shutil.which(name)]


def syntax_only(compiler, text, extra=()):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(text)
        file.flush()
        run = subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", f"-I{ROOT}/include",
                              *extra, file.name], capture_output=True, text=True)
    return run.returncode == 0 and not run.stderr, run.stderr


def headers():
    tasks = [(compiler, path) for compiler in compilers() for path in tracked("include/dts/*.hpp")]
    if len({compiler for compiler, _ in tasks}) < 2:
        problem("headers", 0, "both g++ and clang++-16 are needed: ./dev setup")

    def check(task):
        compiler, path = task
        return task, syntax_only(compiler, f"#include <{path.relative_to(ROOT / 'include')}>\nint main() {{}}\n")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (compiler, path), (ok, output) in pool.map(check, tasks):
            if not ok:
                problem(path, 0, f"does not compile alone with {compiler}:\n{output[:2000]}")
    for path in tracked("include/dts/*.hpp"):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if re.search(r"#include <(format|expected|source_location|ranges|iostream|regex|fmt/|simdjson|openssl)",
                         line):
                problem(path, number, f"not in a public header: {line}")


# --- errors ---------------------------------------------------------------------------------

def errors():
    declared = re.findall(r"^\s+(\w+) = (\d{4}),", (ROOT / "include/dts/result.hpp").read_text(), re.M)
    page = (ROOT / "docs/reference/errors.md").read_text()
    for name, number in declared:
        if f"E{number}" not in page or name not in page:
            problem("docs/reference/errors.md", 0, f"does not explain E{number} {name}")
    for number in set(re.findall(r"\bE(\d{4})\b", page)):
        if number not in {n for _, n in declared}:
            problem("docs/reference/errors.md", 0, f"explains E{number}, which does not exist")


# --- leftovers ------------------------------------------------------------------------------

LEFTOVERS = [
    r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b", r"not implemented", r"\bstub\b", r"\bDISABLED_\w", r"GTEST_SKIP",
    r"sleep_for\(.*settle", r"/home/\w", r"<<<<<<<|>>>>>>>",
]


def leftovers():
    for path in tracked("*.cpp", "*.hpp", "*.py", "*.sh", "*.md", "*.cmake", "*CMakeLists.txt", "dev"):
        if path == pathlib.Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(errors="replace").split("\n"), 1):
            for pattern in LEFTOVERS:
                if re.search(pattern, line):
                    problem(path, number, f"{pattern}: {line.strip()[:80]}")


# --- docs -----------------------------------------------------------------------------------

def blocks(text):
    for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.S | re.M):
        yield text[:match.start()].count("\n") + 1, match[1], match[2]


def wrap(code):
    """A block is a program, or declarations, or statements inside a function."""
    if "#include" in code or "int main" in code:
        return code
    prologue = ("#include <dts/dts.hpp>\n#include <cstdio>\n"
                "struct Temperature { double celsius; std::int32_t tank; static constexpr auto dts = "
                'dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel")); };\n')
    if re.match(r"\s*(struct|template|enum|class|namespace)\b", code):
        return "#include <dts/dts.hpp>\n#include <cstdio>\n" + code
    return prologue + "void block(dts::Domain& domain) {\n" + code + "\n(void)domain; }\n"


def docs():
    pages = [path for path in tracked("*.md") if path.relative_to(ROOT).parts[0] != "tests"]
    examples = [re.sub(r"\s+", " ", path.read_text()) for path in tracked("examples/*.cpp")]
    tasks = []
    for page in pages:
        text = page.read_text()
        for number, language, code in blocks(text):
            if language in ("cpp", "c++"):
                if not any(re.sub(r"\s+", " ", code).strip() in example for example in examples):
                    tasks.append((page, number, code))
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.S)):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                problem(page, 0, f"a link to nowhere: {target}")

    def check(task):
        return task, syntax_only("g++", wrap(task[2]), ("-Wno-unused",))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (page, number, _), (ok, output) in pool.map(check, tasks):
            if not ok:
                problem(page, number, f"the C++ block does not compile:\n{output[:2000]}")


CHECKS = {f.__name__: f for f in (arrows, pure, sizes, orphans, headers, errors, leftovers, docs)}

if __name__ == "__main__":
    os.chdir(ROOT)
    for name in sys.argv[1:] or CHECKS:
        CHECKS[name]()
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
