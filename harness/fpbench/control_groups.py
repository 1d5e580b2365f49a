"""Limits that containers, systemd and batch systems set for a process: control groups of Linux."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

Controller = str
"""``cpu`` or ``memory``."""


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """A folder with the limits of a group of processes.

    Args:
        folder: The folder.
        version: 1 or 2, which name their files differently.
    """

    folder: Path
    version: int

    def cores(self) -> float | None:
        """Cores that the group may use on average; None without a limit."""
        if self.version == 2:
            quota, _, period = self._text("cpu.max").partition(" ")
        else:
            quota, period = self._text("cpu.cfs_quota_us"), self._text("cpu.cfs_period_us")
        quota_us, period_us = _whole(quota), _whole(period)
        return quota_us / period_us if quota_us and period_us else None

    def free_bytes(self) -> float | None:
        """Memory that the group may still take; None without a limit.

        Files that the kernel keeps in memory until it is needed are not counted as taken.
        """
        if self.version == 2:
            limit, used, prefix = "memory.max", "memory.current", ""
        else:
            limit, used, prefix = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"
        limit_bytes = _whole(self._text(limit))
        if not limit_bytes:
            return None
        statistics = dict(
            line.split(" ", 1) for line in self._text("memory.stat").splitlines() if " " in line
        )
        kept_bytes = sum(
            _whole(statistics.get(f"{prefix}{name}", "")) or 0
            for name in ("inactive_file", "active_file")
        )
        used_bytes = _whole(self._text(used)) or 0
        return float(max(0, limit_bytes - max(0, used_bytes - kept_bytes)))

    def _text(self, name: str) -> str:
        with suppress(OSError, ValueError):
            return (self.folder / name).read_text(encoding="ascii").strip()
        return ""


def control_groups(controller: Controller, root: Path) -> Iterator[ControlGroup]:
    """The groups of this process that have a controller, the innermost first.

    The limits of all of them apply.

    Args:
        controller: ``cpu`` or ``memory``.
        root: Root of the file system, for ``/proc`` and the folders that are mounted there.
    """
    paths = _group_paths(root, controller)
    for version, point, mounted in _mounts(root, controller):
        path = paths.get(version)
        if path is None:
            continue
        folder = root / point.lstrip("/")
        # In a container, the path may be that of the host, of which only a part is mounted.
        inside = PurePosixPath(path)
        parts: tuple[str, ...] = ()
        if inside.is_relative_to(mounted) and ".." not in inside.parts:
            parts = inside.relative_to(mounted).parts
        for length in range(len(parts), -1, -1):
            yield ControlGroup(folder.joinpath(*parts[:length]), version)


def _group_paths(root: Path, controller: Controller) -> dict[int, str]:
    """The path of this process's group by version."""
    paths = {}
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            paths[2] = path
        elif controller in names.split(","):
            paths[1] = path
    return paths


def _mounts(root: Path, controller: Controller) -> Iterator[tuple[int, str, str]]:
    """Version, folder, and which part of the hierarchy is mounted there."""
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        fields, (kind, *more) = before.split(), (after.split() or [""])
        if len(fields) < 5:
            continue
        mounted, point = (field.replace("\\040", " ") for field in fields[3:5])
        if kind == "cgroup2":
            yield 2, point, mounted
        elif kind == "cgroup" and more and controller in more[-1].split(","):
            yield 1, point, mounted


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _whole(text: str) -> int | None:
    """A positive whole number; None for ``max``, for -1, and for what is not there."""
    return int(text) if text.isascii() and text.isdecimal() else None
