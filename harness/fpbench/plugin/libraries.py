"""Editions of the installed libraries that a plugin imports, for the keys of the cache."""

import hashlib
import importlib.metadata
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FPBENCH = "fpbench-audio"


def library_editions(names: Iterable[str]) -> dict[str, str]:
    """Hash of what was installed with each library, by its top module.

    Libraries that fpbench itself needs are left out: their updates change fingerprints by rounding
    at most, and every run embeds some tracks again, to see whether they have changed.

    Args:
        names: Full names of imported modules.
    """
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    editions = {top: _edition(top) for top in sorted(tops)}
    return {top: edition for top, edition in editions.items() if edition is not None}


@cache  # the library that was imported stays, whatever is installed meanwhile
def _edition(top: str) -> str | None:
    """None if the module is not installed, or belongs to fpbench or to what it needs."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent
    folder = place.parent if spec.submodule_search_locations else place
    info = _metadata_of(top, folder)
    if info is None or _normal(info.name.partition("-")[0]) in _own_names():
        return None
    # Each file with its hash; compiled files have none, and the folder's name has the version.
    record = (info / "RECORD").read_text() if (info / "RECORD").is_file() else ""
    lines = sorted(line for line in record.splitlines() if "sha256=" in line)
    return hashlib.sha256("\n".join([info.name, *lines]).encode()).hexdigest()


def _metadata_of(top: str, folder: Path) -> Path | None:
    """The folder of a distribution's metadata that lists a module beside it."""
    infos = sorted(folder.glob("*.dist-info"))
    infos.sort(key=lambda info: _normal(info.name.partition("-")[0]) != _normal(top))
    listed = re.compile(rf"^{re.escape(top)}(/|\.)", re.MULTILINE)
    for info in infos:
        record = info / "RECORD"
        if record.is_file() and listed.search(record.read_text()):
            return info
    return None


@cache
def _own_names() -> frozenset[str]:
    try:
        needed = importlib.metadata.requires(_FPBENCH) or []
    except importlib.metadata.PackageNotFoundError:
        needed = []
    names = [match[0] for text in needed if (match := re.match(r"[\w.-]+", text))]
    return frozenset(map(_normal, [_FPBENCH, *names]))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
