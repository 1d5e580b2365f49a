"""The list of the set: where each file comes from, and how its audio is known."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fpbench.hashing import content_key
from fpbench_plugins.open_music.signatures import Levels, decode_levels

RATE_HZ = 16_000
"""Sample rate of all files of the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file of the set, and its source.

    Args:
        path: Path in the set's folder.
        kind: ``music``, ``noise`` or ``ir``.
        split: ``train``, ``generator`` or ``test``, as for a manifest.
        repository: Owner and name of the repository on GitHub.
        commit: Beginning of the name of a commit that has the source, or follows one that had it.
        source: Path of the source in the repository.
        licence: As its repository states it.
        attribution: Whom to name; files with the same attribution are a group.
        samples: Length at 16 kHz.
        signature: Its levels, see :mod:`fpbench_plugins.open_music.signatures`.
        sha256: Of the file of the maintainers.
    """

    path: str
    kind: str
    split: str
    repository: str
    commit: str
    source: str
    licence: str
    attribution: str
    samples: int
    signature: str
    sha256: str

    @property
    def levels(self) -> Levels:
        """The levels of its signature."""
        return decode_levels(self.signature)

    @property
    def content(self) -> str:
        """Stands for its audio, whichever encoding of it was built."""
        return content_key(set="open-music-v1", path=self.path, sha256=self.sha256)

    @property
    def size_bytes(self) -> int:
        """Size of its file, roughly: 3.9 kB for each second, twice that without loss."""
        return round(self.samples / RATE_HZ * (7800 if self.kind == "ir" else 3900))


@cache
def read_list() -> Mapping[str, ListedFile]:
    """All files of the set, by path."""
    text = resources.files(__package__).joinpath("open-music-v1.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    files = [ListedFile(**{**row, "samples": int(row["samples"])}) for row in rows]  # type: ignore[arg-type]
    return {file.path: file for file in files}
