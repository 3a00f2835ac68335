from __future__ import annotations

import pytest

from mldeploy.plugin_names import missing_plugins, plugin_names

INSTALLED = ("image", "cache", "verify", "sagemaker", "eks", "api-gateway", "apigee", "local", "drift", "rules")
BUILT_IN = ("image", "cache", "verify", "sagemaker", "api-gateway", "local")


@pytest.mark.parametrize(
    ("document", "env", "names"),
    [
        ({}, "local", {"cache", "verify", "sagemaker", "api-gateway", "local"}),
        ({}, "dev", {"cache", "verify", "sagemaker", "api-gateway"}),
        ({}, "prod", {"cache", "verify", "sagemaker", "apigee"}),
        ({"type": "eks"}, "dev", {"cache", "verify", "eks", "api-gateway"}),
        ({"drift": {}, "unknown": 1}, "dev", {"cache", "verify", "sagemaker", "api-gateway", "drift"}),
        ({"plugins": ["rules"]}, "dev", {"cache", "verify", "sagemaker", "api-gateway", "rules"}),
        (
            {"environments": {"prod": {"expose": {"gateway": "api-gateway"}, "drift": {}}}},
            "prod",
            {"cache", "verify", "sagemaker", "api-gateway", "drift"},
        ),
        ({"type": 3, "plugins": "rules", "expose": [], "environments": 5}, "dev", {"cache", "verify"}),
    ],
)
def test_the_words_of_a_file_name_its_plugins(document, env, names):
    assert set(plugin_names(document, env, INSTALLED)) == names


@pytest.mark.parametrize(
    ("document", "env", "path", "hint"),
    [
        ({"type": "sagemakr"}, "dev", ("type",), "did you mean 'sagemaker'?"),
        ({"type": "eks"}, "dev", ("type",), "installed: "),
        ({"expose": {"gateway": "api_gatway"}}, "dev", ("expose", "gateway"), "did you mean 'api-gateway'?"),
        ({}, "prod", ("expose", "gateway"), "chooses another one"),
        ({"plugins": ["cache", "drift"]}, "dev", ("plugins", 1), "install"),
    ],
)
def test_a_plugin_that_is_not_installed_is_named_with_a_remedy(document, env, path, hint):
    (problem,) = missing_plugins(document, env, BUILT_IN)
    assert problem.path == path
    assert "is installed" in problem.message
    assert hint in problem.hint


def test_a_missing_compute_plugin_hides_no_other_mistake_and_adds_none(refused):
    _, shown = refused("name: sentiment\ntype: fargate\ntask: {cpu: 1}\ncache: {ttl: 0}\n", "dev")
    assert "release.yaml:2:7: error: type: no plugin 'fargate' is installed" in shown
    assert "cache.ttl: 0 is less than 1" in shown
    assert "unknown key" not in shown


def test_a_plugin_file_beside_the_release_may_provide_any_type(load, tmp_path):
    (tmp_path / "mldeploy_plugin.py").write_text("")
    assert load("name: sentiment\ntype: mine\n").release.value("type") == "mine"
