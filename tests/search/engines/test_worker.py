"""A worker opens work that it was sent, and tells what is wrong in words."""

import errno
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.search.engines.orders import OpenedWork, UnseenFilesError
from fpbench.search.engines.worker import (
    Failure,
    Worker,
    WorkerNote,
    find_difference,
    find_other_part,
)

CODE = "fpbench.search.tasks"
NOTE = WorkerNote("1.2", "0123456789", "abacus", "there", 7)


class Broken:
    """Work that cannot be opened."""

    code_of = CODE
    identity: Mapping[str, str] = {}

    def __init__(self, err: Exception) -> None:
        self._err = err

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
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
    failure = Worker().open(Broken(err), tmp_path / "gone")
    assert isinstance(failure, Failure)
    assert failure.here == here
    assert pickle.loads(pickle.dumps(failure)).error().message in str(err)


def test_files_that_are_not_seen_are_no_fault_of_the_disk() -> None:
    err = UnseenFilesError("no 'a.wav'", hint="mount it")
    assert Failure.of(err) == Failure("no 'a.wav'", "mount it", here=True, unseen=True)


def test_an_order_before_the_work_is_a_bug() -> None:
    with pytest.raises(ValueError, match="before it got its parts"):
        Worker().carry_out(1)


def test_a_disk_that_is_full_is_known_by_the_cause_of_an_error() -> None:
    err = FpbenchError("cannot write x", hint="free it")
    err.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert Failure.of(err) == Failure("cannot write x", "free it", here=True)


def test_a_worker_says_what_it_is() -> None:
    assert find_difference(Worker().describe(CODE), WorkerNote.of_this_process(CODE)) is None
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
