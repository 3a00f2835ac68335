"""The running side of one endpoint configuration: a container per production variant."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mldeploy_sandbox.archives import UnsafeArchiveError, unpacked
from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.sagemaker.containers import Container, PingError, Task
from mldeploy_sandbox.sagemaker.images import Image, ImageError, find_image, load_program
from mldeploy_sandbox.world import World

STARTUP_SECONDS = 480
"""How long a container may take to answer its ping when the variant does not say: 8 minutes
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html)."""


class StartError(Exception):
    """The fleet could not start; the message is the FailureReason."""


class Fleet:
    """The containers of one configuration, and the images they run."""

    def __init__(self, world: World, endpoint: str, region: str) -> None:
        self.images: dict[str, list[Image]] = {}
        self._world = world
        self._endpoint = endpoint
        self._region = region
        self._containers: dict[str, Container] = {}
        self._shadow: Container | None = None

    @property
    def shadow(self) -> Container | None:
        """The container that gets copies of requests."""
        return self._shadow

    def start(
        self,
        variants: Sequence[Mapping[str, Any]],
        shadows: Sequence[Mapping[str, Any]],
        models: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Start every variant at once and wait until all answer their ping.

        Arguments:
            variants: ProductionVariants of the configuration.
            shadows: its ShadowProductionVariants.
            models: descriptions of the models that they name.

        Raises:
            StartError: worded as SageMaker does; what did start still runs.
        """
        for variant in variants:
            self._containers[variant["VariantName"]] = self._prepared(variant, models[variant["ModelName"]])
        for variant in shadows:
            self._shadow = self._prepared(variant, models[variant["ModelName"]])
        containers = self._all()
        with ThreadPoolExecutor(max_workers=len(containers)) as pool:
            list(pool.map(self._start, containers))

    def pick(self, target: str | None, weights: Mapping[str, float]) -> Container | None:
        """Return the container for a request: the target variant, or one drawn by weight."""
        if target is not None:
            return self._containers.get(target)
        names = [name for name in self._containers if weights.get(name, 0) > 0]
        return self._containers[random.choices(names, [weights[name] for name in names])[0]] if names else None

    def retire(self) -> None:
        """Let requests under way finish, then stop; nobody may pick from this fleet any more."""
        for container in self._all():
            container.drain()
        self.stop()

    def stop(self) -> None:
        """Stop all containers at once; returns when all are gone."""
        containers = self._all()
        if containers:
            with ThreadPoolExecutor(max_workers=len(containers)) as pool:
                list(pool.map(Container.stop, containers))

    def _all(self) -> list[Container]:
        return [*self._containers.values(), *([self._shadow] if self._shadow else [])]

    def _prepared(self, variant: Mapping[str, Any], model: Mapping[str, Any]) -> Container:
        name = variant["VariantName"]
        definition = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
        try:
            image = find_image(self._world, definition.get("Image", ""))
            program = load_program(self._world, image)
        except ImageError as error:
            raise StartError(str(error)) from error
        self.images[name] = [image]
        return Container(
            self._world,
            Task(
                endpoint=self._endpoint,
                variant=name,
                region=self._region,
                program=program,
                model_folder=self._model_folder(definition.get("ModelDataUrl")),
                environment=definition.get("Environment") or {},
                startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
                weight=variant.get("InitialVariantWeight", 1.0),
                most_at_once=variant.get("ServerlessConfig", {}).get("MaxConcurrency"),
            ),
        )

    def _start(self, container: Container) -> None:
        try:
            container.start()
        except PingError as error:
            message = (
                f"The primary container for production variant {container.task.variant} did not pass the ping health "
                "check. Please check CloudWatch logs for this endpoint."
            )
            raise StartError(message) from error

    def _model_folder(self, url: str | None) -> Path | None:
        if not url:
            return None
        location = urlsplit(url)
        call = Call(
            service="s3",
            operation="GetObject",
            params={"Bucket": location.netloc, "Key": location.path.lstrip("/")},
            region=self._region,
            account_id=self._world.account_id,
        )
        try:
            archive = self._world.moto.answer(call)["Body"]
            return unpacked([archive], self._world.folder / "models")
        except AwsError as error:
            message = f"Could not download the model data at {url}: {error.message}"
            raise StartError(message) from error
        except UnsafeArchiveError as error:
            message = f"Failed to extract model data archive from URL {url}: {error}"
            raise StartError(message) from error
