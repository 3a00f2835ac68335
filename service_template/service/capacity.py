"""How many workers: from the processors and graphics cards this container may use, and from the kind of model."""

from __future__ import annotations

import os
from pathlib import Path

from service.settings import Settings

CGROUP = Path("/sys/fs/cgroup")
NETWORK_SUFFIXES = {".onnx", ".safetensors", ".pt", ".pth"}
"""Neural networks: large in memory, and their libraries spread one prediction over several processors."""

PROCESSORS_PER_NETWORK = 4
MEMORY_PER_MODEL_BYTE = 3
"""Memory that a loaded model takes, in multiples of its files; a guess on the safe side."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def worker_count(settings: Settings) -> int:
    """Return WORKERS if it is set, else the first that applies.

    1. one worker per graphics card;
    2. neural networks (by the suffixes of the model's files): one worker per four processors;
    3. everything else: one worker per processor.

    Never more than fit into half of the memory, never less than one.
    """
    if settings.workers:
        return settings.workers
    if cards := graphics_cards():
        return len(cards)
    files = [path for path in settings.sm_model_dir.rglob("*") if path.is_file()]
    network = any(path.suffix in NETWORK_SUFFIXES for path in files)
    wanted = processors() // PROCESSORS_PER_NETWORK if network else processors()
    needed = MEMORY_PER_MODEL_BYTE * sum(path.stat().st_size for path in files)
    fitting = memory_bytes() // 2 // needed if needed else wanted
    return max(1, min(wanted, fitting))


def processors() -> int:
    """Return the whole processors that the cgroup's quota and the affinity mask leave to this process."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        usable = os.cpu_count() or 1
    quota, period = (_words("cpu.max", "cpu/cpu.cfs_quota_us") + _words("cpu/cpu.cfs_period_us"))[:2] or ("max", "1")
    if quota in ("max", "-1"):
        return usable
    return max(1, min(usable, int(quota) // int(period)))


def memory_bytes() -> int:
    """Return the memory limit of the cgroup, or the machine's memory, in bytes."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = (_words("memory.max", "memory/memory.limit_in_bytes") or ["max"])[0]
    return machine if limit == "max" else min(machine, int(limit))


def graphics_cards() -> list[str]:
    """Return the NVIDIA cards as CUDA_VISIBLE_DEVICES names them, or those that have a device file."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name.strip() not in ("", "-1")]
    return [path.name.removeprefix("nvidia") for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]


def share_machine(slot: int, workers: int) -> None:
    """Give this worker its card, and its share of the processors to the numeric libraries; before they are imported."""
    if cards := graphics_cards():
        os.environ["CUDA_VISIBLE_DEVICES"] = cards[slot % len(cards)]
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(max(1, processors() // workers)))


def _words(*names: str) -> list[str]:
    """Return the words of the first of these cgroup files that exists; version 2 first, then version 1."""
    for name in names:
        try:
            return (CGROUP / name).read_text().split()
        except OSError:
            continue
    return []
