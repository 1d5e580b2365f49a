"""Results with their files, as the leaderboard takes them."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from fpbench.folder_names import without_folders
from fpbench.results.document import Result
from fpbench.results.names import system_label
from fpbench.results.systems import FingerprinterInfo
from fpbench_leaderboard.board import Links, Tier

SystemKey = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A result, and what is known of it.

    Args:
        path: Its file; None if there is none.
    """

    result: Result
    path: Path | None = None
    tier: Tier = "self-reported"
    links: Links = field(default_factory=lambda: Links(result=None, config=None, evidence=()))

    @property
    def system(self) -> SystemKey:
        """What the system is: another version or dtype is another configuration of it.

        The version of a fingerprinter in a file never changes, so its source tells it from others.
        """
        one = self.result.fingerprinter
        source = one.source_sha256 if one.version == "-" else None
        options = json.dumps(dict(one.options), sort_keys=True)
        return (one.name, one.distribution, one.weights_sha256 or "", options, source or "")


def file_links(path: Path, result: Result) -> Links:
    """The files of a result, as far as they are there."""
    config = path.with_suffix(".toml")
    evidence = [path.with_name(info.file) for info in result.evidence]
    return Links(
        result=shown_path(path),
        config=shown_path(config) if config.is_file() else None,
        evidence=[shown_path(file) for file in evidence if file.is_file()],
    )


def link_address(path: str, folder: Path | None) -> str:
    """Address of a file of :class:`Links` in a page that lies in a folder; None: the current."""
    if folder is not None:
        path = Path(os.path.relpath(path, folder)).as_posix()
    return quote(path)


def shown_path(path: Path) -> str:
    """The path from the current folder; of files elsewhere, which are nobody else's, the name."""
    here = Path.cwd()
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    below = absolute.is_relative_to(here)
    return absolute.relative_to(here).as_posix() if below else path.name


def name_systems(entries: Iterable[Entry]) -> dict[SystemKey, str]:
    """A name for each system, with what distinguishes it from others of that name."""
    systems: dict[SystemKey, FingerprinterInfo] = {}
    for entry in entries:
        # Their order decides which version stands for a system, so it must not depend on files.
        known = systems.get(entry.system)
        info = entry.result.fingerprinter
        if known is None or repr(info) < repr(known):
            systems[entry.system] = info
    # Versions are configurations, unless a file is the system.
    shown = {key: _without_version(info) for key, info in systems.items()}
    names = {
        key: system_label(info, list(shown.values()), dtype=False) for key, info in shown.items()
    }
    return {key: without_folders(_tell_apart(key, names)) for key in names}


def _without_version(info: FingerprinterInfo) -> FingerprinterInfo:
    return info if info.version == "-" else replace(info, version="", source_sha256=None)


def _tell_apart(key: SystemKey, names: dict[SystemKey, str]) -> str:
    """The name, with the distribution if another system has the same."""
    name, distribution = names[key], key[1]
    namesakes: Sequence[SystemKey] = [other for other in names if names[other] == name]
    return name if len(namesakes) == 1 else f"{name} of {distribution}"
