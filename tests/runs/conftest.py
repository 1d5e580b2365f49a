"""A run that is prepared on the small folder of music, with short queries."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench.audio.query_recipe import NAFP, QueryRecipe, Step
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.progress_display import hide_progress
from fpbench.results.document import Result
from fpbench.runs.config import RunConfig
from fpbench.runs.prepare import PreparedRun, prepare
from fpbench.runs.run import run_prepared


@pytest.fixture
def recipe() -> QueryRecipe:
    """20 queries that begin at a fingerprint and change only in level."""
    return replace(NAFP, n_queries=20, max_offset_s=0.0, degradations=(Step(name="gain"),))


@pytest.fixture
def config(music: Path, recipe: QueryRecipe, small_sketch: str) -> RunConfig:
    return RunConfig(
        fingerprinter=small_sketch,
        dataset=f"folder:{music}",
        distractors="real",
        sizes=(100, 200),
        recipe=recipe,
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A cache for all tests here, so that what they have in common is made once."""
    return Store(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def prepared(config: RunConfig, store: Store) -> Callable[..., PreparedRun]:
    """Prepares the config with some fields changed."""

    def prepare_with(
        *, unchecked: bool = False, fresh: bool = False, store: Store = store, **changes: Any
    ) -> PreparedRun:
        def silent(_title: str) -> AbstractContextManager[Report]:
            return nullcontext(lambda _done, _words: None)

        changed = replace(config, **changes)
        return prepare(changed, Catalog.load(), store, silent, unchecked=unchecked, fresh=fresh)

    return prepare_with


@pytest.fixture
def measure(prepared: Callable[..., PreparedRun], tmp_path: Path) -> Callable[..., Result]:
    """Runs with some fields of the config changed; the result is ``run.json``."""

    def stage(_title: str) -> AbstractContextManager[Report]:
        return nullcontext(lambda _done, _words: None)

    return lambda **changes: run_prepared(
        prepared(**changes), tmp_path / "run.json", "fpbench run", stage
    )


@pytest.fixture
def prepared_vectors(thousand_embeddings: Path, store: Store) -> Callable[..., PreparedRun]:
    """Prepares a run among ready-made fingerprints, by default real distractors only."""

    def prepare_with(**changes: Any) -> PreparedRun:
        fields = {"distractors": "real", "sizes": (100, 300), **changes}
        config = RunConfig(dataset=f"embeddings:{thousand_embeddings}", **fields)
        return prepare(config, Catalog.load(), store, hide_progress)

    return prepare_with
