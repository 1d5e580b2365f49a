"""Processes, such as one for each GPU, find the bytes of one process."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from block_searches import unit

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import search_missing
from fpbench.search.engines.parts import OpenedParts
from fpbench.search.engines.processes import ProcessWorkers
from fpbench.search.engines.sent_blocks import WorkersEngine

pytest.importorskip("resource")
from sent_parts import Mortal, SentRows

pytestmark = pytest.mark.slow

EDGES = [0, 100, 200, 450, 900, 1000, 1100, 1150]
ROWS, QUERIES = (unit(n, np.random.default_rng(n)) for n in (EDGES[-1], 10))
TWO = ({"DEVICE": "0"}, {"DEVICE": "1"})


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}


@dataclass(frozen=True)
class OnDevices(SentRows):
    """Notes which process has which device, and prints."""

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        print("what a plugin prints is no answer")
        self.folder.with_name(f"device {os.environ['DEVICE']}").write_text(f"{os.getpid()}")
        return super().open(store, device)


def test_two_devices_find_the_same_as_one_process(tmp_path: Path) -> None:
    alone, parts = SentRows(ROWS, tmp_path / "alone"), OnDevices(ROWS, tmp_path / "found")
    list(search_missing(alone.blocks(EDGES), QUERIES, [LocalEngine()]))
    list(search_missing(parts.blocks(EDGES), QUERIES, [WorkersEngine(ProcessWorkers(TWO), parts)]))
    assert files(parts.folder) == files(alone.folder)
    processes = {path.read_text() for path in tmp_path.glob("device *")}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (Mortal(ROWS, Path("found"), blocks_in_life=0), "a process of this run has died with"),
        (SentRows(ROWS, Path("found"), made={"index 'scan'": "2"}), "has another index 'scan'"),
    ],
)
def test_a_process_that_dies_or_differs_is_one_clear_error(parts: SentRows, named: str) -> None:
    with pytest.raises(FpbenchError, match=named):
        list(WorkersEngine(ProcessWorkers(TWO[:1]), parts).search(parts.blocks(EDGES), QUERIES))


@dataclass(frozen=True)
class Faulty(SentRows):
    """Parts with a bug, or with an error that the user can fix."""

    fixable: bool = False

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        if self.fixable:
            raise FpbenchError("row 7 is not finite", hint="check it")
        raise ZeroDivisionError("of a plugin")


@pytest.mark.parametrize(
    ("fixable", "kind", "named"),
    [(True, FpbenchError, "row 7 is not finite"), (False, RuntimeError, "ZeroDivisionError: of a")],
)
def test_errors_are_raised_here(fixable: bool, kind: type[Exception], named: str) -> None:
    parts = Faulty(ROWS, Path("found"), fixable=fixable)
    with pytest.raises(kind, match=named):
        list(WorkersEngine(ProcessWorkers(TWO[:1]), parts).search(parts.blocks(EDGES), QUERIES))


def test_nothing_missing_starts_no_process(tmp_path: Path) -> None:
    environments: list[Mapping[str, str]] = [{"PATH": "nowhere"}]
    engine = WorkersEngine(ProcessWorkers(environments), SentRows(ROWS, tmp_path))
    assert list(engine.search([], QUERIES)) == []
