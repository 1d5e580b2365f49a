"""Which engines find the blocks of a run: a choice of machines, which changes no byte."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.plugin.devices import gpu_environments
from fpbench.runs.config import RunConfig
from fpbench.runs.costs.worker_costs import Note
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.workers.sent_searches import send_search
from fpbench.search.engines.engine import Engine
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.orders import Workers
from fpbench.search.engines.processes import ProcessWorkers
from fpbench.search.engines.ray_cluster import open_cluster
from fpbench.search.engines.ray_workers import RayWorkers
from fpbench.search.engines.sent_blocks import WorkersEngine
from fpbench.search.engines.shards import FolderEngine
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import Database

EngineName = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the user says of engines.

    Args:
        engine: ``local`` or ``ray``.
        address: Address of the Ray cluster, see
            :func:`fpbench.search.engines.ray_cluster.open_cluster`.
        workers: Number of workers, see :func:`fpbench.search.engines.ray_cluster.plan_places`.

    Raises:
        ValueError: The number is below 1.
    """

    engine: EngineName = "local"
    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers={self.workers} is not positive")

    def refuse_unused(self, protocol: str | None = None) -> None:
        """Refuse what has no effect.

        Args:
            protocol: Protocol of the run, which is not divided; None if it has none.

        Raises:
            FpbenchError: There is such an argument.
        """
        for name, value in (("address", self.address), ("workers", self.workers)):
            if self.engine == "local" and value is not None:
                raise FpbenchError(
                    f"--{name} has no effect without --engine ray",
                    hint="add it, or leave the other out",
                )
        if self.engine == "ray" and protocol is not None:
            raise FpbenchError(
                f"--engine ray has no effect with protocol {protocol}, which is not divided",
                hint="leave it out",
            )


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Engines of a run.

    Args:
        workers: Fingerprint and search; None means this process.
        folders: Folders of shards, which are asked first.
    """

    workers: Workers | None = None
    folders: Sequence[Store] = ()

    def engines(
        self,
        prepared: PreparedRun,
        inputs: Inputs,
        database: Database,
        generator: FittedGenerator | None,
        note_costs: Note,
    ) -> list[Engine]:
        """Engines for one database; each is asked for what those before it have left.

        Args:
            prepared: The run.
            inputs: Its inputs.
            database: The database.
            generator: Of synthetic distractors.
            note_costs: Takes what workers have taken.
        """
        engines: list[Engine] = [FolderEngine(folder) for folder in self.folders]
        if self.workers is not None:
            sent = send_search(prepared, inputs, database, generator)
            engines.append(WorkersEngine(self.workers, sent, note_costs))
        return [*engines, LocalEngine()]


LOCAL = EngineChoice()
"""This process alone."""


@contextmanager
def open_workers(settings: EngineSettings, device: str) -> Iterator[Workers | None]:
    """Join the cluster that is to be used, or find the GPUs; leave it after the block.

    Args:
        settings: What the user says.
        device: Device of the run; with ``cuda``, every worker has a GPU.

    Yields:
        The workers; None means this process alone.

    Raises:
        FpbenchError: As :func:`fpbench.search.engines.ray_cluster.open_cluster`.
    """
    on_gpus = device != "cpu"
    if settings.engine == "local":
        gpus = gpu_environments() if on_gpus else []
        yield ProcessWorkers(gpus) if len(gpus) > 1 else None
        return
    with open_cluster(settings.address, settings.workers, on_gpus=on_gpus) as cluster:
        yield RayWorkers(cluster)


@contextmanager
def open_engine(settings: EngineSettings, config: RunConfig) -> Iterator[EngineChoice]:
    """Open the workers of a run, see :func:`open_workers`.

    Raises:
        FpbenchError: As :meth:`EngineSettings.refuse_unused` and :func:`open_workers`.
    """
    settings.refuse_unused(config.protocol)
    with open_workers(settings, config.device) as workers:
        yield LOCAL if workers is None else EngineChoice(workers)
