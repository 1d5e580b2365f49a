"""Divides a run between processes: one prepares it, shards search, a plain run makes the result."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from logging import getLogger
from pathlib import Path

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import make_folder, refuse_unwritable
from fpbench.progress import Stage
from fpbench.runs.databases import list_databases
from fpbench.runs.empty_indexes import runs_by_length
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.prepared_fits import prepare_fit
from fpbench.runs.searches import fit_generator, prepare_fitting, search_tasks
from fpbench.runs.shards.notes import (
    ShardNote,
    note_path,
    note_run,
    note_settings,
    read_notes,
    refuse_others,
    unfinished,
    write_note,
)
from fpbench.runs.workers.sent_tracks import with_track_workers
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.orders import Workers
from fpbench.search.engines.shards import FolderEngine, Shard
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import search_blocks

logger = getLogger(__name__)


def shard_folder(out: Path) -> Path:
    """Where the shards of a result lie: the folder ``r.shards`` beside ``r.json``."""
    return out.with_name(f"{out.stem}.shards")


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards beside a result, which may be none."""

    folder: Path
    notes: dict[Shard, ShardNote] = field(default_factory=dict)

    @classmethod
    def open(cls, prepared: PreparedRun, out: Path) -> "Shards":
        """The shards of a run; none for one that makes everything again.

        Raises:
            FpbenchError: A shard has other settings than the run.
        """
        folder = shard_folder(out)
        if prepared.store.made is not None:
            return cls(folder)
        notes = read_notes(folder)
        refuse_others(folder, notes, note_settings(prepared))
        return cls(folder, notes)

    def check(
        self, prepared: PreparedRun, inputs: Inputs, generator: FittedGenerator | None
    ) -> None:
        """Refuse shards with other fingerprints or another generator, and name what is missing.

        Raises:
            FpbenchError: There is such a shard.
        """
        if not self.notes:
            return
        ours = note_run(prepared, inputs, generator)
        refuse_others(self.folder, self.notes, ours)
        for shard, note in self.notes.items():
            if note.processor != ours.processor:
                logger.warning(
                    "shard %s was searched on a %s, and this is a %s: last bits of scores may "
                    "differ from those of one machine",
                    shard,
                    note.processor,
                    ours.processor,
                )
        missing = unfinished(self.notes)
        if missing:
            logger.warning(
                "%s lacks shards %s: this run searches what they have left",
                self.folder,
                ", ".join(map(str, missing)),
            )

    @property
    def folders(self) -> list[Store]:
        """The folder, if it has shards."""
        return [Store(self.folder)] if self.notes else []


def refuse_undivided(prepared: PreparedRun) -> None:
    """Refuse to divide a run that has no blocks; name indexes that have none.

    Raises:
        FpbenchError: The run is by a protocol of authors, or all its indexes grow.
    """
    if prepared.config.protocol is not None:
        raise FpbenchError(
            f"--shard and --prepare divide a run, but not one by protocol "
            f"{prepared.config.protocol}",
            hint="run it without them",
        )
    indexes = [named for kind in prepared.indexes.values() for named in kind]
    growing = {named.name for named in indexes if named.index.kind == "growing"}
    if all(named.name in growing for named in indexes):
        raise FpbenchError(
            f"index '{indexes[0].name}' grows with the database, which cannot be divided",
            hint="run it without --shard, or use an index that searches block by block: exact, ivf",
        )
    for name in sorted(growing):
        logger.warning("index %s is left to the run without --shard, because it grows", name)


def prepare_searches(prepared: PreparedRun, stage: Stage, workers: Workers | None = None) -> None:
    """Make all that precedes the search: fingerprints, queries and generators.

    Args:
        prepared: From :func:`fpbench.runs.prepare.prepare`.
        stage: Shows progress.
        workers: Fingerprint tracks; None means this process.

    Raises:
        FpbenchError: As :func:`fpbench.runs.run.run_prepared`.
    """
    prepared = with_track_workers(prepared, workers)
    inputs = prepared.source.build_inputs(prepared.store, stage)
    fit_generator(prepared, inputs, stage)
    for fit in range(2, prepared.config.fits + 1):
        fitting = prepare_fitting(prepare_fit(prepared, fit), inputs, stage)
        if fitting is not None:
            fitting.generator()


def search_shard(
    prepared: PreparedRun, shard: Shard, out: Path, stage: Stage, *, lacking: Sequence[str] = ()
) -> int:
    """Search the blocks of one shard, of a run for which everything else is in the cache.

    If the process is killed, the same call continues where it stopped.

    Args:
        prepared: From :func:`fpbench.runs.prepare.prepare`.
        shard: The part of the blocks.
        out: Path of the result, beside which blocks are kept, see :func:`shard_folder`.
        stage: Shows progress.
        lacking: Stages before the search that a plan has found unfinished.

    Returns:
        Number of its blocks.

    Raises:
        FpbenchError: Something is lacking, such as a fitted generator, a shard in the folder is of
            another run, or the folder cannot be written.
    """
    folder = shard_folder(out)
    refuse_unwritable(note_path(folder, shard), "--out")
    others = {one: note for one, note in read_notes(folder).items() if one != shard}
    refuse_others(folder, others, note_settings(prepared))
    if lacking:
        raise _unprepared(prepared, ", ".join(lacking))
    inputs = prepared.source.build_inputs(prepared.store, stage)
    runs = [prepare_fit(prepared, fit) for fit in range(1, prepared.config.fits + 1)]
    generators = [_read_generator(run, inputs, stage) for run in runs]
    note = note_run(prepared, inputs, generators[0])
    refuse_others(folder, others, note)
    write_note(make_folder(folder), shard, note)
    engines, blocks = (FolderEngine(prepared.store), LocalEngine()), 0
    for of_fit, generator in zip(runs, generators, strict=True):
        for run, of_length in runs_by_length(of_fit, inputs):
            for database in list_databases(run.config, of_length, generator):
                if database.kind in run.indexes:  # a further fit searches its own draws only
                    tasks = search_tasks(run, of_length, database)
                    tasks = [replace(task, store=Store(folder)) for task in tasks]
                    blocks += search_blocks(tasks, stage, engines, shard)
    write_note(folder, shard, replace(note, finished=True))
    return blocks


def _read_generator(prepared: PreparedRun, inputs: Inputs, stage: Stage) -> FittedGenerator | None:
    fitting = prepare_fitting(prepared, inputs, stage)
    if fitting is None:
        return None
    if not fitting.is_fitted():
        raise _unprepared(prepared, f"generator '{fitting.named.name}'")
    return fitting.generator()


def _unprepared(prepared: PreparedRun, what: str) -> FpbenchError:
    """The error of a shard for which something is missing that all shards need."""
    return FpbenchError(
        f"the cache {prepared.store.root} lacks what all shards need: {what}",
        hint="run the same command with --prepare instead of --shard first; and give all shards "
        "this cache or copies of it",
    )
