"""Layers and other blobs of Docker images: how they are made from files, and pushed through ECR's own calls."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PART_BYTES = 20_971_520
"""ECR takes layers in parts of at most 20 MiB (API reference, UploadLayerPart)."""
READ_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A blob by its SHA-256 digest (`sha256:…`) and its size in bytes."""

    digest: str
    size: int

    @classmethod
    def of(cls, file: IO[bytes]) -> Blob:
        """Return what a whole file is as a blob; the file is then at its end."""
        digest, size = hashlib.sha256(), 0
        for part in _parts(file, READ_BYTES):
            digest.update(part)
            size += len(part)
        return cls(digest=f"sha256:{digest.hexdigest()}", size=size)

    def descriptor(self, media_type: str) -> dict[str, Any]:
        """Return the entry for a manifest."""
        return {"mediaType": media_type, "size": self.size, "digest": self.digest}


def push_blob(ecr: Any, repository: str, blob: Blob, file: IO[bytes]) -> None:
    """Upload a blob, unless the repository has it.

    Arguments:
        file: holds the blob, and nothing else.
    """
    known = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[blob.digest])
    if any(layer.get("layerAvailability") == "AVAILABLE" for layer in known.get("layers", [])):
        return
    upload, first = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"], 0
    for part in _parts(file, PART_BYTES):
        last = first + len(part) - 1
        ecr.upload_layer_part(
            repositoryName=repository, uploadId=upload, partFirstByte=first, partLastByte=last, layerPartBlob=part
        )
        first = last + 1
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[blob.digest])


def folder_layer(folder: Path, paths: Iterable[Path], place: str, file: IO[bytes]) -> tuple[Blob, str]:
    """Write files below a folder as a layer: the same bytes for the same contents.

    Arguments:
        paths: the files, in a fixed order.
        place: where the folder lies in the image, such as `opt/ml/model`.
        file: what to write to.

    Returns: the layer, and the digest of the uncompressed tar (`diff_id` of Image Specification v1.2).
    """
    with TemporaryFile() as plain:
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in paths:
                entry = tarfile.TarInfo(f"{place}/{path.relative_to(folder).as_posix()}")
                entry.size, entry.mode = path.stat().st_size, 0o644
                with path.open("rb") as content:
                    tar.addfile(entry, content)
        diff_id = Blob.of(plain).digest
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
            for part in _parts(plain, READ_BYTES):
                packed.write(part)
    return Blob.of(file), diff_id


def _parts(file: IO[bytes], size: int) -> Iterator[bytes]:
    file.seek(0)
    while part := file.read(size):
        yield part
