"""A run without a named generator has the best one that is affordable, and says why."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fpbench import DefaultGenerator, Entry, GeneratorMethod, GeneratorNeed, Settings, hookimpl
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.loading import Source
from fpbench.runs.choice import AFFORDABLE_S, choose_generator
from fpbench_plugins.gaussian.generator import GaussianGenerator, GaussianMethod


class Slow(GaussianMethod):
    """A Gaussian that claims to take long."""

    seconds = 0.0
    trials = 0

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        Slow.trials += 1
        stand_in = GaussianGenerator(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32),
                                     project=True)  # fmt: skip
        return GeneratorNeed(fit_seconds=Slow.seconds, fit_memory_bytes=0.0, stand_in=stand_in)


@pytest.fixture
def catalog() -> Catalog:
    """All bundled plugins, and one that proposes the generator `slow` before the others."""
    from fpbench_plugins.gaussian.generator import DEFAULTS

    def create(settings: Settings) -> GeneratorMethod:
        return Slow(DEFAULTS)

    @hookimpl
    def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
        return [Entry(name="slow", summary="takes long", create=create)]

    @hookimpl
    def fpbench_default_generators() -> Iterable[DefaultGenerator]:
        return [DefaultGenerator(name="slow", rank=-1, least_rows=50)]

    module = ModuleType("slow_plugin")
    module.__file__ = __file__
    module.fpbench_generators = fpbench_generators  # type: ignore[attr-defined]
    module.fpbench_default_generators = fpbench_default_generators  # type: ignore[attr-defined]
    catalog = Catalog.load()
    catalog.register(Source(plugin="slow", distribution="slow", version="-", module=module))
    return catalog


def test_bundled_plugins_propose_a_flow_and_then_the_gaussian() -> None:
    names = [each.name for each in Catalog.load().default_generators()]
    assert names == ["rectified-flow-turbo", "gaussian"]
    of_tracks = [each.name for each in Catalog.load().default_generators(tracks=True)]
    assert of_tracks == ["rectified-flow-tracks", "gaussian-tracks"]


def test_the_best_is_chosen_if_its_fit_is_affordable(catalog: Catalog, tmp_path: Path) -> None:
    Slow.seconds = AFFORDABLE_S
    choice = choose_generator(catalog, Store(tmp_path), Settings(), rows=60, dim=4)
    assert (choice.name, choice.reason) == ("slow", None)
    assert choice.takes == (
        "fitting slow takes up to 60 min; --generator gaussian is quicker, but gaussian is too "
        "easy for most systems: read its hit rates as an upper bound"
    )


def test_what_is_too_slow_or_has_too_few_rows_is_not_chosen_and_the_reason_is_said(
    catalog: Catalog, tmp_path: Path
) -> None:
    Slow.seconds = 2 * AFFORDABLE_S
    choice = choose_generator(catalog, Store(tmp_path), Settings(), rows=60, dim=4)
    assert choice.name == "gaussian"
    assert choice.reason == (
        "fitting slow takes up to 2.0 h; rectified-flow-turbo needs at least 1000 fingerprints "
        "to fit, and there are 60; gaussian is too easy for most systems: read its hit rates as "
        "an upper bound"
    )


def test_the_choice_stays_the_same_although_trials_differ(catalog: Catalog, tmp_path: Path) -> None:
    store = Store(tmp_path)
    Slow.seconds = 1.0
    first = choose_generator(catalog, store, Settings(), rows=60, dim=4)
    Slow.seconds, trials = 1e6, Slow.trials
    assert choose_generator(catalog, store, Settings(), rows=60, dim=4) == first
    assert Slow.trials == trials
    assert choose_generator(catalog, store, Settings(), rows=70, dim=4).name == "gaussian"
