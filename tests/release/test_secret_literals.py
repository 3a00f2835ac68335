from __future__ import annotations

import time

import pytest

from mldeploy.secret_literals import find_secrets, masked

ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GENERATED = "kX9" + "v2Lq8Zt4Wn7Rb1"
TOKEN = "ghp_" + "a1B2c3D4e5" * 4
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0In0xx" + ".abc-def"


@pytest.mark.req("X1")
@pytest.mark.parametrize(
    "value",
    [
        {"anything": ACCESS_KEY},
        {"list": ["fine", f"key is {ACCESS_KEY}"]},
        {"a": {"b": "-----BEGIN RSA " + "PRIVATE KEY-----\nMII"}},
        {"note": TOKEN},
        {"note": JWT},
        {"password": GENERATED},
        {"redis": {"authToken": GENERATED}},
        {"apiKey": GENERATED},
        {"secrets": [GENERATED]},
    ],
)
def test_secrets_are_found_and_not_repeated(value):
    (problem,) = find_secrets(value)
    assert "looks like a secret" in problem.message
    assert "secretsmanager:" in problem.hint
    assert GENERATED not in problem.message
    assert ACCESS_KEY not in problem.message


@pytest.mark.parametrize(
    "value",
    [
        {"password": "secretsmanager:prod/redis-password-123"},
        {"token": "env:REDIS_AUTH_TOKEN_VALUE"},
        {"token": "ssm:/prod/redis/token-9f8e7d"},
        {"secret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-Ab12Cd"},
        {"password": "aaaaaaaaaaaaaaaa"},
        {"accessTokenValiditySeconds": 3600},
        {"apiKey": True},
        {"name": "a-long-release-name-with-words"},
        {"image": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    ],
)
def test_references_and_plain_words_are_no_secrets(value):
    assert list(find_secrets(value)) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"  password: {GENERATED}", f"  password: {'*' * 17}"),
        (f'{{"authToken": "{GENERATED}", x: 1}}', f'{{"authToken": "{"*" * 17}", x: 1}}'),
        (f"note: {ACCESS_KEY} end", f"note: {'*' * 20} end"),
        ("ttl: 3600", "ttl: 3600"),
        ("password: env:REDIS_AUTH_TOKEN", "password: env:REDIS_AUTH_TOKEN"),
    ],
)
def test_shown_lines_hide_secrets_and_keep_their_width(line, shown):
    assert masked(line) == shown


@pytest.mark.parametrize("line", ["x" * 250_000, "eyJ-" * 60_000, "a:" * 120_000, "-----BEGIN " * 20_000])
def test_long_lines_are_searched_fast(line):
    start = time.process_time()
    masked(line)
    list(find_secrets({"note": line}))
    assert time.process_time() - start < 5, "seconds of CPU; a pattern that backtracks takes hours"


def test_a_secret_in_the_file_is_refused_and_hidden(sample, refused):
    _, shown = refused(sample + f"tags: {{note: {ACCESS_KEY}}}\n")
    assert "release.yaml:15:14: error: this looks like a secret" in shown
    assert ACCESS_KEY not in shown


def test_a_secret_behind_an_unknown_key_is_hidden(sample, refused):
    _, shown = refused(sample + f"password: {GENERATED}\n")
    assert "unknown key 'password'" in shown
    assert GENERATED not in shown
