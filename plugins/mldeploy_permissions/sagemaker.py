"""Grants of the kinds of the plugin `sagemaker`."""

from __future__ import annotations

from mldeploy_permissions.grants import Grant, service_linked_role

ENDPOINT = "arn:aws:sagemaker:{region}:{account}:endpoint/{name}"
SCALED = "arn:aws:sagemaker:{region}:{account}:endpoint/{EndpointName}"
CONFIG = "arn:aws:sagemaker:{region}:{account}:endpoint-config/{name}"
CONFIG_OF_ENDPOINT = "arn:aws:sagemaker:{region}:{account}:endpoint-config/{EndpointConfigName}"
CONFIG_OF_STEP = "arn:aws:sagemaker:{region}:{account}:endpoint-config/{name}-*"
MODEL = "arn:aws:sagemaker:{region}:{account}:model/{name}"
TARGET = "arn:aws:application-autoscaling:{region}:{account}:scalable-target/*"
TRACKING_ALARMS = "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{ResourceId}-*"
"""Application Auto Scaling gives the alarms of target tracking their names (its user guide, "Target tracking scaling
policies"); it makes and deletes them with the permissions of whoever calls it."""
OBJECTS = "arn:aws:s3:::{bucket}/models/{name}/model.tar.gz"

SAGEMAKER = {
    "AWS::SageMaker::Model": (
        Grant("sagemaker", "AddTags CreateModel DeleteModel DescribeModel ListTags", (MODEL,)),
        Grant("sagemaker", "ListModels", ("*",)),
    ),
    "AWS::SageMaker::EndpointConfig": (
        Grant(
            "sagemaker", "AddTags CreateEndpointConfig DeleteEndpointConfig DescribeEndpointConfig ListTags", (CONFIG,)
        ),
        Grant("sagemaker", "ListEndpointConfigs", ("*",)),
        Grant(
            "kms",
            "CreateGrant DescribeKey",
            ("arn:aws:kms:{region}:{account}:key/{KmsKeyId}",),
            conditions=(("kms:ViaService", "sagemaker.{region}.amazonaws.com"),),
            when="KmsKeyId",
        ),
    ),
    "AWS::SageMaker::Endpoint": (
        Grant(
            "sagemaker",
            "AddTags CreateEndpoint DeleteEndpoint DescribeEndpoint ListTags UpdateEndpoint"
            " UpdateEndpointWeightsAndCapacities",
            (ENDPOINT,),
        ),
        Grant("sagemaker", "AddTags CreateEndpoint UpdateEndpoint", (CONFIG_OF_ENDPOINT,)),
        Grant("application-autoscaling", "DescribeScalableTargets", ("*",)),
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        Grant("application-autoscaling", "DeregisterScalableTarget RegisterScalableTarget", (TARGET,)),
        Grant("application-autoscaling", "DescribeScalableTargets", ("*",)),
        Grant("sagemaker", "DescribeEndpoint UpdateEndpointWeightsAndCapacities", (SCALED,)),
        service_linked_role("sagemaker.application-autoscaling.amazonaws.com"),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        Grant("application-autoscaling", "DeleteScalingPolicy PutScalingPolicy", (TARGET,)),
        Grant("application-autoscaling", "DescribeScalingPolicies DescribeScheduledActions", ("*",)),
        Grant("cloudwatch", "DeleteAlarms PutMetricAlarm", (TRACKING_ALARMS,)),
    ),
    "AWS::ApplicationAutoScaling::ScheduledAction": (
        Grant("application-autoscaling", "DeleteScheduledAction PutScheduledAction", (TARGET,)),
        Grant("application-autoscaling", "DescribeScalingPolicies DescribeScheduledActions", ("*",)),
    ),
    "mldeploy::InstanceQuota": (
        Grant("sagemaker", "DescribeEndpoint", (ENDPOINT,)),
        Grant("sagemaker", "DescribeEndpointConfig", (CONFIG_OF_STEP,)),
        Grant("servicequotas", "ListServiceQuotas", ("*",)),
    ),
    "mldeploy::ModelData": (Grant("s3", "DeleteObject GetObject PutObject", (OBJECTS,)),),
    "mldeploy::RuntimeAddress": (Grant("sagemaker", "InvokeEndpoint InvokeEndpointAsync", (SCALED,)),),
}
"""Kind → grants. Sources: the service authorization reference of each service; for scaling also
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html."""
