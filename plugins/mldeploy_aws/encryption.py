"""How AWS protects the data of each kind of step, by what the step asks for and what AWS does by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mldeploy import Encryption, Step
from mldeploy.model import JSON

TLS = "TLS 1.2 or later"
"""AWS APIs refuse older versions (AWS security blog, "TLS 1.2 to become the minimum TLS protocol level")."""


def protections(steps: Sequence[Step]) -> Iterator[Encryption]:
    """Yield a row for every step that stores or carries data."""
    for step in steps:
        if step.kind in KINDS:
            at_rest, in_transit, weak = KINDS[step.kind](step.spec)
            yield Encryption(step=step.id, at_rest=at_rest, in_transit=in_transit, weak=weak)


Row = tuple[str, str, bool]


def _by_aws(key: str) -> Callable[[Mapping[str, JSON]], Row]:
    return lambda _spec: (key, TLS, False)


def _key(spec: Mapping[str, JSON], name: str, otherwise: str) -> str:
    return f"KMS key {spec[name]}" if spec.get(name) else otherwise


def _log_group(spec: Mapping[str, JSON]) -> Row:
    return _key(spec, "KmsKeyId", "a key of CloudWatch Logs"), TLS, False


def _endpoint_config(spec: Mapping[str, JSON]) -> Row:
    return _key(spec, "KmsKeyId", "volumes: a key of SageMaker"), TLS, False


def _replication_group(spec: Mapping[str, JSON]) -> Row:
    at_rest = "a key of ElastiCache" if spec.get("AtRestEncryptionEnabled") else "none"
    in_transit = TLS if spec.get("TransitEncryptionEnabled") else "none"
    return _key(spec, "KmsKeyId", at_rest), in_transit, "none" in {at_rest, in_transit}


KINDS: Mapping[str, Callable[[Mapping[str, JSON]], Row]] = {
    "AWS::S3::Bucket": _by_aws("SSE-S3, as for every new object"),
    "AWS::ECR::Repository": _by_aws("AES-256, a key of ECR"),
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SageMaker::EndpointConfig": _endpoint_config,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::SecretsManager::Secret": lambda spec: (_key(spec, "KmsKeyId", "KMS key aws/secretsmanager"), TLS, False),
    "AWS::Lambda::Function": lambda spec: (_key(spec, "KmsKeyArn", "variables: a key of Lambda"), TLS, False),
    "AWS::Cognito::UserPool": _by_aws("a key of Cognito"),
    "AWS::ApiGateway::RestApi": _by_aws("stores no data"),
}
"""Kind → how its spec reads. AWS encrypts by itself what is in S3 since 2023-01-05 (S3 user guide, "Setting default
server-side encryption behavior"), and in ECR, CloudWatch Logs, Lambda and Secrets Manager ("Encryption at rest")."""
