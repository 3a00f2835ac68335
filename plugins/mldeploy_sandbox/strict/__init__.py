"""What strict mode adds: AWS's request rates, quotas, delays and eventual consistency, on the sandbox's clock."""

from __future__ import annotations

from collections.abc import Sequence

from mldeploy_sandbox.plane import Gate
from mldeploy_sandbox.strict.propagation import Propagation
from mldeploy_sandbox.strict.quotas import InstanceQuotas
from mldeploy_sandbox.strict.rates import Rates
from mldeploy_sandbox.strict.transitions import Transitions
from mldeploy_sandbox.strict.visibility import Visibility
from mldeploy_sandbox.world import World


def strict_gates(world: World) -> Sequence[Gate]:
    """Return the gates of strict mode; the first one is asked first."""
    return (
        Rates(world.clock),
        Visibility(world.clock),
        Propagation(world.clock),
        Transitions(world.clock),
        InstanceQuotas(world),
    )
