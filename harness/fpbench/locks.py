"""Locks between processes that write one file."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.files import translate_write_errors

logger = getLogger(__name__)


@contextmanager
def hold_lock(path: Path, busy: FpbenchError) -> Iterator[None]:
    """Lock other processes and threads out until the block or this process ends.

    Args:
        path: Path of the lock, a file of its own in an existing folder. A process that is killed
            leaves the file, but no lock.
        busy: The error to raise if another process holds the lock.

    Raises:
        FpbenchError: Another process holds the lock, or the folder cannot be written.
    """
    # Imported here, because the import is slow and most commands lock nothing.
    from filelock import FileLock, Timeout

    with translate_write_errors(path):
        path.touch()  # fails if the folder is missing; filelock would create it
    # No soft lock: it is only the existence of a file, which remains after a process is killed.
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as err:
        raise busy from err
    except OSError as err:  # a network disk without locks
        logger.info("%s cannot be locked: %s", path, err.strerror)
    try:
        yield
    finally:
        # Removed before the release: filelock does not lock a file that was removed meanwhile.
        with suppress(PermissionError):  # Windows, where the release removes it
            path.unlink(missing_ok=True)
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether another process holds a lock; a file that a killed one left is removed.

    On a disk without locks, and in a folder that may not be written, a file counts as locked.
    """
    from filelock import FileLock

    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError:  # held, which is a time-out, or not to be locked at all
        return path.exists()
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
    lock.release()
    return False
