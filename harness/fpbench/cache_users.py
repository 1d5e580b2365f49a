"""Which processes use a cache, so that nothing is removed under their hands."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.files import make_folder
from fpbench.locks import hold_lock, is_locked

USERS = "users"
"""Folder of the cache with a locked file for each process that uses it."""


@contextmanager
def use_cache(root: Path) -> Iterator[None]:
    """Let others know that this process uses a cache, until the block or the process ends.

    Nothing remains of a cache that did not exist, if the block puts nothing into it.

    Args:
        root: Folder of the cache.

    Raises:
        FpbenchError: The cache cannot be written.
    """
    is_new = not root.exists()
    path = make_folder(root / USERS) / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
    busy = FpbenchError(f"{path} is locked", hint="run the same command again")  # it is new
    try:
        with hold_lock(path, busy):
            yield
    finally:
        if is_new:
            with suppress(OSError):  # it holds something by now
                (root / USERS).rmdir()
                root.rmdir()


def first_user_since(root: Path) -> float | None:
    """When the first of the processes that use a cache now began to; None if there are none.

    Returns:
        Seconds since 1970, by the clock of the disk.
    """
    since = [
        path.stat().st_mtime
        for path in (root / USERS).glob("*.lock")
        if is_locked(path) and path.exists()
    ]
    return min(since, default=None)
