"""The generator of a run, found and loaded, and refused if it belongs to another system."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from logging import getLogger
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.generators.files import load_generator
from fpbench.generators.provenance import Provenance, read_provenance, refuse_other_system
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import (
    FingerprintGenerator,
    GeneratorMethod,
    TrackGenerator,
    TrackMethod,
)
from fpbench.plugin.reads import Reads
from fpbench.plugin.source import identity
from fpbench.plugin.systems import SystemIdentity
from fpbench.runs.config import RunConfig

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """The generator of a run.

    Args:
        name: Its name.
        takes: What its fit takes, in words; empty if the user chose it.
        reason: Why it is not the best one, with what it does to the numbers; None if it is, or if
            the user chose it.
    """

    name: str
    takes: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGenerator:
    """A generator method, with the names that errors, results and cache keys use.

    Args:
        offer: The plugin's entry.
        settings: Settings that the method was created with.
        method: Fits generators.
        reads: What was read while the method was created.
        generator: The fitted generator that the config names; None if this run fits one.
        provenance: What that generator was fitted to; None if unknown.
        foreign: Whether it was fitted to another system than the run's.
        reason: Why the run did not choose a better generator, see
            :class:`fpbench.results.systems.GeneratorInfo`.
    """

    offer: Offer
    settings: Settings
    method: GeneratorMethod
    reads: Reads
    generator: FingerprintGenerator | None = None
    provenance: Provenance | None = None
    foreign: bool = False
    reason: str | None = None

    @property
    def name(self) -> str:
        return self.offer.entry.name

    @property
    def draws_tracks(self) -> bool:
        """Whether it can be compared with queries of several fingerprints."""
        if self.generator is not None:
            return isinstance(self.generator, TrackGenerator)
        return isinstance(self.method, TrackMethod)

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that decides the bytes of a fit and of a draw, except the fingerprints."""
        return identity(self.name, self.offer.source.module, self.settings, self.reads)


def load_named_generator(
    choice: Choice, config: RunConfig, catalog: Catalog, settings: Settings
) -> NamedGenerator:
    """The fitted generator that the config names, or the method that fits one.

    Args:
        choice: Name of the generator, and why the run chose it.

    Raises:
        FpbenchError: It does not exist, cannot be loaded, or would learn from a file that may have
            been fitted to the tracks that judge it.
    """
    offer, _ = catalog.offer("generator", choice.name)
    settings = replace(settings, options=config.generator_options)
    settings = catalog.settings_for("generator", choice.name, settings)
    method = catalog.generator(choice.name, settings)
    named = NamedGenerator(
        offer=offer,
        settings=settings,
        method=method,
        reads=catalog.reads(method),
        reason=choice.reason,
    )
    if config.generator_weights is not None:
        return replace(
            named,
            generator=load_generator(config.generator_weights, catalog, settings, choice.name),
            provenance=read_provenance(config.generator_weights),
        )
    for file in method.learns_from:
        raise FpbenchError(
            f"generator '{choice.name}' also learns from {file}, which may have been fitted "
            "to the tracks that judge it",
            hint="fit it to other tracks with `fpbench fit`, then give --generator-weights",
        )
    return named


def refuse_foreign(
    named: NamedGenerator, config: RunConfig, system: SystemIdentity | None
) -> NamedGenerator:
    """Refuse a fitted generator of another system, unless the config allows it.

    A generator that does not say what it was fitted to is accepted with a warning, because fidelity
    judges it.

    Args:
        system: The run's fingerprinter; None for ready-made fingerprints.

    Returns:
        The generator, with ``foreign`` set.

    Raises:
        FpbenchError: It was fitted to another system.
    """
    path = config.generator_weights
    if path is None:
        return named
    if named.provenance is None or named.provenance.system is None or system is None:
        side = "the dataset" if system is None else f"'{path}'"
        logger.warning(
            "%s does not name a fingerprinter, so nothing shows that generator '%s' fits this run; "
            "see the fidelity in the result",
            side,
            path,
        )
    foreign = refuse_other_system(
        f"generator '{path}'",
        named.provenance,
        system,
        allow=config.foreign_generator,
        hint="leave out --generator-weights, so that a generator is fitted; for a study of wrong "
        "generators, add --foreign-generator",
    )
    if foreign:
        logger.warning("generator '%s' was fitted to another system; the result says so", path)
    return replace(named, foreign=foreign)
