"""Kind → driver of everything that this plugin makes."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Driver
from mldeploy_apigee.api_products import ApiProductDriver
from mldeploy_apigee.deployments import DeploymentDriver
from mldeploy_apigee.developers import DeveloperAppDriver, DeveloperDriver
from mldeploy_apigee.key_value_maps import KeyValueMapDriver
from mldeploy_apigee.openid_issuers import OpenIdIssuerDriver
from mldeploy_apigee.revisions import RevisionDriver
from mldeploy_apigee.target_servers import TargetServerDriver


def apigee_drivers(context: Context) -> Mapping[str, Driver]:
    """Return the drivers, bound to a context."""
    return {
        "Apigee::ApiProduct": ApiProductDriver(context),
        "Apigee::Deployment": DeploymentDriver(context),
        "Apigee::Developer": DeveloperDriver(context),
        "Apigee::DeveloperApp": DeveloperAppDriver(context),
        "Apigee::KeyValueMap": KeyValueMapDriver(context),
        "Apigee::Revision": RevisionDriver(context),
        "Apigee::TargetServer": TargetServerDriver(context),
        "mldeploy::OpenIdIssuer": OpenIdIssuerDriver(context),
    }
