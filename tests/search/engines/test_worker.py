"""A worker searches with the parts that it was sent, and tells what is wrong in words."""

import errno
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from block_searches import Scan, Slices, unit

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks
from fpbench.search.engines.parts import OpenedParts
from fpbench.search.engines.worker import (
    Failure,
    PartsSearch,
    Worker,
    WorkerNote,
    find_difference,
    find_other_part,
)

ROWS, QUERIES = (unit(n, np.random.default_rng(n)) for n in (300, 10))
NOTE = WorkerNote("1.2", "0123456789", "abacus", "there", 7)


class Parts:
    """Two searches with one index, which counts how often it is trained."""

    def __init__(self, folder: Path) -> None:
        self.identity = {"index 'scan'": "1"}
        self._folder, self.trained = folder, 0

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        index = Scan()

        def train() -> None:
            self.trained += 1

        searches = [
            BlockSearch(index, CandidateStore(store=Store(self._folder), key=key, k=5), "x", train)
            for key in ("a", "b")
        ]
        blocks = [cut_blocks([one], Slices(ROWS), [0, 300])[0] for one in searches]
        return OpenedParts(blocks, self.identity)


def test_a_worker_finds_what_the_local_engine_finds(tmp_path: Path) -> None:
    parts, worker = Parts(tmp_path), Worker()
    assert worker.open(parts, QUERIES, tmp_path / "gone") == parts.identity
    (block, _) = parts.open(None, None).blocks
    (expected,) = LocalEngine().search([replace(block, start=100, stop=200)], QUERIES)
    found = worker.search(100, 200, ["a"])
    assert isinstance(found, list)
    np.testing.assert_array_equal(found[0].ids, expected.candidates.ids)


def test_an_index_is_trained_once_for_all_blocks_and_searches(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    search = PartsSearch(parts.open(None, None))
    for key in ("a", "b", "a"):
        list(search.search(0, 100, [key], QUERIES))
    assert parts.trained == 1


class Broken(Parts):
    """Parts that cannot be made."""

    def __init__(self, err: Exception) -> None:
        super().__init__(Path())
        self._err = err

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        raise self._err


@pytest.mark.parametrize(
    ("err", "here"),
    [
        (FpbenchError("row 7 is not finite", hint="check it"), False),
        (OSError(errno.ENOSPC, "No space left on device"), True),
    ],
)
def test_only_a_fault_of_the_machine_is_one_of_here(
    tmp_path: Path, err: Exception, here: bool
) -> None:
    failure = Worker().open(Broken(err), QUERIES, tmp_path / "gone")
    assert isinstance(failure, Failure)
    assert failure.here == here
    assert pickle.loads(pickle.dumps(failure)).error().message in str(err)


def test_a_disk_that_is_full_is_known_by_the_cause_of_an_error() -> None:
    err = FpbenchError("cannot write x", hint="free it")
    err.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert Failure.of(err) == Failure("cannot write x", "free it", here=True)


def test_a_worker_says_what_it_is() -> None:
    assert find_difference(Worker().describe(), WorkerNote.of_this_process()) is None
    assert str(NOTE) == "the worker on there, process 7,"


@pytest.mark.parametrize("change", [{"version": "1.1"}, {"code": "9876543210"}])
def test_another_fpbench_is_named(change: dict[str, str]) -> None:
    other = replace(NOTE, **change)
    assert find_difference(other, NOTE) == (
        f"has fpbench {other.version} with code {other.code[:8]}, and this is 1.2 with code "
        "01234567"
    )


def test_another_part_is_named() -> None:
    ours = {"index 'a'": "1", "source": "2"}
    assert find_other_part(ours, ours) is None
    assert find_other_part({**ours, "source": "3"}, ours) == (
        "has another source: its weights, options or code differ"
    )
