"""The script that people write: boto3 from top to bottom, with stock waiters, for the same resources.

python sequential.py NAME IMAGE BUCKET [PAUSE]

PAUSE: seconds to sleep after new roles.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"


def main(name: str, image: str, bucket: str, pause: str = "0") -> None:
    iam, s3, sagemaker = boto3.client("iam"), boto3.client("s3"), boto3.client("sagemaker")
    model_role = role(iam, f"{name}-model", "sagemaker.amazonaws.com", "s3:GetObject")
    function_role = role(iam, f"{name}-function", "lambda.amazonaws.com", "sagemaker:InvokeEndpoint")
    time.sleep(float(pause))
    repository, _, digest = image.partition("/")[2].partition("@")
    boto3.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    serve(sagemaker, s3, name, image, bucket, model_role)
    scale(name)
    function = make_function(name, function_role)
    expose(name, function, authenticate(name))


def found(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except ClientError:
        return None


def role(iam: Any, name: str, service: str, action: str) -> str:
    existing = found(lambda: iam.get_role(RoleName=name))
    if existing is None:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        existing = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return str(existing["Role"]["Arn"])


def serve(sagemaker: Any, s3: Any, name: str, image: str, bucket: str, role_arn: str) -> None:
    if found(lambda: s3.head_bucket(Bucket=bucket)) is None:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": sagemaker.meta.region_name})
    if found(lambda: s3.head_object(Bucket=bucket, Key="model.tar.gz")) is None:
        s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive())
    if found(lambda: sagemaker.describe_model(ModelName=name)) is None:
        container = {"Image": image, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role_arn)
    if found(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name)) is None:
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
    if found(lambda: sagemaker.describe_endpoint(EndpointName=name)) is None:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("weights.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"1"))
    return buffer.getvalue()


def scale(name: str) -> None:
    scaling = boto3.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.put_scaling_policy(
        **target,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 600.0, "PredefinedMetricSpecification": metric},
    )


def make_function(name: str, role_arn: str) -> str:
    functions, logs = boto3.client("lambda"), boto3.client("logs")
    group = f"/aws/lambda/{name}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    existing = found(lambda: functions.get_function(FunctionName=name))
    if existing is not None:
        return str(existing["Configuration"]["FunctionArn"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as code:
        code.writestr("main.py", HANDLER)
    made = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="main.handler",
        Role=role_arn,
        Code={"ZipFile": buffer.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return str(made["FunctionArn"])


def authenticate(name: str) -> str:
    cognito = boto3.client("cognito-idp")
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    if existing := next((pool["Id"] for pool in pools if pool["Name"] == name), None):
        return str(cognito.describe_user_pool(UserPoolId=existing)["UserPool"]["Arn"])
    pool = cognito.create_user_pool(PoolName=name)["UserPool"]
    scopes = [{"ScopeName": "invoke", "ScopeDescription": "Call the model."}]
    cognito.create_resource_server(UserPoolId=pool["Id"], Identifier=name, Name=name, Scopes=scopes)
    cognito.create_user_pool_domain(Domain=name, UserPoolId=pool["Id"])
    cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[f"{name}/invoke"],
        AllowedOAuthFlowsUserPoolClient=True,
    )
    return str(pool["Arn"])


def expose(name: str, function: str, pool: str) -> None:
    gateway = boto3.client("apigateway")
    if any(api["name"] == name for api in gateway.get_rest_apis()["items"]):
        return
    region, account = function.split(":")[3:5]
    api = gateway.create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="predict")["id"]
    authorizer = gateway.create_authorizer(
        restApiId=api,
        name=name,
        type="COGNITO_USER_POOLS",
        providerARNs=[pool],
        identitySource="method.request.header.Authorization",
    )["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    gateway.put_method(
        **method,
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=authorizer,
        apiKeyRequired=True,
        authorizationScopes=[f"{name}/invoke"],
    )
    gateway.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="live")
    boto3.client("lambda").add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{account}:{api}/*/POST/predict",
    )
    key = gateway.create_api_key(name=name, enabled=True)["id"]
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": api, "stage": "live"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")


if __name__ == "__main__":
    main(*sys.argv[1:])
