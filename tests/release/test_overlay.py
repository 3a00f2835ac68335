from __future__ import annotations

import pytest

from mldeploy.errors import UsageError

BASE = """\
name: sentiment
instance:
  count: 1
cache: {enabled: true}
verify:
  requests:
  - body: 1
  - body: 2
expose: {gateway: api-gateway}
environments:
  prod:
    instance: {count: 3}
    verify:
      requests:
      - body: 9
  blue: {team: search}
"""


def origins_of(resolved):
    return {".".join(map(str, path)): origin for path, origin in resolved.origins.items()}


@pytest.mark.req("3.12", "8.14")
def test_an_environment_is_laid_over_the_rest(load):
    release = load(BASE, "prod").release
    assert release.value("instance.count") == 3
    assert release.value("cache.enabled") is True
    assert [request["body"] for request in release.value("verify.requests")] == [9], "lists are replaced"
    assert "environments" not in release.config
    assert release.resource_name == "sentiment-prod"
    assert load(BASE, "dev").release.value("instance.count") == 1


def test_every_value_tells_where_it_came_from(load):
    origins = origins_of(load(BASE, "prod"))
    assert origins["name"] == "release.yaml:1:7"
    assert origins["cache.enabled"] == "release.yaml:4:18"
    assert origins["instance.count"] == "environments.prod release.yaml:12:23"
    assert origins["verify.requests.0.body"] == "environments.prod release.yaml:15:15"
    assert "verify.requests.1.body" not in origins
    assert origins["cache.ttl"] == "default"
    assert origins["verify.requests.0.contentType"] == "default"
    assert origins_of(load(BASE, "local"))["image.builder"] == "default for environment local"


def test_every_value_has_an_origin(load):
    resolved = load(BASE, "prod")

    def check(value, path):
        assert path == () or path in resolved.origins
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            if path[-1:] != ("body",):
                check(inner, (*path, key))

    check(resolved.release.config, ())


def test_defaults_depend_on_the_environment(load):
    text = "name: sentiment\nexpose: {gateway: api-gateway}\n"
    assert load(text, "local").release.value("image.builder") == "process"
    assert load(text, "dev").release.value("image.builder") == "auto"
    assert load(text, "dev").release.value("instance.count") == 1
    assert load(text, "prod").release.value("instance.count") == 2


@pytest.mark.req("3.1")
@pytest.mark.parametrize(("env", "gateway"), [("local", "api-gateway"), ("dev", "api-gateway"), ("qa", "api-gateway")])
def test_environments_have_their_gateway(load, env, gateway):
    assert load("name: sentiment", env).release.value("expose.gateway") == gateway


def test_errors_in_an_overlay_point_into_the_overlay(refused):
    _, shown = refused(BASE.replace("count: 3", "count: 0"), "local")
    assert shown.startswith("release.yaml:12:23: error: environments.prod.instance.count: 0 is less than 1")


def test_what_only_the_merged_file_breaks_is_found(refused):
    fragment = {"properties": {"pair": {"type": "object", "maxProperties": 1, "additionalProperties": True}}}
    text = "name: sentiment\npair: {a: 1}\nenvironments:\n  dev: {pair: {b: 2}}\n"
    _, shown = refused(text, "dev", fragments=[("pairs", fragment)])
    assert "pair: 2 keys are too many" in shown
    assert "release.yaml:2:7" in shown


@pytest.mark.parametrize(("env", "hint"), [("pord", "prod"), ("stage", "staging"), ("blu", "blue")])
def test_an_unknown_environment_is_refused(load, env, hint):
    with pytest.raises(UsageError, match=f"no environment '{env}'") as caught:
        load(BASE, env)
    assert hint in caught.value.hint


def test_tags_are_ours_and_the_users(load):
    release = load("name: sentiment\nteam: search\ntags: {cost-center: '4711'}\n", "dev").release
    assert release.tags == {
        "mldeploy:name": "sentiment",
        "mldeploy:environment": "dev",
        "team": "search",
        "cost-center": "4711",
    }
