"""What a cache holds, and what of it can go: the least recently used entries first."""

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fpbench.cache_users import USERS, first_user_since
from fpbench.files import translate_write_errors

KINDS = {
    "surveys": "what decoding shows of each recording",
    "tracks": "fingerprints of single tracks",
    "sets": "fingerprints of reference and distractors",
    "queries": "fingerprints of queries",
    "near-copies": "pairs of near copies",
    "equal-rows": "distractors that equal a row of the reference",
    "generators": "fitted generators",
    "fits": "checkpoints of fits",
    "fidelity": "how similar generators are to real fingerprints",
    "evidence": "candidates of every searched block",
    "tails": "simulations beyond the searched sizes",
    "run-starts": "where those of longer queries start from",
    "run-tails": "simulations beyond the searched sizes, for longer queries",
    "training-audio": "decoded audio for training",
    "demo": "the demo's music",
    "objects": "sources of Python objects that were measured",
    "costs": "what each of these cost",
    "calibration": "speed of the machine",
    "checked-results": "results whose numbers follow from their evidence",
    "results": "results of fpbench.run without a file",
    "weights": "downloaded and imported weights",
    "editions": "which fingerprints are out of date",
}
"""Kinds of files in a cache, by their folder."""

KEPT = ("results", "weights", "editions")
"""Kinds that are removed only if they are named: no run makes them again as they were.

Without its edition, a system would find fingerprints that it no longer makes.
"""

_NEVER = ("editions",)
_KEY = re.compile(r"^\.?([0-9a-f]{32,64})(?:\.|$)")
_CLOCKS_S = 120.0  # by which the clocks of machines that share a disk may differ
_FRESH_S = 3600.0  # a temporary file may belong to a process


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """Files that are used together, such as vectors and their table, or a folder of one fit.

    Args:
        kind: Its folder in the cache.
        size_bytes: Size of all files.
        last_use: When one of them was last written or read, in seconds since 1970.
        files: Their paths.
    """

    kind: str
    size_bytes: int
    last_use: float
    files: Sequence[Path] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pruning:
    """What can go, and what cannot.

    Args:
        removed: Entries that can go, the least recently used first.
        in_use: Entries that could go, but a running process may have used them.
        kept_bytes: Size of all that stays.
    """

    removed: Sequence[CacheEntry]
    in_use: Sequence[CacheEntry]
    kept_bytes: int

    @property
    def removed_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.removed)


def list_entries(root: Path) -> list[CacheEntry]:
    """All entries of a cache, the least recently used first; none if it does not exist."""
    files: dict[tuple[str, str], list[tuple[Path, os.stat_result]]] = {}
    for path in _all_files(root):
        with suppress(FileNotFoundError):  # another process has just replaced it
            status = path.stat()
            parts = path.relative_to(root).parts
            files.setdefault((_kind(parts), _entry_name(parts)), []).append((path, status))
    entries = [
        CacheEntry(
            kind=kind,
            size_bytes=sum(status.st_size for _, status in found),
            last_use=max(max(status.st_mtime, status.st_atime) for _, status in found),
            files=[path for path, _ in found],
        )
        for (kind, _), found in files.items()
    ]
    return sorted(entries, key=lambda entry: (entry.last_use, entry.kind))


def choose_entries(
    root: Path,
    *,
    older_than_s: float | None = None,
    max_size_bytes: int | None = None,
    kinds: Collection[str] = (),
) -> Pruning:
    """Choose what can go from a cache; nothing is removed.

    Args:
        root: Folder of the cache.
        older_than_s: Entries that were not used for so long go.
        max_size_bytes: The least recently used entries go until the rest is as small.
        kinds: Kinds that may go; empty for all but :data:`KEPT`.
    """
    entries, now = list_entries(root), time.time()
    since = first_user_since(root)
    may_go = [
        entry
        for entry in entries
        if entry.kind not in _NEVER and (entry.kind in kinds if kinds else entry.kind not in KEPT)
    ]
    total = sum(entry.size_bytes for entry in entries)
    removed: list[CacheEntry] = []
    in_use: list[CacheEntry] = []
    for entry in may_go:
        old = older_than_s is not None and now - entry.last_use > older_than_s
        large = max_size_bytes is not None and total > max_size_bytes
        if not (old or large):
            continue
        if since is not None and entry.last_use > since - _CLOCKS_S:
            in_use.append(entry)
        else:
            removed.append(entry)
            total -= entry.size_bytes
    return Pruning(removed=removed, in_use=in_use, kept_bytes=total)


def remove_entries(root: Path, entries: Sequence[CacheEntry]) -> None:
    """Remove entries and the folders that they leave empty.

    Raises:
        FpbenchError: A file cannot be removed.
    """
    for entry in entries:
        for path in entry.files:
            with translate_write_errors(path):
                path.unlink(missing_ok=True)
        for folder in {parent for path in entry.files for parent in path.parents}:
            if root in folder.parents:
                _remove_if_empty(folder)


def disk_free_bytes(root: Path) -> int:
    """Free space on the disk of a cache."""
    existing = next(path for path in (root, *root.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, or gone
        folder.rmdir()


def _all_files(root: Path) -> Iterator[Path]:
    """All files but those that processes write now, and links, which may lead out of the cache."""
    for name, folders, files in os.walk(root):
        if Path(name) == root:
            folders[:] = [folder for folder in folders if folder != USERS]
        for file in files:
            path = Path(name, file)
            if path.is_symlink() or (".tmp" in file and _is_fresh(path)):
                continue
            yield path


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < _FRESH_S
    except FileNotFoundError:
        return True


def _kind(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return "other files"
    return "demo" if parts[0].startswith("demo-") else parts[0]


def _entry_name(parts: Sequence[str]) -> str:
    """What files of one entry have in common: the path up to the key."""
    for depth, part in enumerate(parts):
        found = _KEY.match(part)
        if found is not None:
            return "/".join((*parts[:depth], found[1]))
    return "/".join(parts)
