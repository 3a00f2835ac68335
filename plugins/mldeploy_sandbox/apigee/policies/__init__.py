"""The policies that the stand-in carries out, by the root element of their XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.policies.assign_message import AssignMessage
from mldeploy_sandbox.apigee.policies.cors import Cors
from mldeploy_sandbox.apigee.policies.extract_variables import ExtractVariables
from mldeploy_sandbox.apigee.policies.json_threat_protection import JsonThreatProtection
from mldeploy_sandbox.apigee.policies.key_value_map_operations import KeyValueMapOperations
from mldeploy_sandbox.apigee.policies.lookup_cache import LookupCache
from mldeploy_sandbox.apigee.policies.message_logging import MessageLogging
from mldeploy_sandbox.apigee.policies.populate_cache import PopulateCache
from mldeploy_sandbox.apigee.policies.quota import Quota
from mldeploy_sandbox.apigee.policies.raise_fault import RaiseFault
from mldeploy_sandbox.apigee.policies.service_callout import ServiceCallout
from mldeploy_sandbox.apigee.policies.spike_arrest import SpikeArrest
from mldeploy_sandbox.apigee.policies.verify_api_key import VerifyApiKey
from mldeploy_sandbox.apigee.policies.verify_jwt import VerifyJwt
from mldeploy_sandbox.apigee.runtime.flows import Policy
from mldeploy_sandbox.apigee.shapes import Shape


class PolicyKind(Protocol):
    """A type of policy."""

    SHAPE: ClassVar[Shape]

    @classmethod
    def from_xml(cls, name: str, document: Element) -> Policy:
        """Read a policy of this type.

        Raises:
            PolicyError: its settings cannot be used.
        """


POLICIES: Mapping[str, type[PolicyKind]] = {
    "AssignMessage": AssignMessage,
    "CORS": Cors,
    "ExtractVariables": ExtractVariables,
    "JSONThreatProtection": JsonThreatProtection,
    "KeyValueMapOperations": KeyValueMapOperations,
    "LookupCache": LookupCache,
    "MessageLogging": MessageLogging,
    "PopulateCache": PopulateCache,
    "Quota": Quota,
    "RaiseFault": RaiseFault,
    "ServiceCallout": ServiceCallout,
    "SpikeArrest": SpikeArrest,
    "VerifyAPIKey": VerifyApiKey,
    "VerifyJWT": VerifyJwt,
}
