"""Finds what plugins offer, by kind and name, and blames the plugin when something is wrong."""

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from fpbench.errors import FpbenchError
from fpbench.plugin import hooks
from fpbench.plugin.blame import blame
from fpbench.plugin.checked import refuse_incomplete
from fpbench.plugin.checkpoints import Checkpoint
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.entries import Entry, Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.plugin.generators import GeneratorMethod
from fpbench.plugin.indexes import Index
from fpbench.plugin.loading import PREFIX, Source, import_source
from fpbench.plugin.training import Trainable

KINDS: Mapping[str, str] = {
    "fingerprinter": "fpbench_fingerprinters",
    "generator": "fpbench_generators",
    "index": "fpbench_indexes",
    "dataset": "fpbench_datasets",
    "degradation": "fpbench_degradations",
    "trainable": "fpbench_trainables",
}
"""What can be found by name, and the hook that offers it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry and the plugin that makes it."""

    kind: str
    entry: Entry[Any]
    source: Source


@dataclass(frozen=True, slots=True)
class Fault:
    """A plugin that could not be used; the others go on working."""

    plugin: str
    error: FpbenchError


class Catalog:
    """Everything installed plugins offer, and what ``plugin:`` names bring in besides."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._sources: dict[str, Source] = {}
        self._offers: dict[tuple[str, str], Offer] = {}
        self.faults: list[Fault] = []

    @classmethod
    def load(cls) -> "Catalog":
        """Ask every installed plugin; broken ones become :attr:`faults`."""
        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks)
        catalog = cls(manager)
        points = importlib.metadata.entry_points(group=hooks.PROJECT)
        for point in sorted(points, key=lambda point: point.name):
            try:
                catalog._register_installed(point)
            except FpbenchError as err:
                catalog.faults.append(Fault(point.name, err))
        return catalog

    def offers(self, kind: str) -> list[Offer]:
        """All offers of one kind, sorted by name."""
        found = (offer for (of_kind, _), offer in self._offers.items() if of_kind == kind)
        return sorted(found, key=lambda offer: offer.entry.name)

    def offer(self, kind: str, name: str) -> tuple[Offer, str | None]:
        """The offer that a name means, and the argument that followed its colon.

        Args:
            kind: A key of :data:`KINDS`.
            name: ``NAME``, ``NAME:ARGUMENT``, ``plugin:MODULE`` or ``plugin:FILE.py``.

        Raises:
            FpbenchError: Nothing has that name, its plugin is broken, or an argument is missing or
                too many.
        """
        head, colon, argument = name.partition(":")
        if name.startswith(PREFIX):
            offer = self._offer_from_plugin(kind, argument)
            head, colon, argument = offer.entry.name, "", ""
        elif (kind, head) in self._offers:
            offer = self._offers[kind, head]
        else:
            raise self._unknown(kind, head)
        wanted = offer.entry.argument
        if wanted is not None and not argument:
            raise FpbenchError(f"{kind} '{head}' needs an argument", hint=f"write {head}:{wanted}")
        if wanted is None and colon:
            raise FpbenchError(
                f"{kind} '{head}' takes no argument, but got '{argument}'", hint=f"write {head}"
            )
        return offer, argument or None

    def fingerprinter(self, name: str, settings: Settings) -> AnyFingerprinter:
        """Load a fingerprinter."""
        made: AnyFingerprinter = self._create("fingerprinter", name, settings)
        return made

    def generator(self, name: str, settings: Settings) -> GeneratorMethod:
        """Load a way to generate fingerprints."""
        made: GeneratorMethod = self._create("generator", name, settings)
        return made

    def index(self, name: str, settings: Settings) -> Index:
        """Load a search index, empty."""
        made: Index = self._create("index", name, settings)
        return made

    def dataset(self, name: str, settings: Settings) -> Dataset:
        """Open a dataset."""
        made: Dataset = self._create("dataset", name, settings)
        return made

    def degradation(self, name: str, settings: Settings) -> Degradation:
        """Load a degradation."""
        made: Degradation = self._create("degradation", name, settings)
        return made

    def trainable(self, name: str, settings: Settings) -> Trainable:
        """Load a fingerprinter's way to learn."""
        made: Trainable = self._create("trainable", name, settings)
        return made

    def checkpoints(self) -> dict[str, Checkpoint]:
        """By name of the fingerprinter: how its authors' weights are laid out."""
        found: dict[str, Checkpoint] = {}
        for source in self._sources.values():
            others = [p for p in self._manager.get_plugins() if p is not source.module]
            ask = self._manager.subset_hook_caller("fpbench_checkpoints", remove_plugins=others)
            with blame(source.plugin, "answering fpbench_checkpoints"):
                answers: list[Iterable[Checkpoint]] = ask()
                found |= {layout.fingerprinter: layout for answer in answers for layout in answer}
        return dict(sorted(found.items()))

    def _create(self, kind: str, name: str, settings: Settings) -> Any:
        offer, argument = self.offer(kind, name)
        # Here, because a plugin without weights would not look.
        if settings.weights is not None and not settings.weights.is_file():
            raise FpbenchError(
                f"no weights file '{settings.weights}'",
                hint="check the path, or see `fpbench weights --help`",
            )
        with blame(offer.source.plugin, f"creating {kind} '{offer.entry.name}'"):
            made = offer.entry.create(replace(settings, argument=argument))
        refuse_incomplete(made, kind, offer.source.plugin, offer.entry.name)
        return made

    # ------------------------------------------------------------ registering

    def _register_installed(self, point: importlib.metadata.EntryPoint) -> None:
        with blame(point.name, "importing it"):
            module = point.load()
        if not isinstance(module, ModuleType):
            raise FpbenchError(
                f"plugin '{point.name}' is not a module: entry point {point.value}",
                hint="an fpbench entry point names a module with hook implementations",
            )
        dist = point.dist
        self._register(
            Source(
                plugin=point.name,
                distribution=dist.name if dist else "?",
                version=dist.version if dist else "?",
                module=module,
            )
        )

    def _register(self, source: Source) -> list[Offer]:
        """Take in one plugin's offers, all or none."""
        try:
            self._manager.register(source.module, name=source.plugin)
            self._manager.check_pending()
            _refuse_misspelt(source)
        except FpbenchError:
            self._forget(source)
            raise
        except pluggy.PluginValidationError as err:
            self._forget(source)
            raise FpbenchError(
                f"plugin '{source.plugin}' breaks a rule: {err}",
                hint="hook names and their arguments are listed in CONTRIBUTING.md",
            ) from err
        try:
            offers = list(self._ask(source))
            self._refuse_clashes(offers)
        except FpbenchError:
            self._forget(source)
            raise
        self._sources[source.plugin] = source
        self._offers |= {(offer.kind, offer.entry.name): offer for offer in offers}
        return offers

    def _forget(self, source: Source) -> None:
        if self._manager.has_plugin(source.plugin):
            self._manager.unregister(source.module)

    def _ask(self, source: Source) -> Iterator[Offer]:
        others = [p for p in self._manager.get_plugins() if p is not source.module]
        for kind, hook_name in KINDS.items():
            ask = self._manager.subset_hook_caller(hook_name, remove_plugins=others)
            with blame(source.plugin, f"answering {hook_name}"):
                answers: list[Iterable[Any]] = ask()
                entries = [entry for answer in answers for entry in answer]
            for entry in entries:
                if not isinstance(entry, Entry):
                    raise FpbenchError(
                        f"plugin '{source.plugin}' breaks a rule: {hook_name} gave "
                        f"{type(entry).__name__}, not an fpbench.Entry",
                        hint="return a list of Entry(name=..., summary=..., create=...)",
                    )
                yield Offer(kind, entry, source)

    def _refuse_clashes(self, offers: list[Offer]) -> None:
        taken = dict(self._offers)
        for offer in offers:
            key = (offer.kind, offer.entry.name)
            if key in taken:
                first = taken[key].source.plugin
                raise FpbenchError(
                    f"plugins '{first}' and '{offer.source.plugin}' both offer a "
                    f"{offer.kind} called '{offer.entry.name}'",
                    hint="rename one, or uninstall one of the two",
                )
            taken[key] = offer

    # ------------------------------------------------------------ plugin: names

    def _offer_from_plugin(self, kind: str, target: str) -> Offer:
        if (kind, target) in self._offers:
            return self._offers[kind, target]
        source = self._sources.get(target)
        if source is None:
            source = import_source(target)
            # An installed plugin may also be named by its module.
            known = [one for one in self._sources.values() if one.module is source.module]
            if known:
                source = known[0]
            else:
                self._register(source)
        offers = [offer for offer in self.offers(kind) if offer.source.plugin == source.plugin]
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
            hint=f"name one of them '{stem}', or ask for one by {PREFIX}NAME after installing it",
        )

    def _unknown(self, kind: str, name: str) -> FpbenchError:
        names = [offer.entry.name for offer in self.offers(kind)]
        broken = [fault for fault in self.faults if fault.plugin.replace("_", "-") == name]
        if broken:
            return broken[0].error
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names)}"
        return FpbenchError(f"no {kind} is called '{name}'", hint=hint)


def _refuse_misspelt(source: Source) -> None:
    known = {name for name in vars(hooks) if name.startswith("fpbench_")}
    for name, thing in vars(source.module).items():
        looks_like_hook = callable(thing) and name.startswith("fpbench_")
        if looks_like_hook and not hasattr(thing, "fpbench_impl") and name in known:
            raise FpbenchError(
                f"plugin '{source.plugin}' breaks a rule: {name} is not marked as a hook",
                hint="put @hookimpl above it (from fpbench import hookimpl)",
            )
