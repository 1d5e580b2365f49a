"""Starts workers on the machines of a Ray cluster."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fpbench.errors import FpbenchError
from fpbench.machine import usable_cores
from fpbench.search.engines.worker import Worker


class Place(NamedTuple):
    """Where a worker runs.

    Args:
        node: Ray's name of the machine.
        machine: Name of the machine.
        cores: Cores of the worker.
        gpus: GPUs of the worker, 0 or 1.
        number: Distinguishes workers of one machine.
    """

    node: str
    machine: str
    cores: int
    gpus: int
    number: int


def plan_places(
    nodes: Sequence[Mapping[str, Any]], workers: int | None, *, on_gpus: bool
) -> list[Place]:
    """Divide workers among machines, in proportion to their cores or GPUs.

    Args:
        nodes: Machines as Ray lists them.
        workers: Number of workers; None means one per machine with all of its cores, or one per
            GPU.
        on_gpus: Whether each worker has a GPU.

    Raises:
        FpbenchError: There are fewer cores or GPUs than workers, or none.
    """
    kind = "GPU" if on_gpus else "CPU"
    free = {node["NodeID"]: int(node["Resources"].get(kind, 0)) for node in nodes if node["Alive"]}
    free = {node: units for node, units in sorted(free.items()) if units > 0}
    wanted = workers or (sum(free.values()) if on_gpus else len(free)) or 1
    if wanted > sum(free.values()):
        unit = "GPUs" if on_gpus else "cores"
        raise FpbenchError(
            f"the Ray cluster has {sum(free.values())} {unit}, too few for {wanted} workers",
            hint="choose fewer --workers, or add machines with `ray start`",
        )
    counts = dict.fromkeys(free, 0)
    for _ in range(wanted):
        # First each machine has one; then one more goes where each has the most afterwards.
        counts[
            max(free, key=lambda node: (not counts[node], free[node] // (counts[node] + 1)))
        ] += 1
    places = []
    for node in (node for node in nodes if counts.get(node["NodeID"])):
        count = counts[node["NodeID"]]
        cores = int(node["Resources"].get("CPU", 0)) // count
        places += [
            Place(node["NodeID"], node["NodeManagerHostname"], cores, int(on_gpus), number)
            for number in range(count)
        ]
    return places


@dataclass(slots=True)
class RayCluster:
    """Workers of a Ray cluster, which are started when they are needed first.

    Args:
        places: Where workers run.
    """

    places: list[Place]
    _actors: dict[Place, Any] = field(default_factory=dict)

    def worker(self, place: Place) -> Any:
        """The worker at a place, which may be starting still."""
        if place not in self._actors:
            import ray
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            # Another machine may take the place of one that has gone.
            strategy = NodeAffinitySchedulingStrategy(place.node, soft=True)
            actor = ray.remote(Worker).options(
                num_cpus=place.cores, num_gpus=place.gpus, scheduling_strategy=strategy
            )
            self._actors[place] = actor.remote()
        return self._actors[place]

    def stop(self, place: Place) -> None:
        """End the worker at a place, whatever it does."""
        actor = self._actors.pop(place, None)
        if actor is not None:
            import ray

            ray.kill(actor)

    def give_up(self, place: Place) -> None:
        """End the worker at a place, and use the place no more."""
        self.stop(place)
        self.places.remove(place)

    def close(self) -> None:
        """End all workers."""
        for place in list(self._actors):
            self.stop(place)


@contextmanager
def open_cluster(
    address: str | None, workers: int | None, *, on_gpus: bool
) -> Iterator[RayCluster]:
    """Join a Ray cluster, or start one on this machine; leave it after the block.

    A cluster that this process has joined before is used, and not left.

    Args:
        address: ``auto``, or ``HOST:PORT``; None means ``RAY_ADDRESS`` if it is set, else this
            machine alone.
        workers: As for :func:`plan_places`.
        on_gpus: As for :func:`plan_places`.

    Raises:
        FpbenchError: Ray is not installed, there is no such cluster, or it is too small.
    """
    try:
        import ray
    except ImportError as err:
        raise FpbenchError(
            f"Ray is not installed: {err}", hint="pip install 'fpbench-audio[ray]'"
        ) from err
    joined = ray.is_initialized()
    if not joined:
        _join(address)
    try:
        cluster = RayCluster(plan_places(ray.nodes(), workers, on_gpus=on_gpus))
        try:
            yield cluster
        finally:
            cluster.close()
    finally:
        if not joined:
            ray.shutdown()


def _join(address: str | None) -> None:
    import ray

    # Before anything is started: whether to tell Ray's authors is left to the user.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    alone = address is None and not os.environ.get("RAY_ADDRESS")
    local: dict[str, Any] = (
        {"num_cpus": usable_cores(), "include_dashboard": False} if alone else {}
    )
    try:
        # With no address at all, Ray would join what somebody else has started here.
        ray.init("local" if alone else address, log_to_driver=False, logging_level="ERROR", **local)
    except (ConnectionError, ValueError, RuntimeError, OSError) as err:
        where = f"at '{address or os.environ.get('RAY_ADDRESS')}'" if not alone else "here"
        raise FpbenchError(
            f"there is no Ray cluster {where}: {' '.join(str(err).split())}",
            hint="start one with `ray start --head`, or leave out --address",
        ) from err
