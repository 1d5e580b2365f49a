"""One process at a time writes a file; a process that is killed locks nothing."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.locks import hold_lock

BUSY = FpbenchError("another process is here", hint="wait for it")


def test_a_second_one_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with (
        hold_lock(path, BUSY),
        pytest.raises(FpbenchError, match="another process is here"),
        hold_lock(path, BUSY),
    ):
        pytest.fail("two at once")
    with hold_lock(path, BUSY):
        assert path.exists()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_lock(tmp_path / "x.lock", BUSY):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_a_file_but_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = "import fcntl, os, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); os.abort()"
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.exists()
    with hold_lock(path, BUSY):
        pass


def test_the_lock_is_one_that_other_processes_see(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FpbenchError), hold_lock(path, BUSY):
            pytest.fail("two at once")


def test_an_error_names_a_folder_that_is_missing(tmp_path: Path) -> None:
    with (
        pytest.raises(FpbenchError, match=r"cannot write .*x\.lock"),
        hold_lock(tmp_path / "none" / "x.lock", BUSY),
    ):
        pytest.fail("no folder")
