"""Grants of the kinds of the plugin `api-gateway`: their ids are AWS's, so tags say whose they are.

Tags of a REST API hold for everything below it, those of a usage plan for its keys
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html). Actions are
HTTP methods and resources are paths; `*` stands for slashes, too
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html).
"""

from __future__ import annotations

from mldeploy_gateway.resource_policies import EXTENSION
from mldeploy_permissions.grants import Grant, Guard

ROOT = "arn:aws:apigateway:{region}::"
API = f"{ROOT}/restapis/*"
STAGES = f"{API}/stages/*"
DOMAIN_OF_STEP = f"{ROOT}/domainnames/{{name}}"
DOMAIN = f"{ROOT}/domainnames/{{DomainName}}"
PLAN = f"{ROOT}/usageplans/*"
POOL = "arn:aws:cognito-idp:{region}:{account}:userpool/*"
FUNCTION = "arn:aws:lambda:{region}:{account}:function:{FunctionName.FunctionName}"
LOG_ROLE = "arn:aws:iam::{account}:role/mldeploy-api-gateway-logs"
TAGS_OF_NEW = Grant("apigateway", "PUT", (f"{ROOT}/tags/*",), guard=Guard.TAGS)
"""What is made with tags needs PUT on its tags as well."""


GATEWAY_LEFTOVERS = (
    Grant("apigateway", "GET", (f"{ROOT}/apikeys", f"{ROOT}/domainnames", f"{ROOT}/restapis", f"{ROOT}/usageplans")),
    Grant("cognito-idp", "DescribeUserPoolDomain ListUserPools", ("*",)),
)
"""What looks for parts of a gateway that an earlier release had and this one has not."""
GATEWAY = {
    "AWS::ApiGateway::BasePathMapping": (
        Grant("apigateway", "DELETE GET PATCH POST", (f"{DOMAIN}/basepathmappings*",)),
    ),
    "AWS::ApiGateway::DomainName": (
        Grant("apigateway", "POST", (f"{ROOT}/domainnames",), guard=Guard.TAGS),
        Grant("apigateway", "GET", (DOMAIN_OF_STEP,)),
        Grant("apigateway", "DELETE PATCH", (DOMAIN_OF_STEP,)),
        TAGS_OF_NEW,
    ),
    "AWS::ApiGateway::RestApi": (
        Grant("apigateway", "GET", (f"{ROOT}/restapis",)),
        Grant("apigateway", "POST", (f"{ROOT}/restapis",), guard=Guard.TAGS),
        Grant("apigateway", "DELETE GET PATCH PUT", (API,), guard=Guard.TAGGED),
        Grant("apigateway", "UpdateRestApiPolicy", (API,), guard=Guard.TAGGED, when=f"Body.{EXTENSION}"),
        TAGS_OF_NEW,
    ),
    "AWS::ApiGateway::Deployment": (
        Grant("apigateway", "DELETE GET", (API,), guard=Guard.TAGGED),
        Grant("apigateway", "POST", (f"{API}/deployments",), guard=Guard.TAGGED),
    ),
    "AWS::ApiGateway::Stage": (
        Grant("apigateway", "DELETE GET PATCH", (API,), guard=Guard.TAGGED),
        Grant("apigateway", "POST", (f"{API}/stages",), guard=Guard.TAGGED),
        TAGS_OF_NEW,
    ),
    "AWS::ApiGateway::UsagePlan": (
        Grant("apigateway", "GET", (f"{ROOT}/usageplans",)),
        Grant("apigateway", "POST", (f"{ROOT}/usageplans",), guard=Guard.TAGS),
        Grant("apigateway", "DELETE GET PATCH", (PLAN,), guard=Guard.TAGGED),
        TAGS_OF_NEW,
    ),
    "AWS::ApiGateway::ApiKey": (
        Grant("apigateway", "GET", (f"{ROOT}/apikeys",)),
        Grant("apigateway", "POST", (f"{ROOT}/apikeys",), guard=Guard.TAGS),
        Grant("apigateway", "DELETE GET PATCH", (f"{ROOT}/apikeys/*",), guard=Guard.TAGGED),
        TAGS_OF_NEW,
    ),
    "AWS::ApiGateway::UsagePlanKey": (
        Grant("apigateway", "DELETE GET", (PLAN,), guard=Guard.TAGGED),
        Grant("apigateway", "POST", (f"{PLAN}/keys",), guard=Guard.TAGGED),
    ),
    "AWS::Cognito::UserPool": (
        Grant("cognito-idp", "ListUserPools", ("*",)),
        Grant("cognito-idp", "CreateUserPool TagResource", ("*",), guard=Guard.TAGS),
        Grant("cognito-idp", "DescribeUserPool GetUserPoolMfaConfig", (POOL,)),
        Grant("cognito-idp", "DeleteUserPool SetUserPoolMfaConfig UpdateUserPool", (POOL,), guard=Guard.TAGGED),
    ),
    "AWS::Cognito::UserPoolClient": (
        Grant(
            "cognito-idp",
            "CreateUserPoolClient DeleteUserPoolClient DescribeUserPoolClient ListUserPoolClients UpdateUserPoolClient",
            (POOL,),
            guard=Guard.TAGGED,
        ),
    ),
    "AWS::Cognito::UserPoolDomain": (
        Grant("cognito-idp", "DescribeUserPoolDomain", ("*",)),
        Grant("cognito-idp", "CreateUserPoolDomain DeleteUserPoolDomain", (POOL,), guard=Guard.TAGGED),
    ),
    "AWS::Cognito::UserPoolResourceServer": (
        Grant(
            "cognito-idp",
            "CreateResourceServer DeleteResourceServer DescribeResourceServer UpdateResourceServer",
            (POOL,),
            guard=Guard.TAGGED,
        ),
    ),
    "AWS::Lambda::Permission": (
        Grant("lambda", "AddPermission GetPolicy RemovePermission", (FUNCTION, f"{FUNCTION}:*")),
    ),
    "AWS::WAFv2::WebACLAssociation": (
        Grant("apigateway", "SetWebACL", (STAGES,)),
        Grant("wafv2", "AssociateWebACL", ("{WebACLArn}", STAGES)),
        Grant("wafv2", "DisassociateWebACL", (STAGES,)),
    ),
    "mldeploy::ApiGatewayLogRole": (
        Grant("apigateway", "GET", (f"{ROOT}/account",)),
        Grant("apigateway", "PATCH", (f"{ROOT}/account",), when="SetAccountRole"),
        Grant("iam", "AttachRolePolicy CreateRole GetRole", (LOG_ROLE,), when="SetAccountRole"),
        Grant(
            "iam",
            "PassRole",
            (LOG_ROLE,),
            conditions=(("iam:PassedToService", "apigateway.amazonaws.com"),),
            when="SetAccountRole",
        ),
    ),
}
"""Kind → grants."""
