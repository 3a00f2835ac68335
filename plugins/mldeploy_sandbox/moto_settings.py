"""The environment of the sandbox process."""

from __future__ import annotations

from mldeploy_sandbox.identity import ACCOUNT_ID

SETTINGS = {
    "MOTO_ACCOUNT_ID": ACCOUNT_ID,  # without it, moto loads the managed policies of every partition
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}
"""moto reads its settings when it is imported
(https://docs.getmoto.org/en/latest/docs/configuration/environment_variables.html); the sandbox talks to itself,
and no web page in a browser should be able to read what it holds."""
