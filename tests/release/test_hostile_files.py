"""Damaged files: whatever the bytes, the answer is a release or a list of problems that each have a place."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mldeploy.errors import ReleaseError
from mldeploy.findings import render
from mldeploy.yaml.positions import parse_document

MUTANTS = 500
SNIPPETS = [
    "\t",
    "|",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "---\n",
    "[",
    "{",
    "}",
    '"',
    "'",
    ": ",
    "- ",
    "#",
    "\n",
    "%",
    "@",
    "?",
    "\0",
]


def problems_of(action):
    """Return what an action is refused for; None when it is not refused."""
    try:
        action()
    except ReleaseError as error:
        return error.problems
    return None


def mutant(sample, number):
    chance = random.Random(number)
    data = bytearray(sample.encode())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        chance.choice(
            [
                lambda place=place: data.__setitem__(place, chance.randrange(256)),
                lambda place=place: data.__delitem__(slice(place, place + chance.randint(1, 9))),
                lambda place=place: data.__setitem__(slice(place, place), chance.choice(SNIPPETS).encode()),
                lambda place=place: data.__setitem__(slice(place, place), data[place : place + 20]),
            ]
        )()
    return bytes(data)


def test_mutants_of_the_sample_are_loaded_or_refused_with_places(sample, load):
    refused = 0
    for number in range(MUTANTS):
        data = mutant(sample, number)
        problems = problems_of(lambda data=data: load(data))
        if problems is not None:
            refused += 1
            assert problems, data
            assert all(problem.position and problem.message for problem in problems), data
            render(problems).encode()
    assert refused > MUTANTS / 2


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab01:-?[]{},&*!|>'\"%@#\\ \n\t~.é日"), max_size=60))
def test_any_text_is_parsed_or_refused_with_places(text):
    problems = problems_of(lambda: parse_document(text, "release.yaml"))
    assert problems is None or (problems and all(problem.position for problem in problems))
