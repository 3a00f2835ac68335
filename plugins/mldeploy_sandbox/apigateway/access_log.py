"""Access logs of a stage.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigateway.templates import UnsupportedTemplateError, render

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.exchange import Stage
    from mldeploy_sandbox.apigateway.expressions import Scope
    from mldeploy_sandbox.world import World

LOG_GROUP_MARK = ":log-group:"


def write_access_log(world: World, stage: Stage, scope: Scope) -> None:
    """Write one line in the format of the stage; to no group that does not exist, as AWS."""
    destination, template = stage.access_log.get("destinationArn", ""), stage.access_log.get("format", "")
    if LOG_GROUP_MARK not in destination or not template:
        return
    group = destination.split(LOG_GROUP_MARK, 1)[1].removesuffix(":*")
    stream = hashlib.sha256(f"{stage.api_id}/{stage.name}".encode()).hexdigest()[:32]
    try:
        line = render(template, scope).text
    except UnsupportedTemplateError as error:
        line = str(error)
    world.log(group, stream, [line], region=stage.region, create=False)
