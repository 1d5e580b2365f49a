"""Processes that use a cache are known while they run, and not after they were killed."""

import subprocess
import sys
from pathlib import Path

from fpbench.cache_users import USERS, first_user_since, use_cache


def test_nothing_remains_of_a_cache_that_was_not_used(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    with use_cache(root):
        assert first_user_since(root) is not None
    assert not root.exists()
    root.mkdir()
    with use_cache(root):
        pass
    assert root.exists()


def test_a_process_that_was_killed_uses_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from fpbench.cache_users import use_cache\n"
        f"with use_cache(pathlib.Path({str(tmp_path)!r})):\n"
        "    print('in', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        assert first_user_since(tmp_path) is not None
        process.kill()
    assert first_user_since(tmp_path) is None
    assert list((tmp_path / USERS).iterdir()) == []
