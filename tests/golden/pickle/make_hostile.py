#!/usr/bin/env python3
"""Writes hostile.txt (to standard output): pickles that do harm to whoever loads them, and broken
ones. Nothing in here is ever loaded. A line is
  name <tab> pieces of hex, each perhaps *repeated
A payload that would be a value is there as the whole message, in the field "x" of a dict, and in
such a dict whose other fields are fine: DTS must refuse it whoever reads it as what.
"""
import struct


# ---- an assembler for pickles; a piece is bytes or (bytes, repeated) ----

def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    if len(raw) < 256:
        return b"\x8c" + bytes([len(raw)]) + raw
    return b"X" + struct.pack("<I", len(raw)) + raw


def line(op, *values):
    return op + b"".join(v.encode() + b"\n" for v in values)


def name(label, by_stack):
    module, attribute = label.split(" ")
    if by_stack:
        return text(module) + text(attribute) + b"\x93"
    return line(b"c", module, attribute)


def call(label, *arguments, by_stack=True):
    return name(label, by_stack) + b"(" + b"".join(arguments) + b"tR"


ROWS = []


def add(what, *pieces):
    """A whole message, as it is."""
    ROWS.append((what, pieces))


def payload(what, *pieces, version=b"\x80\x04"):
    """A value: alone, and in a dict."""
    add(what, version, *pieces, b".")
    add(what + ", in a field", version + b"}" + text("x"), *pieces, b"s.")
    add(what + ", beside good fields", version + b"}(" + text("y") + b"K\x01" + text("x"), *pieces, b"u.")


ECHO = text("echo harm")
ONE = b"K\x01"

# ---- calls ----

CALLABLES = """
os system|os popen|os execv|os spawnv|os remove|os.path join|posix system|nt system|pty spawn
subprocess Popen|subprocess call|subprocess run|subprocess check_output|subprocess getoutput
commands getoutput|_posixsubprocess fork_exec|multiprocessing.util spawnv_passfds
asyncio.subprocess create_subprocess_shell|platform popen|uuid _get_command_stdout
_osx_support _read_output|_aix_support _read_cmd_output|pydoc pipepager|pydoc locate
builtins eval|builtins exec|builtins compile|builtins __import__|builtins open|builtins getattr
builtins setattr|builtins delattr|builtins input|builtins breakpoint|builtins globals|builtins vars
builtins map|builtins type|builtins object|builtins list|builtins dict|builtins str|builtins int
builtins float|builtins complex|builtins bytes|builtins print|builtins super|builtins memoryview
__builtin__ eval|__builtin__ exec|__builtin__ execfile|__builtin__ apply|__builtin__ getattr
__builtin__ file|__builtin__ reload|__builtin__ unicode
importlib import_module|importlib.util spec_from_file_location|imp load_source|zipimport zipimporter
runpy run_path|runpy run_module|runpy _run_code|code InteractiveInterpreter.runcode|codeop compile_command
ctypes CDLL|ctypes PyDLL|ctypes string_at|ctypes.util find_library|_ctypes dlopen|cffi.api FFI
pickle loads|pickle load|_pickle loads|cPickle loads|pickle Unpickler|pickle _loads|marshal loads
shelve open|dill loads|dill._dill _create_code|cloudpickle.cloudpickle subimport|joblib load
yaml unsafe_load|jsonpickle decode|pandas read_pickle|pandas.io.pickle read_pickle
types FunctionType|types CodeType|types MethodType|types SimpleNamespace|types DynamicClassAttribute
functools partial|functools reduce|functools partialmethod|functools cached_property
operator attrgetter|operator methodcaller|operator itemgetter|operator call|_operator attrgetter
itertools starmap|itertools repeat|copyreg _reconstructor|copyreg __newobj__|copyreg __newobj_ex__
copyreg add_extension|copyreg pickle|copy_reg _reconstructor|copy copy|copy deepcopy
collections defaultdict|collections Counter|collections deque|collections namedtuple|collections ChainMap
socket socket|socket create_connection|urllib.request urlopen|urllib request|http.client HTTPConnection
ftplib FTP|smtplib SMTP|telnetlib Telnet|requests get|webbrowser open|xmlrpc.client ServerProxy
sys exit|sys settrace|sys.modules get|sys setrecursionlimit|gc get_objects|inspect currentframe
signal raise_signal|faulthandler _sigsegv|resource setrlimit|threading Thread|atexit register
shutil rmtree|shutil move|tempfile mktemp|pathlib Path.unlink|io open|io FileIO|codecs open|codecs decode
_codecs decode|_codecs lookup|logging.config listen|logging FileHandler|sqlite3 connect|mmap mmap
timeit timeit|cProfile run|profile run|pdb run|bdb Bdb|trace Trace|doctest debug_script|site main
pip main|pip._internal main|ensurepip _run_pip|venv create|setuptools.sandbox run_setup|distutils.spawn spawn
idlelib.pyshell ModifiedInterpreter|lib2to3.pgen2.grammar Grammar.loadGrammar|test.support.script_helper assert_python_ok
numpy.core.multiarray _reconstruct|numpy.core.multiarray scalar|numpy ndarray|numpy load|numpy fromfile
numpy.testing._private.utils runstring|numpy.f2py.crackfortran getlincoef|numpy.distutils.exec_command exec_command
torch._utils _rebuild_tensor_v2|torch load|torch.hub load|torch.storage _load_from_bytes
torch.jit.unsupported_tensor_ops execWrapper|torch.serialization load|torch._inductor.codecache compile_file
tensorflow.python.lib.io file_io|keras.models load_model|sklearn.utils load|transformers AutoModel.from_pretrained
array _array_reconstructor|zoneinfo ZoneInfo._unpickle|pytz _UTC|weakref ref|ipaddress IPv4Address
datetime datetime.now|datetime tzinfo|datetime time|datetime timezone|decimal getcontext|decimal Context
fractions Fraction|random Random|string Formatter.format|re compile|re._compiler compile|struct unpack
ssl create_default_context|base64 b64decode|zlib decompress|bz2 decompress|lzma decompress|gzip open
__main__ harm|app Model|app State.harm|harm State.State.run|builtins State|__builtin__ State
""".replace("\n", "|").split("|")
CALLABLES = [label for label in CALLABLES if label]

for i, label in enumerate(CALLABLES):
    payload("REDUCE of " + label.replace(" ", "."), call(label, ECHO, by_stack=i % 2 == 0))

for label in ["os system", "builtins eval", "subprocess Popen", "app Model", "ctypes CDLL"]:
    shown = label.replace(" ", ".")
    module, attribute = label.split(" ")
    stack, lines = name(label, True), name(label, False)
    payload("REDUCE without arguments of " + shown, stack + b")R")
    payload("REDUCE with a list of arguments of " + shown, stack + b"](" + ECHO + b"eR")
    payload("REDUCE with None of " + shown, stack + b"NR")
    payload("INST of " + shown, b"(" + ECHO + line(b"i", module, attribute))
    payload("OBJ of " + shown, b"(" + lines + ECHO + b"o")
    payload("NEWOBJ with arguments of " + shown, stack + ECHO + b"\x85\x81")
    payload("NEWOBJ with a list of " + shown, stack + b"]\x81")
    payload("NEWOBJ without fields of " + shown, stack + b")\x81")
    payload("NEWOBJ_EX of " + shown, stack + b")}\x92")
    payload("NEWOBJ_EX with keywords of " + shown, stack + ECHO + b"\x85}" + text("shell") + b"\x88s\x92")
    payload("a bare name of " + shown, stack)
    payload("a bare line of " + shown, lines)
    payload("a forgotten name of " + shown, stack + b"0N")
    payload("a name forgotten with its mark of " + shown, b"(" + stack + b"1N")
    payload("a remembered name of " + shown, stack + b"\x940h\x00")
    payload("a name beside its use of " + shown, b"](" + stack + b"\x94" + b"h\x00" + ECHO + b"\x85Re")
    payload("a name as a key of " + shown, b"}" + stack + ONE + b"s")
    payload("a call as a key of " + shown, b"}" + call(label, ECHO) + ONE + b"s")
    payload("a call in a call of " + shown, call(label, call(label, ECHO)))
    payload("a call of what a call gives of " + shown, call(label, ECHO) + ECHO + b"\x85R")
    payload("a call that is forgotten of " + shown, b"](" + stack + b"](" + ECHO + b"eR0" + ONE + b"e")
    payload("fields for a class of " + shown, stack + b"}" + text("x") + ONE + b"sb")
    payload("BUILD with a tuple of dicts of " + shown,
            stack + b")\x81" + b"}" + text("x") + ONE + b"s}" + text("y") + ONE + b"s\x86b")
    payload("BUILD with no field of " + shown, stack + b")\x81}b")
    payload("BUILD with a list of " + shown, stack + b")\x81](" + ECHO + b"eb")
    payload("BUILD with a call of " + shown, stack + b")\x81" + call(label, ECHO) + b"b")
    payload("BUILD twice of " + shown,
            stack + b")\x81}" + text("x") + ONE + b"sb}" + text("x") + ONE + b"sb")

for attribute in ["__setstate__", "__reduce__", "__reduce_ex__", "__class__", "__dict__", "__init__", "__del__",
                  "__getattr__", "__slots__", "__builtins__", "__globals__", "__code__"]:
    payload("BUILD of " + attribute,
            name("app Model", True) + b")\x81}" + text(attribute) + name("os system", True) + b"sb" + ECHO + b"b")
    payload("the field " + attribute, name("app Model", True) + b")\x81}" + text(attribute) + ECHO + b"sb")
    payload("BUILD with slots of " + attribute,
            name("app Model", True) + b")\x81N}" + text(attribute) + ECHO + b"s\x86b")

payload("getattr chain", call("builtins getattr", call("builtins __import__", text("os")), text("system")) +
        ECHO + b"\x85R")
payload("getattr of a dict of builtins", call("builtins getattr", call("builtins dict"), text("get")))
payload("attrgetter of __class__", call("operator attrgetter", text("__class__.__subclasses__")) + b")R")
payload("partial of eval", call("functools partial", name("builtins eval", True), ECHO) + b")R")
payload("map of exec over lines", call("builtins map", name("builtins exec", True), b"](" + ECHO + b"e"))
payload("a name with dots", text("os") + text("path.os.system") + b"\x93" + ECHO + b"\x85R")
payload("a name in Unicode", text("ｏｓ") + text("system") + b"\x93" + ECHO + b"\x85R")
payload("a name with a line end", text("os\n") + text("system\nR") + b"\x93" + ECHO + b"\x85R")
payload("a name with terminal escapes", text("\x1b[2J\x1b]0;harm\x07") + text("\u202esys") + b"\x93" + ECHO + b"\x85R")
payload("a name with NUL", text("os\x00") + text("system") + b"\x93" + ECHO + b"\x85R")
payload("a name of 70000 bytes", b"X" + struct.pack("<I", 70000), (b"a", 70000), text("b") + b"\x93)R")
payload("an empty name", text("") + text("") + b"\x93)R")
payload("an empty line for a name", b"c\n\n)R")
payload("a name that is no text", text("os") + ONE + b"\x93)R")
payload("a module that is no text", ONE + text("system") + b"\x93)R")
payload("names as bytes", b"C\x02osC\x06system\x93)R")
payload("a name put together", text("os") + b"\x94" + text("sys") + b"\x94" + text("tem") + b"\x93)R")
payload("a name from the memo", text("os") + b"\x94" + text("system") + b"\x940" + b"0h\x00h\x01\x93" + ECHO + b"\x85R")
payload("a name with DUP", name("os system", True) + b"2" + ECHO + b"\x85R\x86")
payload("a call of a text", ECHO + b")R")
payload("a call of a list", b"])R")
payload("a call of None", b"N)R")
payload("a call of a number", ONE + b")R")

ENCODE = "_codecs encode"
payload("encode with another codec", call(ENCODE, ECHO, text("rot13")))
payload("encode with base64", call(ENCODE, ECHO, text("base64_codec")))
payload("encode without a codec", call(ENCODE, ECHO))
payload("encode of a number", call(ENCODE, ONE, text("latin1")))
payload("encode of a character beyond", call(ENCODE, text("Ā"), text("latin1")))
payload("encode with three arguments", call(ENCODE, ECHO, text("latin1"), text("ignore")))
payload("a bytearray of 2^40", call("builtins bytearray", b"\x8a\x06" + b"\x00\x00\x00\x00\x00\x01"))
payload("a bytearray of a text", call("builtins bytearray", ECHO))
payload("bytes of 2^31", call("builtins bytes", b"J\xff\xff\xff\x7f"))
payload("a set of a text", call("builtins set", ECHO))
payload("a set of a call", call("builtins set", call("os system", ECHO)))
payload("a frozenset of two", call("builtins frozenset", b"]", b"]"))
payload("an ordered dict of pairs", call("collections OrderedDict", b"](](" + ECHO + ONE + b"ee"))
payload("a date of a text", call("datetime date", ECHO))
payload("a date of 3 bytes", call("datetime date", b"C\x03\x07\xe4\x01"))
payload("a date of month 13", call("datetime date", b"C\x04\x07\xe4\x0d\x01"))
payload("a date of February 30", call("datetime date", b"C\x04\x07\xe4\x02\x1e"))
payload("a date of the year 0", call("datetime date", b"C\x04\x00\x00\x01\x01"))
payload("a datetime at 25:00", call("datetime datetime", b"C\x0a\x07\xe4\x01\x01\x19\x00\x00\x00\x00\x00"))
payload("a datetime of 2^20 microseconds", call("datetime datetime", b"C\x0a\x07\xe4\x01\x01\x00\x00\x00\x0f\xff\xff"))
payload("a datetime with a call for a zone",
        call("datetime datetime", b"C\x0a\x07\xe4\x01\x01\x00\x00\x00\x00\x00\x00", call("os system", ECHO)))
payload("a datetime with a text for a zone",
        call("datetime datetime", b"C\x0a\x07\xe4\x01\x01\x00\x00\x00\x00\x00\x00", ECHO))
payload("a datetime of three arguments", call("datetime datetime", b"M\xe8\x07", ONE, ONE))
payload("a timedelta of 2^62 days", call("datetime timedelta", b"\x8a\x08" + b"\x00" * 7 + b"\x40", ONE, ONE))
payload("a timedelta of texts", call("datetime timedelta", ECHO, ECHO, ECHO))
payload("a timezone of a call", call("datetime timezone", call("os system", ECHO)))
payload("a Decimal of a call", call("decimal Decimal", call("os system", ECHO)))
payload("a Decimal of a tuple", call("decimal Decimal", b"K\x00(K\x01tK\x00\x87"))
payload("a UUID of a text", name("uuid UUID", True) + b")\x81}" + text("int") + ECHO + b"sb")
payload("a UUID that is negative", name("uuid UUID", True) + b")\x81}" + text("int") + b"J\xff\xff\xff\xffsb")
payload("a UUID of 136 bits", name("uuid UUID", True) + b")\x81}" + text("int") + b"\x8a\x11" + b"\x01" * 17 + b"sb")
payload("a UUID without a number", name("uuid UUID", True) + b")\x81}" + text("hex") + ECHO + b"sb")
payload("a UUID by a call", call("uuid UUID", ECHO))

# ---- what is not in the message ----

payload("PERSID", b"Pharm\n")
payload("BINPERSID", ECHO + b"Q")
for number in (1, 255):
    payload("EXT1 %d" % number, b"\x82" + bytes([number]))
payload("EXT2", b"\x83\x01\x00")
payload("EXT4", b"\x84\x01\x00\x00\x00")
payload("EXT4 that is negative", b"\x84\xff\xff\xff\xff")
payload("EXT1 called", b"\x82\x01" + ECHO + b"\x85R")
payload("NEXT_BUFFER", b"\x97", version=b"\x80\x05")
payload("READONLY_BUFFER", b"C\x01a\x98", version=b"\x80\x05")
payload("NEXT_BUFFER read only", b"\x97\x98", version=b"\x80\x05")
for byte in (0x00, 0x09, 0x0a, 0x20, 0x41, 0x7f, 0x99, 0xfe, 0xff):
    payload("no opcode %02x" % byte, bytes([byte]))

# ---- lengths ----

for op, width in ((b"\x8e", 8), (b"\x8d", 8), (b"\x96", 8), (b"B", 4), (b"X", 4), (b"T", 4), (b"\x8b", 4),
                  (b"C", 1), (b"\x8c", 1), (b"U", 1), (b"\x8a", 1)):
    for shown, length in (("the most", 2 ** (8 * width) - 1), ("half of it", 2 ** (8 * width - 1)),
                          ("one below half of it", 2 ** (8 * width - 1) - 1), ("one too many", 6)):
        add("%s that claims %s" % (op.hex(), shown), b"\x80\x04" + op + length.to_bytes(width, "little"), b"abc.")
for shown, length in (("the most", 2**64 - 1), ("2^63", 2**63), ("2^32", 2**32), ("one too many", 3)):
    add("FRAME that claims " + shown, b"\x80\x04\x95" + struct.pack("<Q", length) + b"N.")
for index in (2**31 - 1, 2**31, 2**32 - 1, 100000):
    payload("LONG_BINPUT of %d" % index, b"Nr" + struct.pack("<I", index))
    payload("LONG_BINGET of %d" % index, b"j" + struct.pack("<I", index))
payload("PUT of 10^18", line(b"Np", "1" + "0" * 18))
payload("PUT of 10^30", line(b"Np", "1" + "0" * 30))
payload("PUT of -1", line(b"Np", "-1"))
payload("PUT of a word", line(b"Np", "one"))
payload("GET of -1", line(b"g", "-1"))
payload("GET of nothing", b"g\n")
payload("BINGET of nothing", b"h\x07")
payload("a number of 10^5 digits", b"L", (b"9", 100000), b"L\n")
payload("a number of 10^5 bytes", b"\x8b" + struct.pack("<I", 100000), (b"\x55", 100000))
payload("a float of 10^5 digits", b"F", (b"9", 100000), b"\n")
payload("1e999", b"F1e999\n")

# ---- the stack and marks ----

for op in b"abdelostuR012\x81\x85\x86\x87\x90\x91\x92\x93\x94Q":
    add("%02x on an empty stack" % op, b"\x80\x04" + bytes([op]) + b".")
    add("%02x on one value" % op, b"\x80\x04N" + bytes([op]) + b".")
    add("%02x above a mark" % op, b"\x80\x04N(" + bytes([op]) + b"a.")
payload("APPEND to a dict", b"}" + ONE + b"a")
payload("APPEND to a tuple", b")" + ONE + b"a")
payload("APPEND to a set", b"\x8f" + ONE + b"a")
payload("APPENDS to a dict", b"}(" + ONE + b"e")
payload("APPENDS to an object", name("app Model", True) + b")\x81(" + ONE + b"e")
payload("SETITEM in a list", b"]" + ONE + ONE + b"s")
payload("SETITEMS in a list", b"](" + ONE + ONE + b"u")
payload("SETITEMS in an object", name("app Model", True) + b")\x81(" + ECHO + ONE + b"u")
payload("SETITEMS of a key alone", b"}(" + ONE + b"u")
payload("DICT of a key alone", b"(" + ONE + b"d")
payload("ADDITEMS to a list", b"](" + ONE + b"\x90")
payload("BUILD of a dict", b"}}" + text("x") + ONE + b"sb")
payload("BUILD of a list", b"]}" + text("x") + ONE + b"sb")
payload("BUILD of a text", ECHO + b"}" + text("x") + ONE + b"sb")

# ---- the same thing again and again ----

for what, first, step in (
        ("lists", b"]", lambda i: b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"e"),
        ("tuples", b")", lambda i: b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86"),
        ("dicts", b"}", lambda i: b"}(" + text("a") + b"h" + bytes([i]) + text("b") + b"h" + bytes([i]) + b"u")):
    for levels in (40, 60, 200):
        payload("billion laughs of %d %s" % (levels, what),
                first + b"\x940" + b"".join(step(i) + b"\x940" for i in range(levels)) + b"h" + bytes([levels]))
payload("billion laughs with DUP", b"]" + b"2\x86" * 60)
payload("ten tens of tens",
        b"](NNNNNNNNNNe\x940" + b"".join(b"](" + (b"h" + bytes([i])) * 10 + b"e\x940" for i in range(40)) + b"h\x28")
payload("a list in itself", b"]\x94h\x00a")
payload("a list in itself by DUP", b"]2a")
payload("a list in a list in itself", b"]\x94]\x94h\x00aa")
payload("a dict in itself", b"}\x94" + text("x") + b"h\x00s")
payload("a tuple in itself", b"]\x94h\x00\x85\x94a0h\x01")
payload("a set in a list in itself", b"]\x94\x8f(h\x00\x90a")
payload("an object in itself", name("app Model", True) + b")\x81\x94}" + text("x") + b"h\x00sb")

# ---- depth ----

for what, begin, middle, end in (("lists", b"]", b"N", b"a"), ("tuples", b"", b"N", b"\x85"),
                                 ("dicts", b"}" + text("x"), b"N", b"s"), ("tuples by marks", b"(", b"N", b"t"),
                                 ("lists by marks", b"(", b"N", b"l"), ("DICT", b"(" + text("x"), b"N", b"d")):
    for depth in (80, 100000):
        payload("%d %s deep" % (depth, what), (begin, depth), middle, (end, depth))
payload("100000 marks", (b"(", 100000), b"N")
payload("100000 marks that nobody takes", b"N", (b"(", 100000))
payload("100000 values", (b"N", 100000))
payload("100000 names", (name("a b", False), 100000))

# ---- text ----

for what, raw in (("half a surrogate pair", b"\xed\xa0\x80"), ("both halves of one", b"\xed\xa0\xbd\xed\xb8\x80"),
                  ("an overlong slash", b"\xc0\xaf"), ("an overlong NUL", b"\xc0\x80"), ("ff", b"\xff"),
                  ("a cut character", b"\xe2\x82"), ("beyond Unicode", b"\xf4\x90\x80\x80")):
    payload("text with " + what, text(raw))
    payload("a key with " + what, b"}" + text(raw) + ONE + b"s")
    payload("a name with " + what, text("os") + text(raw) + b"\x93)R")
payload("UNICODE with half a surrogate pair", b"V\\ud800\n")
payload("UNICODE beyond Unicode", b"V\\U00110000\n")
payload("UNICODE with a short escape", b"V\\u12\n")
payload("UNICODE with a wrong escape", b"V\\u12g4\n")
add("UNICODE without an end", b"Vabc.")
add("STRING without an end", b"S'abc'.")
payload("STRING without quotes", b"Sabc\n")
payload("STRING with one quote", b"S'\n")
payload("STRING with two kinds of quotes", b"S'abc\"\n")
payload("STRING that ends with a backslash", b"S'abc\\'\n")
payload("STRING with an escape nobody knows", b"S'\\q'\n")
payload("STRING with a short escape", b"S'\\x1'\n")
payload("STRING with an octal escape of 9 bits", b"S'\\777'\n")
for what, value in (("a word", b"Iabc\n"), ("nothing", b"I\n"), ("hex", b"I0x1f\n"), ("an expression", b"I1+1\n"),
                    ("a space", b"I 1\n"), ("an underscore", b"I1_0\n"), ("two signs", b"I--1\n"),
                    ("a plus", b"I+1\n"), ("NUL", b"I1\x00\n"), ("2^64", b"I18446744073709551616\n")):
    payload("INT of " + what, value)
for what, value in (("a word", b"Fabc\n"), ("nothing", b"F\n"), ("hex", b"F0x1p3\n"), ("two points", b"F1.2.3\n"),
                    ("a space", b"F1.0 \n"), ("a comma", b"F1,5\n")):
    payload("FLOAT of " + what, value)
payload("LONG of a word", b"Lharm\n")
payload("LONG of nothing", b"LL\n")
add("INT without an end", b"I123.")
add("GLOBAL without an end", b"cos.")
add("GLOBAL without a name", b"cos\n.")
add("INST without an end", b"(ios.")
add("PERSID without an end", b"Pharm.")

# ---- the whole message ----

GOOD = b"}(" + text("x") + text("fine") + text("y") + b"K\x01u"
add("empty")
add("STOP alone", b".")
add("PROTO alone", b"\x80\x04")
add("PROTO cut off", b"\x80")
add("no STOP", b"\x80\x04" + GOOD)
for version in (6, 7, 127, 128, 255):
    add("protocol %d" % version, b"\x80" + bytes([version]) + GOOD + b".")
add("two protocols", b"\x80\x04\x80\x04" + GOOD + b".")
add("a protocol within", b"\x80\x04" + GOOD + b"\x80\x05.")
add("two STOPs", b"\x80\x04" + GOOD + b"..")
add("two pickles", b"\x80\x04" + GOOD + b"." + b"\x80\x04" + GOOD + b".")
add("a hostile pickle behind a good one", b"\x80\x04" + GOOD + b"." + call("os system", ECHO) + b".")
add("a line end behind", b"\x80\x04" + GOOD + b".\n")
add("NUL behind", b"\x80\x04" + GOOD + b".\x00")
add("two values", b"\x80\x04N" + GOOD + b".")
add("a mark left", b"\x80\x04(" + GOOD + b".")
add("a call below", b"\x80\x04" + call("os system", ECHO) + GOOD + b".")
add("a call before", b"\x80\x04" + call("os system", ECHO) + b"0" + GOOD + b".")
add("a name before", b"\x80\x04" + name("os system", False) + b"0" + GOOD + b".")
add("a name before, under a mark", b"\x80\x04(" + name("os system", False) + b"1" + GOOD + b".")
add("an object before", b"\x80\x04" + name("os system", False) + b")\x810" + GOOD + b".")
add("a persistent id before", b"\x80\x04Pharm\n0" + GOOD + b".")
add("an extension before", b"\x80\x04\x82\x010" + GOOD + b".")
add("a frame within a frame that is too long",
    b"\x80\x04\x95" + struct.pack("<Q", 20) + b"\x95" + struct.pack("<Q", 99) + GOOD + b".")
add("a key twice", b"\x80\x04}(" + text("x") + text("fine") + text("y") + b"K\x01" + text("x") + ECHO + b"u.")
add("a key twice, one by one", b"\x80\x04}" + text("y") + b"K\x01s" + text("y") + b"K\x02s.")
add("a key twice, once remembered", b"\x80\x04}(" + text("y") + b"\x94K\x01h\x00K\x02u.")
add("a key that is a number", b"\x80\x04}" + ONE + ONE + b"s.")
add("a key that is a tuple", b"\x80\x04})" + ONE + b"s.")
add("a key that is None", b"\x80\x04}N" + ONE + b"s.")
add("a key that is bytes", b"\x80\x04}C\x01x" + ONE + b"s.")
add("a key that is a list", b"\x80\x04}]" + ONE + b"s.")
add("a field nobody knows", b"\x80\x04}(" + text("y") + b"K\x01" + text("harm") + ECHO + b"u.")
add("JSON", b'{"x": "fine", "y": 1}')
add("a zip, as torch saves", b"PK\x03\x04\x14\x00\x00\x00\x00\x00")
add("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")
add("the numpy file format", b"\x93NUMPY\x01\x00v\x00{'descr': '|O'}\n")
add("a pickle in a pickle, called", b"\x80\x04" + call("pickle loads", b"C\x20" + call("os system", ECHO)[:31] + b".") + b".")
add("a name in a fuzzer's spelling", b"cos\nsystem\n(S'echo harm'\ntR.")
add("the oldest one", b"cposix\nsystem\np0\n(S'cat /etc/passwd'\np1\ntp2\nRp3\n.")
add("a fork bomb", b"\x80\x02c__builtin__\nexec\nX\x0f\x00\x00\x00while 1: fork()\x85R.")
add("ten bytes that took memory", b"\x80\x04Nr\xff\xff\xff\xff0.")


def shown(pieces):
    out = []
    for piece in pieces:
        raw, times = piece if isinstance(piece, tuple) else (piece, 1)
        if raw:
            out.append(raw.hex() + ("" if times == 1 else "*%d" % times))
    return " ".join(out)


def main():
    names = [what for what, _ in ROWS]
    assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
    for what, pieces in ROWS:
        print("%s\t%s" % (what, shown(pieces)))


main()
