"""Single values inside good JSON: what the models of texts and of numbers must refuse, and what they must not."""

from __future__ import annotations

from tests.service.poison import CANARY, JSON, Poison, accepted, refused
from tests.service.poison.json_documents import GOOD, MAX_BODY_BYTES


def item(value: str) -> bytes:
    """Return a body with one item."""
    return f'{{"instances": [{value}]}}'.encode()


def pair(number: str) -> bytes:
    """Return a body with one item of two numbers, the second of which is 1."""
    return item(f"[{number}, 1]")


NOT_NUMBERS = {
    "NaN": "NaN",
    "nan": "nan",
    "minus NaN": "-NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "inf": "inf",
    "the sign of infinity": "∞",
    "1e400": "1e400",
    "minus 1e400": "-1e400",
    "1e999999999": "1e999999999",
    "just above the largest double": "1.8e308",
    "five thousand digits": "1" * 5_000,
    "minus five thousand digits": "-" + "1" * 5_000,
    "five thousand digits and a fraction": "1" * 5_000 + ".5",
    "hexadecimal": "0x10",
    "octal": "010",
    "two zeros": "00",
    "a plus sign": "+1",
    "two minus signs": "--1",
    "a minus sign alone": "-",
    "no digit before the point": ".5",
    "no digit after the point": "5.",
    "two points": "1.2.3",
    "an exponent without digits": "1e",
    "an exponent with a fraction": "1e1.5",
    "a comma for a point": "1,5,2",
    "an underscore": "1_000",
    "a fraction": "1/2",
    "Arabic digits": "\u0661",
    "a number in a string": '"1"',
    "NaN in a string": '"NaN"',
    "Infinity in a string": '"Infinity"',
    "a canary in a string": f'"{CANARY}"',
    "an empty string": '""',
    "true": "true",
    "false": "false",
    "null": "null",
    "a list": "[1]",
    "an object": "{}",
    "an object of MongoDB": '{"$numberDouble": "1"}',
}

NUMBERS: list[Poison] = [
    *refused(JSON, {name: pair(text) for name, text in NOT_NUMBERS.items()}),
    *refused(
        JSON,
        {
            "one number instead of two": item("[1]"),
            "three numbers instead of two": item("[1, 2, 3]"),
            "a text instead of two numbers": item(f'"{CANARY}"'),
            "a number instead of two": item("1"),
            "one bad item among good ones": b'{"instances": [[1, 2], [1, NaN], [3, 4]]}',
            "a short item among good ones": b'{"instances": [[1, 2], [1], [3, 4]]}',
            "one item too many": b'{"instances": [' + b",".join([b"[1,2]"] * 1_001) + b"]}",
        },
    ),
    *accepted(
        [{"sum": 1.0}],
        {
            "minus zero": pair("-0"),
            "minus zero with a point": pair("-0.0"),
            "zero with a huge exponent": pair("0e999"),
            "smaller than the smallest double": pair("1e-400"),
            "the smallest double": pair("5e-324"),
            "a fraction of five thousand digits": pair("0." + "0" * 5_000 + "1"),
        },
        refusable=True,
    ),
    *accepted([{"sum": 1.7976931348623157e308}], {"the largest double": pair("1.7976931348623157e308")}),
    *accepted([{"sum": 9007199254740992.0}], {"two to the 53rd": pair("9007199254740991")}),
    *accepted(
        [{"sum": 11.0}], {"an exponent": pair("1E+1"), "whole numbers": pair("10"), "spaces": pair(" \n\t10\r ")}
    ),
    *accepted(
        [{"sum": 3.0}] * 1_000, {"as many as allowed": b'{"instances": [' + b",".join([b"[1,2]"] * 1_000) + b"]}"}
    ),
]

TEXTS: list[Poison] = [
    *refused(
        JSON,
        {
            "a number instead of a text": item("1"),
            "NaN instead of a text": item("NaN"),
            "true instead of a text": item("true"),
            "an empty text": item('""'),
            "a list of texts instead of a text": item(f'["{CANARY}"]'),
            "a text that is too long by one": item(f'"{"a" * 5_001}"'),
            "one bad item among good ones": f'{{"instances": ["{CANARY}", 1, "{CANARY}"]}}'.encode(),
            "one item too many": b'{"instances": [' + b",".join([b'"a"'] * 1_001) + b"]}",
        },
    ),
    *accepted([{"length": len(CANARY)}], {"a good one": GOOD, "spaces up to the limit": GOOD.ljust(MAX_BODY_BYTES)}),
    *accepted([{"length": len(CANARY)}], {"an escaped key": GOOD.replace(b"i", b"\\u0069", 1)}),
    *accepted([{"length": len(CANARY)}], {"a byte order mark": b"\xef\xbb\xbf" + GOOD}, refusable=True),
    *accepted(
        [{"length": 1}],
        {
            "an escaped emoji": item(r'"\ud83d\ude00"'),
            "an emoji": item('"😀"'),
            "an escaped zero": item(r'"\u0000"'),
            "a noncharacter": item('"\uffff"'),
            "right to left": item('"\u202e"'),
            "a space": item('" "'),
            "an escaped line break": item(r'"\n"'),
        },
    ),
    *accepted([{"length": 5_000}], {"a text as long as allowed": item(f'"{"é" * 5_000}"')}),
    *accepted([{"length": 12}], {"what looks like a look-up": item('"${env:HOME}!"')}),
]
