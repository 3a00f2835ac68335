from __future__ import annotations

import pytest

from mldeploy.yaml.scalars import plain_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("0777", 777),
        ("0o17", 15),
        ("0xff", 255),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("12:30:45", "12:30:45"),
        ("2024-99-99", "2024-99-99"),
        ("2024-12-01", "2024-12-01"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1.5e-3", 0.0015),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
        ("=", "="),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text, value):
    found = plain_value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e400", "9" * 5000, "1." + "0" * 5000])
def test_numbers_that_json_cannot_hold_are_refused(text):
    with pytest.raises(ValueError, match=r"JSON|large|characters"):
        plain_value(text)
