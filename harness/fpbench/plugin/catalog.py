"""Finds the entries of plugins by kind and name; errors name the plugin."""

import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Any

import pluggy

from fpbench.conversion import close_name
from fpbench.errors import FpbenchError
from fpbench.plugin import hooks
from fpbench.plugin.blame import blame
from fpbench.plugin.builders import DatasetBuilder
from fpbench.plugin.checked import refuse_incomplete
from fpbench.plugin.checkpoints import Checkpoint
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.entries import Entry, Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.plugin.generators import DefaultGenerator, GeneratorMethod
from fpbench.plugin.imports import import_from_source
from fpbench.plugin.indexes import Index
from fpbench.plugin.loading import PREFIX, Source, import_installed, import_source
from fpbench.plugin.meant_names import names_with_path, plugin_names
from fpbench.plugin.process_state import name_part
from fpbench.plugin.reads import Reads, hear_reads
from fpbench.plugin.remembered_reads import PartReads, settings_text
from fpbench.plugin.tasks import Task
from fpbench.plugin.training import Trainable

logger = getLogger(__name__)

KINDS: Mapping[str, str] = {
    "fingerprinter": "fpbench_fingerprinters",
    "generator": "fpbench_generators",
    "index": "fpbench_indexes",
    "dataset": "fpbench_datasets",
    "degradation": "fpbench_degradations",
    "trainable": "fpbench_trainables",
    "task": "fpbench_tasks",
    "builder": "fpbench_builders",
}
"""Kinds of entries, each with its hook."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry and its plugin."""

    kind: str
    entry: Entry[Any]
    source: Source


@dataclass(frozen=True, slots=True)
class Fault:
    """A plugin that cannot be used. The other plugins still work."""

    plugin: str
    error: FpbenchError


class Catalog:
    """Entries of all installed plugins, and of plugins that ``plugin:`` names load."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._sources: dict[str, Source] = {}
        self._offers: dict[tuple[str, str], Offer] = {}
        # What was read for each part, by the part's id; the part is kept, so that no other gets it.
        self._reads: dict[int, tuple[object, Source, PartReads]] = {}
        self.faults: list[Fault] = []

    @classmethod
    def load(cls) -> "Catalog":
        """Load the entries of all installed plugins; broken plugins go to :attr:`faults`."""
        import_from_source()
        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks)
        catalog = cls(manager)
        points = importlib.metadata.entry_points(group=hooks.PROJECT)
        with hear_reads():
            for point in sorted(points, key=lambda point: point.name):
                try:
                    catalog.register(import_installed(point))
                except FpbenchError as err:
                    catalog.faults.append(Fault(point.name, err))
        return catalog

    def offers(self, kind: str) -> list[Offer]:
        """All offers of one kind, sorted by name."""
        offers = (offer for (of_kind, _), offer in self._offers.items() if of_kind == kind)
        return sorted(offers, key=lambda offer: offer.entry.name)

    def offer(self, kind: str, name: str) -> tuple[Offer, str | None]:
        """The offer with a name, and the argument after its colon.

        Args:
            kind: Key of :data:`KINDS`.
            name: ``NAME``, ``NAME:ARGUMENT``, ``plugin:MODULE`` or ``plugin:FILE.py``.

        Raises:
            FpbenchError: No entry has that name, its plugin is broken, or an argument is missing
                or not allowed.
        """
        head, colon, argument = name.partition(":")
        if name.startswith(PREFIX):
            offer = self._offer_from_plugin(kind, argument)
            head, colon, argument = offer.entry.name, "", ""
        elif (kind, head) in self._offers:
            offer = self._offers[kind, head]
        else:
            raise self._unknown_name_error(kind, head, name)
        metavar = offer.entry.argument
        if metavar is not None and not argument:
            raise FpbenchError(f"{kind} '{head}' needs an argument", hint=f"write {head}:{metavar}")
        if metavar is None and colon:
            settings = f", or {head}:KEY=VALUE" if kind == "index" else ""
            raise FpbenchError(
                f"{kind} '{head}' takes no argument, but got '{argument}'",
                hint=f"write {head}{settings}",
            )
        return offer, argument or None

    def fingerprinter(self, name: str, settings: Settings) -> AnyFingerprinter:
        """Load a fingerprinter; warn if it does not compute in the wanted dtype."""
        dtype = self.settings_for("fingerprinter", name, settings).dtype
        if dtype != settings.dtype:
            logger.warning(
                "fingerprinter '%s' computes in %s: dtype %s has no effect on it",
                name,
                dtype,
                settings.dtype,
            )
        fingerprinter: AnyFingerprinter = self._create("fingerprinter", name, settings)
        return fingerprinter

    def generator(self, name: str, settings: Settings) -> GeneratorMethod:
        """Load a generator method."""
        method: GeneratorMethod = self._create("generator", name, settings)
        return method

    def index(self, name: str, settings: Settings) -> Index:
        """Create an empty search index."""
        index: Index = self._create("index", name, settings)
        return index

    def dataset(self, name: str, settings: Settings) -> Dataset:
        """Open a dataset, with the channel of the settings; say how the program divides it."""
        dataset: Dataset = self._create("dataset", name, settings)
        if dataset.division is not None:
            logger.warning("dataset '%s' is divided: %s", name, dataset.division)
        # A dataset may know better where the user does not choose.
        return dataset if settings.channel == "mean" else dataset.with_channel(settings.channel)

    def degradation(self, name: str, settings: Settings) -> Degradation:
        """Load a degradation."""
        degradation: Degradation = self._create("degradation", name, settings)
        return degradation

    def trainable(self, name: str, settings: Settings) -> Trainable:
        """Load the training of a fingerprinter."""
        trainable: Trainable = self._create("trainable", name, settings)
        return trainable

    def task(self, name: str) -> Task:
        """Read a task."""
        task: Task = self._create("task", name, Settings())
        return task

    def builder(self, name: str, settings: Settings) -> DatasetBuilder:
        """Load the builder of a dataset."""
        builder: DatasetBuilder = self._create("builder", name, settings)
        return builder

    def default_generators(self, *, tracks: bool = False) -> list[DefaultGenerator]:
        """Generators that plugins propose for runs that name none, the best first.

        Args:
            tracks: Whether the queries of the run have several fingerprints.
        """
        found: list[DefaultGenerator] = []
        for source in self._sources.values():
            others = [p for p in self._manager.get_plugins() if p is not source.module]
            call = self._manager.subset_hook_caller(
                "fpbench_default_generators", remove_plugins=others
            )
            with blame(source.plugin, "calling fpbench_default_generators"):
                lists: list[Iterable[DefaultGenerator]] = call()
                found += [each for proposed in lists for each in proposed if each.tracks == tracks]
        return sorted(found, key=lambda each: (each.rank, each.name))

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Layouts of the authors' weights, by name of the fingerprinter."""
        layouts: dict[str, Checkpoint] = {}
        for source in self._sources.values():
            others = [p for p in self._manager.get_plugins() if p is not source.module]
            call = self._manager.subset_hook_caller("fpbench_checkpoints", remove_plugins=others)
            with blame(source.plugin, "calling fpbench_checkpoints"):
                lists: list[Iterable[Checkpoint]] = call()
                layouts |= {layout.fingerprinter: layout for each in lists for layout in each}
        return dict(sorted(layouts.items()))

    def settings_for(self, kind: str, name: str, settings: Settings) -> Settings:
        """The settings that an entry gets: those of the user, with a dtype that it computes in.

        Raises:
            FpbenchError: No entry has that name.
        """
        offer, argument = self.offer(kind, name)
        dtypes = offer.entry.dtypes
        dtype = settings.dtype if settings.dtype in dtypes else "float32"
        return replace(settings, argument=argument, dtype=dtype)

    def _create(self, kind: str, name: str, settings: Settings) -> Any:
        offer, _ = self.offer(kind, name)
        # Checked here, because a plugin without weights does not read the file.
        if settings.weights is not None and not settings.weights.is_file():
            raise FpbenchError(
                f"no weights file '{settings.weights}'",
                hint="check the path, or run `fpbench weights --help`",
            )
        for known in (name, name.removeprefix(PREFIX)):
            name_part(known, offer.source.plugin)
        settings = self.settings_for(kind, name, settings)
        reads = PartReads(
            offer.source.module,
            f"{kind} {offer.entry.name}",
            settings_text(settings),
            dict(offer.source.reads),
        )
        with (
            blame(offer.source.plugin, f"creating {kind} '{offer.entry.name}'"),
            reads.record(),
        ):
            part = offer.entry.create(settings)
        refuse_incomplete(part, kind, offer.source.plugin, offer.entry.name)
        offer.source.loaded.update(reads.reads)
        self._reads[id(part)] = (part, offer.source, reads)
        return part

    def reads(self, part: object) -> Reads:
        """What was read while a part of this catalog, and its plugin, were loaded."""
        return self._reads[id(part)][2].reads

    @contextmanager
    def record_first_use(self, part: object) -> Iterator[None]:
        """Add to the reads of a part what it imports and opens when it is first used."""
        _, source, reads = self._reads[id(part)]
        with reads.record():
            yield
        source.loaded.update(reads.reads)

    # ------------------------------------------------------------ registration

    def register(self, source: Source) -> list[Offer]:
        """Register the offers of a plugin: all of them, or none after an error.

        Raises:
            FpbenchError: It breaks a rule of hooks, or offers a name that is taken.
        """
        try:
            self._manager.register(source.module, name=source.plugin)
            self._manager.check_pending()
            _refuse_unmarked(source)
        except FpbenchError:
            self._unregister(source)
            raise
        except pluggy.PluginValidationError as err:
            self._unregister(source)
            raise FpbenchError(
                f"plugin '{source.plugin}' breaks a rule: {err}",
                hint="correct it; fpbench.plugin.hooks has all hooks, which take no arguments",
            ) from err
        try:
            offers = list(self._collect_offers(source))
            self._refuse_clashes(offers)
        except FpbenchError:
            self._unregister(source)
            raise
        self._sources[source.plugin] = source
        self._offers |= {(offer.kind, offer.entry.name): offer for offer in offers}
        return offers

    def _unregister(self, source: Source) -> None:
        if self._manager.has_plugin(source.plugin):
            self._manager.unregister(source.module)

    def _collect_offers(self, source: Source) -> Iterator[Offer]:
        others = [p for p in self._manager.get_plugins() if p is not source.module]
        for kind, hook_name in KINDS.items():
            call = self._manager.subset_hook_caller(hook_name, remove_plugins=others)
            with blame(source.plugin, f"calling {hook_name}"):
                lists: list[Iterable[Any]] = call()
                entries = [entry for each in lists for entry in each]
            for entry in entries:
                if not isinstance(entry, Entry):
                    raise FpbenchError(
                        f"plugin '{source.plugin}' breaks a rule: {hook_name} returned "
                        f"{type(entry).__name__}, not an fpbench.Entry",
                        hint="return a list of Entry(name=..., summary=..., create=...)",
                    )
                yield Offer(kind, entry, source)

    def _refuse_clashes(self, offers: list[Offer]) -> None:
        known = dict(self._offers)
        for offer in offers:
            key = (offer.kind, offer.entry.name)
            if key in known:
                first = known[key].source.plugin
                raise FpbenchError(
                    f"plugins '{first}' and '{offer.source.plugin}' both offer a "
                    f"{offer.kind} called '{offer.entry.name}'",
                    hint="rename one entry, or uninstall one of the plugins",
                )
            known[key] = offer

    # ------------------------------------------------------------ plugin: names

    def plugin_offers(self, name: str, kinds: Collection[str]) -> list[Offer]:
        """All offers of a ``plugin:`` name that are of one of the kinds.

        Raises:
            FpbenchError: It cannot be imported, or offers nothing of these kinds.
        """
        source = self._plugin_source(name.removeprefix(PREFIX))
        offers = [offer for kind in kinds for offer in self.offers(kind) if offer.source is source]
        if not offers:
            raise FpbenchError(
                f"plugin '{name.removeprefix(PREFIX)}' offers no {' or '.join(kinds)}",
                hint="implement a hook of fpbench.plugin.hooks and mark it with @hookimpl",
            )
        return offers

    def _plugin_source(self, target: str) -> Source:
        """The plugin that a name after ``plugin:`` means, registered if it is new."""
        if target in self._sources:
            return self._sources[target]
        source = import_source(target)
        # The module of an installed plugin is a valid name, too.
        installed = [each for each in self._sources.values() if each.module is source.module]
        if installed:
            return installed[0]
        self.register(source)
        return source

    def _offer_from_plugin(self, kind: str, target: str) -> Offer:
        if (kind, target) in self._offers:
            return self._offers[kind, target]
        source = self._plugin_source(target)
        offers = [offer for offer in self.offers(kind) if offer.source is source]
        if len(offers) == 1:
            return offers[0]
        names = [offer.entry.name for offer in offers]
        stem = Path(target).stem.replace("_", "-")
        if stem in names:
            return offers[names.index(stem)]
        if not offers:
            raise FpbenchError(
                f"plugin '{target}' offers no {kind}",
                hint=f"implement the hook {KINDS[kind]} and mark it with @hookimpl",
            )
        raise FpbenchError(
            f"plugin '{target}' offers several {kind}s: {', '.join(names)}",
            hint=f"call one of them '{stem}', or install the plugin and write {PREFIX}NAME",
        )

    def _unknown_name_error(self, kind: str, head: str, name: str) -> FpbenchError:
        broken = [fault for fault in self.faults if fault.plugin.replace("_", "-") == head]
        if broken:
            return broken[0].error
        offers = self.offers(kind)
        names = [offer.entry.name for offer in offers]
        meant = [*plugin_names(name), *names_with_path(name, [one.entry for one in offers])]
        close = close_name(head, names)
        if meant:
            hint = "write " + " or ".join(meant)
        else:
            written = ", ".join(offer.entry.written for offer in offers)
            hint = f"did you mean '{close}'?" if close else f"choose one of: {written}"
        return FpbenchError(f"no {kind} is called '{head}'", hint=hint)


def _refuse_unmarked(source: Source) -> None:
    hook_names = {name for name in vars(hooks) if name.startswith("fpbench_")}
    for name, value in vars(source.module).items():
        looks_like_hook = callable(value) and name.startswith("fpbench_")
        if looks_like_hook and not hasattr(value, "fpbench_impl") and name in hook_names:
            raise FpbenchError(
                f"plugin '{source.plugin}' breaks a rule: {name} is not marked as a hook",
                hint="write @hookimpl above it (from fpbench import hookimpl)",
            )
