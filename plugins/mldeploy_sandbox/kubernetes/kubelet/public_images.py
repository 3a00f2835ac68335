"""Images of the world outside that the node has a program for: Redis and Valkey, as this machine has them."""

from __future__ import annotations

import re

from mldeploy_sandbox.plane import AwsError
from mldeploy_sandbox.redis_server import find_engine
from mldeploy_sandbox.sagemaker.images import Image, ImageError, Program, find_image, load_program
from mldeploy_sandbox.world import World

REDIS = re.compile(r"(?P<name>(.+/)?(redis|valkey))(:[\w.-]+)?@sha256:[0-9a-f]{64}")


def pulled(world: World, reference: str) -> tuple[Image, Program]:
    """Return an image and what it runs.

    Raises:
        ImageError: it is not there, or nothing here can run it.
    """
    if REDIS.fullmatch(reference):
        return Image(specified=reference, resolved=reference, manifest={}), _redis(world, reference)
    image = find_image(world, reference)
    return image, load_program(world, image)


def _redis(world: World, reference: str) -> Program:
    try:
        engine = find_engine()
    except AwsError as error:
        raise ImageError(str(error)) from error
    if engine.executable is None:
        message = f"{reference} stands for redis-server here, and this machine has only {engine.note}"
        raise ImageError(message)
    folder = world.folder / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    return Program(entrypoint=(str(engine.executable),), root=folder, folder=folder, environment={})
