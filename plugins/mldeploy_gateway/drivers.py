"""Kind → driver of everything that this plugin makes."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Driver
from mldeploy_gateway.access_logs import LogRoleCheck
from mldeploy_gateway.api_keys import ApiKeyDriver, UsagePlanKeyDriver
from mldeploy_gateway.deployments import DeploymentDriver
from mldeploy_gateway.domain_names import BasePathMappingDriver, DomainNameDriver
from mldeploy_gateway.permissions import PermissionDriver
from mldeploy_gateway.rest_apis import RestApiDriver
from mldeploy_gateway.stages import StageDriver
from mldeploy_gateway.usage_plans import UsagePlanDriver
from mldeploy_gateway.user_pool_clients import ResourceServerDriver, UserPoolClientDriver
from mldeploy_gateway.user_pools import UserPoolDomainDriver, UserPoolDriver
from mldeploy_gateway.web_acls import WebAclDriver


def gateway_drivers(context: Context) -> Mapping[str, Driver]:
    """Return the drivers, bound to a context."""
    return {
        "AWS::ApiGateway::ApiKey": ApiKeyDriver(context),
        "AWS::ApiGateway::BasePathMapping": BasePathMappingDriver(context),
        "AWS::ApiGateway::Deployment": DeploymentDriver(context),
        "AWS::ApiGateway::DomainName": DomainNameDriver(context),
        "AWS::ApiGateway::RestApi": RestApiDriver(context),
        "AWS::ApiGateway::Stage": StageDriver(context),
        "AWS::ApiGateway::UsagePlan": UsagePlanDriver(context),
        "AWS::ApiGateway::UsagePlanKey": UsagePlanKeyDriver(context),
        "AWS::Cognito::UserPool": UserPoolDriver(context),
        "AWS::Cognito::UserPoolClient": UserPoolClientDriver(context),
        "AWS::Cognito::UserPoolDomain": UserPoolDomainDriver(context),
        "AWS::Cognito::UserPoolResourceServer": ResourceServerDriver(context),
        "AWS::Lambda::Permission": PermissionDriver(context),
        "AWS::WAFv2::WebACLAssociation": WebAclDriver(context),
        "mldeploy::ApiGatewayLogRole": LogRoleCheck(context),
    }
