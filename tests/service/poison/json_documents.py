"""JSON, or nearly: syntax, encodings, depth, size and shape. No model takes one of these."""

from __future__ import annotations

from tests.service.poison import CANARY, JSON, Poison, refused

GOOD = f'{{"instances": ["{CANARY}"]}}'.encode()
WORD = CANARY.encode()
MAX_BODY_BYTES = 6_291_456

TRUNCATED = {f"cut after {length} bytes": GOOD[:length] for length in range(len(GOOD))}

SYNTAX = {
    "only spaces": b" \r\n\t ",
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "a comma after the last item": b'{"instances": ["' + WORD + b'",]}',
    "a comma after the last key": b'{"instances": ["' + WORD + b'"],}',
    "single quotes": b"{'instances': ['" + WORD + b"']}",
    "a key without quotes": b'{instances: ["' + WORD + b'"]}',
    "a comment": b'{"instances": ["a"] /* ' + WORD + b" */}",
    "a line comment": b"// " + WORD + b"\n" + GOOD,
    "two documents": GOOD + GOOD,
    "two documents on two lines": GOOD + b"\n" + GOOD,
    "rubbish after the document": GOOD + WORD,
    "one bracket too many": GOOD + b"}",
    "the wrong bracket": b'{"instances": ["a"}]',
    "a missing colon": b'{"instances" ["a"]}',
    "a missing comma": b'{"instances": ["a" "b"]}',
    "two commas": b'{"instances": ["a",, "b"]}',
    "undefined": b'{"instances": [undefined]}',
    "None": b'{"instances": [None]}',
    "True": b'{"instances": [True]}',
    "a callback": b"callback(" + GOOD + b")",
    "a byte order mark in the middle": b'{"instances": \xef\xbb\xbf["a"]}',
    "XML": b"<instances><item>" + WORD + b"</item></instances>",
    "an XML entity bomb": b'<!DOCTYPE a [<!ENTITY b "' + WORD + b'">]><a>&b;&b;</a>',
    "YAML": b"instances:\n  - " + WORD,
    "a form": b"instances=" + WORD,
    "HTML": b"<script>" + WORD + b"</script>",
    "a template": b"{{ 7 * 7 }}${7*7}" + WORD,
    "a format string": b"%s%s%s%n{0}" + WORD,
    "a log line": b'\n{"level": "FATAL", "message": "' + WORD + b'"}',
    "an escape sequence of terminals": b"\x1b[2J\x1b]0;" + WORD + b"\x07",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07" + WORD,
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + WORD,
    "zeros": bytes(1000),
    "all bytes": bytes(range(256)),
}

ENCODING = {
    "UTF-16 little endian": GOOD.decode().encode("utf-16-le"),
    "UTF-16 big endian": GOOD.decode().encode("utf-16-be"),
    "UTF-16 with a mark": GOOD.decode().encode("utf-16"),
    "UTF-32 with a mark": GOOD.decode().encode("utf-32"),
    "UTF-7": b"+AHsAIg-instances+ACI-",
    "EBCDIC": GOOD.decode().encode("cp500"),
    "Latin-1": '{"instances": ["é"]}'.encode("latin-1"),
    "a byte that starts nothing": b'{"instances": ["\xff"]}',
    "a continuation byte alone": b'{"instances": ["\x80"]}',
    "a character cut short": b'{"instances": ["\xe2\x82"]}',
    "an overlong slash": b'{"instances": ["\xc0\xaf"]}',
    "an overlong zero": b'{"instances": ["\xc0\x80"]}',
    "a surrogate as bytes": b'{"instances": ["\xed\xa0\x80"]}',
    "beyond Unicode": b'{"instances": ["\xf4\x90\x80\x80"]}',
    "five bytes for a character": b'{"instances": ["\xf8\x88\x80\x80\x80"]}',
    "a high surrogate alone": b'{"instances": ["\\ud800"]}',
    "a low surrogate alone": b'{"instances": ["\\udc00"]}',
    "surrogates in the wrong order": b'{"instances": ["\\udc00\\ud800"]}',
    "a high surrogate before a letter": b'{"instances": ["\\ud83dx"]}',
    "two high surrogates": b'{"instances": ["\\ud83d\\ud83d"]}',
    "a surrogate in a key": b'{"instances": ["a"], "\\ud800": 1}',
    "an escape cut short": b'{"instances": ["\\u12"]}',
    "an escape of no digits": b'{"instances": ["\\uzzzz"]}',
    "an unknown escape": b'{"instances": ["\\x41"]}',
    "an escape at the end": b'{"instances": ["\\',
    "a zero byte in a string": b'{"instances": ["a\x00b"]}',
    "a zero byte after the document": GOOD + b"\x00",
    "a line break in a string": b'{"instances": ["a\nb"]}',
    "a tab in a string": b'{"instances": ["a\tb"]}',
    "a no-break space between tokens": '{"instances":\u00a0["a"]}'.encode(),
}

SHAPE = {
    "instances is null": b'{"instances": null}',
    "instances is a number": b'{"instances": 1}',
    "instances is true": b'{"instances": true}',
    "instances is an object": b'{"instances": {"0": "' + WORD + b'"}}',
    "instances is empty": b'{"instances": []}',
    "an item is null": b'{"instances": [null]}',
    "an item is false": b'{"instances": [false]}',
    "an item is an object": b'{"instances": [{"' + WORD + b'": 1}]}',
    "an item is an empty list": b'{"instances": [[]]}',
    "an item is deeper than any model takes": b'{"instances": [[[["' + WORD + b'"]]]]}',
    "an item is a number, huge": b'{"instances": [1' + b"0" * 400 + b"]}",
    "an extra key": GOOD[:-1] + b', "' + WORD + b'": 1}',
    "an extra key of JavaScript": GOOD[:-1] + b', "__proto__": {"admin": true}}',
    "an extra key of Python": GOOD[:-1] + b', "__class__": "' + WORD + b'"}',
    "an empty key": GOOD[:-1] + b', "": 1}',
    "the key in capitals": b'{"INSTANCES": ["' + WORD + b'"]}',
    "the key with a space": b'{"instances ": ["' + WORD + b'"]}',
    "the key with a look-alike letter": '{"inst\u0430nces": ["a"]}'.encode(),
    "a key twice": b'{"instances": ["a"], "instances": ["' + WORD + b'"]}',
    "a key twice with the same value": b'{"instances": ["a"], "instances": ["a"]}',
    "a key twice, once escaped": b'{"instances": ["a"], "\\u0069nstances": ["' + WORD + b'"]}',
    "an unknown key twice": b'{"x": 1, "x": 2}',
    "a key twice inside an item": b'{"instances": [{"x": 1, "x": 2}]}',
}

DEPTHS = (10, 100, 200, 500, 1_000, 10_000, 100_000)
DEPTH = (
    {f"{depth} lists": b"[" * depth + b"]" * depth for depth in DEPTHS}
    | {f"{depth} lists, never closed": b"[" * depth for depth in DEPTHS}
    | {f"{depth} lists as an item": b'{"instances": [' + b"[" * depth + b"]" * depth + b"]}" for depth in DEPTHS}
    | {f"{depth} objects": b'{"a":' * depth + b"1" + b"}" * depth for depth in DEPTHS}
    | {f"{depth} objects, never closed": b'{"instances":' * depth for depth in DEPTHS}
    | {
        f"{depth} lists in an extra key": GOOD[:-1] + b', "x": ' + b"[" * depth + b"]" * depth + b"}"
        for depth in DEPTHS
    }
)

SIZE = {
    "one byte too many": b" " * (MAX_BODY_BYTES - len(GOOD) + 1) + GOOD,
    "zeros, too many": bytes(MAX_BODY_BYTES + 1),
    "a string of five megabytes": b'{"instances": ["' + b"a" * 5_000_000 + b'"]}',
    "a string of escapes": b'{"instances": ["' + b"\\u0041" * 900_000 + b'"]}',
    "a string that never ends": b'{"instances": ["' + b"a" * 5_000_000,
    "a key of five megabytes": b'{"' + b"k" * 5_000_000 + b'": 1}',
    "a hundred thousand keys": b"{" + b",".join(b'"k%d":1' % number for number in range(100_000)) + b"}",
    "a hundred thousand times one key": b"{" + b",".join([b'"k":1'] * 100_000) + b"}",
    "a million items": b'{"instances": [' + b",".join([b'""'] * 1_000_000) + b"]}",
    "a million brackets": b"[" * 1_000_000,
    "a number of a million digits": b'{"instances": [' + b"1" * 1_000_000 + b"]}",
    "an exponent of a million digits": b'{"instances": [1e' + b"1" * 1_000_000 + b"]}",
    "a fraction of a million digits": b'{"instances": [0.' + b"1" * 1_000_000 + b"]}",
    "five megabytes of commas": b'{"instances": [' + b"," * 5_000_000 + b"]}",
}

DOCUMENTS: list[Poison] = [
    poison for bodies in (TRUNCATED, SYNTAX, ENCODING, SHAPE, DEPTH, SIZE) for poison in refused(JSON, bodies)
]
