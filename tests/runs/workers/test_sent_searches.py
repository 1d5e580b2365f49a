"""The parts of a search can be sent, and are made again with the same keys."""

import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.databases import list_databases
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import fit_generator, search_tasks
from fpbench.runs.workers.sent_searches import SentSearch, send_search
from fpbench.search.engines.engine import Block
from fpbench.search.engines.parts import OpenedParts
from fpbench.search.tasks import list_blocks


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def send(run: PreparedRun) -> tuple[SentSearch, list[Block]]:
    """What is sent of the last database of a run, pickled and back; and its own blocks."""
    inputs = run.source.build_inputs(run.store, stage)
    generator, _ = fit_generator(run, inputs, stage)
    database = list_databases(run.config, inputs, generator)[-1]
    sent = pickle.loads(pickle.dumps(send_search(run, inputs, database, generator)))
    return sent, list_blocks(search_tasks(run, inputs, database), stage)


def rows_of(blocks: list[Block]) -> dict[str, np.ndarray]:
    """The first rows of the source of each search, by its key."""
    return {
        one.candidates.key: np.concatenate(list(block.source.rows(0, 50)))
        for block in blocks
        for one in block.searches
    }


def assert_same(opened: OpenedParts, sent: SentSearch, blocks: list[Block]) -> None:
    assert opened.identity == sent.identity
    made, own = rows_of(list(opened.blocks)), rows_of(blocks)
    assert made.keys() == own.keys()
    for key, rows in own.items():
        np.testing.assert_array_equal(made[key], rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="real"),
        pytest.param({"distractors": "none", "sizes": ()}, id="none"),
        pytest.param({"distractors": "both", "generator": "gaussian"}, id="synthetic"),
    ],
)
def test_parts_are_made_again_with_the_same_keys(
    prepared: Callable[..., PreparedRun], tmp_path: Path, changes: dict[str, Any]
) -> None:
    sent, blocks = send(prepared(**changes))
    assert_same(sent.open(Store(tmp_path), None), sent, blocks)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_generator_goes_with_the_parts(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    run = prepared(distractors="synthetic", generator="gaussian")
    sent, blocks = send(run)
    assert sent.generator is not None
    sent.generator.file.path.rename(tmp_path / "away")
    try:
        assert_same(sent.open(Store(tmp_path / "cache"), None), sent, blocks)
        assert len(list((tmp_path / "cache").rglob("*.safetensors"))) == 1
    finally:
        (tmp_path / "away").rename(sent.generator.file.path)
