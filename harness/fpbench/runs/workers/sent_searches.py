"""The parts of a search, as they are sent to workers and made again there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fpbench.cache import Store
from fpbench.generators.files import load_generator
from fpbench.hashing import content_key
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.devices import resolve_dtype
from fpbench.plugin.entries import Settings
from fpbench.progress_display import hide_progress
from fpbench.results.fields import DistractorKind
from fpbench.results.systems import GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.costs.worker_costs import WorkerMeter
from fpbench.runs.databases import list_databases
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.loaded_indexes import index_options, load_index
from fpbench.runs.named_generator import Choice, load_named_generator
from fpbench.runs.prepare import PreparedRun
from fpbench.search.engines.parts import OpenedParts, SentFile
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.sequences import Rows, Runs
from fpbench.search.tasks import Database, SearchTask, list_blocks


@dataclass(frozen=True, slots=True)
class SentGenerator:
    """A fitted generator: its file and its description."""

    file: SentFile
    info: GeneratorInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSearch:
    """Implements :class:`fpbench.search.engines.parts.SearchParts` for one database of a run.

    Args:
        config: Settings of the run, or of one of its fits.
        kind: Kind of distractors of the database.
        inputs: Queries, reference and real distractors, all of them in memory.
        generator: None for real distractors.
        cache: Cache of the sender.
        identity: Hashes of the indexes and of the distractors.
    """

    config: RunConfig
    kind: DistractorKind
    inputs: Inputs
    generator: SentGenerator | None
    cache: Path
    identity: Mapping[str, str]

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        config, device = self.config, device or self.config.device
        resolve_dtype(config.dtype, device)  # refuses a machine without the device
        store = store or Store.open(self.cache if self.cache.is_dir() else None)
        catalog = Catalog.load()
        settings = Settings(
            device=device,
            dtype=config.dtype,
            seed=config.seed,
            cache_dir=store.root,
            channel=config.channel,
        )
        generator = self._open_generator(config, catalog, settings, store)
        # Only one of both kinds is here.
        alone = config if config.distractors == "none" else replace(config, distractors=self.kind)
        (database,) = list_databases(alone, self.inputs, generator)
        indexes = [
            load_index(name, index_options(config, name), catalog, settings)
            for name in config.indexes
        ]
        tasks = [
            SearchTask(
                named=named,
                inputs=self.inputs,
                database=database,
                store=store,
                device=self.config.device,
            )
            for named in indexes
        ]
        meter = WorkerMeter()
        blocks = list_blocks(meter.watch_searches(tasks), hide_progress)
        return OpenedParts(
            blocks, identify_parts(database, indexes), meter.take, meter.time_indexes
        )

    def _open_generator(
        self, config: RunConfig, catalog: Catalog, settings: Settings, store: Store
    ) -> FittedGenerator | None:
        if self.generator is None:
            return None
        path, info = self.generator.file.place(store, "generators"), self.generator.info
        given = config.generator_weights is not None
        named = load_named_generator(
            Choice(info.name),
            replace(config, generator_weights=path if given else None),
            catalog,
            settings,
        )
        # The file of a fit of this run holds the settings of the fit.
        fitted = named.generator or load_generator(
            path, catalog, replace(named.settings, options={}), named.name
        )
        key = content_key(by=named.identity, weights=self.generator.file.sha256)
        return FittedGenerator(fitted, info, key, path)


def send_search(
    prepared: PreparedRun, inputs: Inputs, database: Database, generator: FittedGenerator | None
) -> SentSearch:
    """The parts of the search of one database.

    Raises:
        FpbenchError: The file of the generator cannot be read.
    """
    inputs = replace(inputs, shorter=())
    if database.kind == "real":
        generator = None
    else:  # what is not searched need not travel
        inputs = replace(
            inputs,
            real=inputs.real[:0],
            real_tracks=inputs.real_tracks[:0],
            real_groups=None,
            real_rows=None,
        )
    inputs = replace(inputs, reference=_in_memory(inputs.reference), real=_in_memory(inputs.real))
    sent = None
    if generator is not None:
        sent = SentGenerator(SentFile.read(generator.path), generator.info)
    return SentSearch(
        config=prepared.config,
        kind=database.kind,
        inputs=inputs,
        generator=sent,
        cache=prepared.store.root.absolute(),
        identity=identify_parts(database, prepared.indexes[database.kind]),
    )


def _in_memory(rows: Rows) -> Rows:
    """Rows of a memory map, whose file may not be where they are sent."""
    return rows if isinstance(rows, Runs) else np.asarray(rows)


def identify_parts(database: Database, indexes: Sequence[NamedIndex]) -> dict[str, str]:
    """What decides the candidates of a database, beside queries and reference."""
    of_indexes = {f"index '{one.name}'": one.code for one in indexes}
    return {f"source of {database.kind} distractors": database.key, **of_indexes}
