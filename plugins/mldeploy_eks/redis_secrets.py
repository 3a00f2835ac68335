"""Kubernetes::Secret: the password that Redis asks for, and the certificate that it shows."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from mldeploy import Step
from mldeploy.model import JSON, content_hash
from mldeploy_aws.failures import translated as aws_translated
from mldeploy_eks.certificates import is_fresh, self_signed
from mldeploy_eks.cluster import Manifest
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.objects import ObjectDriver
from mldeploy_eks.redis_manifests import CERTIFICATE, CONFIGURATION, KEY

PASSWORD_VERSION = "mldeploy/password-version"  # noqa: S105 - the name of an annotation
"""Annotation: which version of the secret in Secrets Manager the password is, so that plans need not read it."""


class RedisSecretDriver(ObjectDriver):
    """Spec: Cluster, Namespace, Labels, PasswordSecretArn, PasswordVersion. Outputs: Name, Certificate (PEM), Version.

    The password goes from Secrets Manager into the cluster and nowhere else: it is in no spec, output or record. The
    certificate's key is made here and never leaves the Secret. `Version` changes whenever the content does.
    """

    def live_spec(self, step: Step, live: Manifest) -> Mapping[str, JSON]:
        """Return what the Secret was made from; nothing when it is incomplete or its certificate ends soon."""
        known = super().live_spec(step, live)
        if not known or not _is_whole(live):
            return {}
        return {**known, "PasswordVersion": _password_version(live)}

    def outputs(self, step: Step, live: Manifest) -> Mapping[str, JSON]:
        """Return the certificate, which everybody may know, and a name for the content."""
        certificate = _text(live, CERTIFICATE)
        version = content_hash({"certificate": certificate, "password": _password_version(live)})
        return {**super().outputs(step, live), "Certificate": certificate, "Version": version}

    def put(self, step: Step, live: Manifest | None) -> Mapping[str, JSON]:
        """Read the password, keep the certificate while it is good, and apply both."""
        if live is not None and _is_whole(live):
            certificate, key = _text(live, CERTIFICATE), _text(live, KEY)
        else:
            certificate, key = self_signed(step.name)
        content = {
            CONFIGURATION: f'requirepass "{self._password(step)}"\n',
            CERTIFICATE: certificate,
            KEY: key,
        }
        manifest = {
            "apiVersion": KINDS[self.kind].api_version,
            "kind": self.kind,
            "metadata": {
                "name": step.name,
                "namespace": step.spec["Namespace"],
                "labels": step.spec["Labels"],
                "annotations": {PASSWORD_VERSION: step.spec["PasswordVersion"]},
            },
            "type": "Opaque",
            "data": {name: base64.b64encode(text.encode()).decode() for name, text in content.items()},
        }
        return self.outputs(step, self.cluster.apply(manifest))

    def _password(self, step: Step) -> str:
        with aws_translated("reading the password of the cache"):
            answer = (
                self.context.provider("aws")
                .client("secretsmanager")
                .get_secret_value(SecretId=step.spec["PasswordSecretArn"], VersionId=step.spec["PasswordVersion"])
            )
        return str(answer["SecretString"])


def _is_whole(live: Manifest) -> bool:
    """Return whether everything is there and will be good for a while."""
    texts = [_text(live, name) for name in (CONFIGURATION, CERTIFICATE, KEY)]
    return all(texts) and is_fresh(texts[1])


def _password_version(live: Manifest) -> str:
    return str((live["metadata"].get("annotations") or {}).get(PASSWORD_VERSION, ""))


def _text(live: Manifest, name: str) -> str:
    """Return one value of a Secret; nothing where it is missing or is no text."""
    try:
        return base64.b64decode((live.get("data") or {}).get(name, ""), validate=True).decode()
    except ValueError:
        return ""
