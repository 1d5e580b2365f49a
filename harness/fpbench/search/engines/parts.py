"""What another process or device is sent, so that it can search: the parts, made again there."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from fpbench.cache import Store
from fpbench.files import atomic_file, make_folder
from fpbench.hashing import content_key, file_sha256
from fpbench.search.engines.engine import Block


class OpenedParts(NamedTuple):
    """Parts that were made again.

    Args:
        blocks: Blocks that together name every source and every search; the lengths do not matter.
        identity: As of :class:`SearchParts`, of the parts that were made.
        take_costs: What searches have cost since the last call; None if nobody has measured it.
        time_indexes: Times the indexes as they would serve queries, and gives what
            ``take_costs`` gives; if none of them has searched anything yet, it first calls the
            search of some rows that it gets.
    """

    blocks: Sequence[Block]
    identity: Mapping[str, str]
    take_costs: Callable[[], object] = lambda: None
    time_indexes: Callable[[Callable[[], object]], object] = lambda _search: None


@runtime_checkable
class SearchParts(Protocol):
    """Describes the sources and searches of some blocks; it can be pickled."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What decides the candidates beside the blocks: the name of each part, and its hash."""
        ...

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        """Make the parts again.

        Args:
            store: Cache of the machine; None means the sender's if it is there, else the user's.
            device: Device that searches; None means that of the run.

        Raises:
            FpbenchError: A part cannot be made here.
        """
        ...


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes with the parts.

    Args:
        path: Its path at the sender.
        sha256: Its hash.
        content: Its bytes.
    """

    path: Path
    sha256: str
    content: UInt8[np.ndarray, " bytes"] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "SentFile":
        """Read a file that is to be sent."""
        content = np.fromfile(path, np.uint8)
        return cls(path.absolute(), hashlib.sha256(content.data).hexdigest(), content)

    def place(self, store: Store, kind: str) -> Path:
        """A file with this content: that of the sender if the disk is shared, else one in a cache.

        Args:
            store: The cache.
            kind: Kind of files that it is of, such as ``generators``.

        Raises:
            FpbenchError: The cache cannot be written.
        """
        kept = store.path(kind, content_key(sent=self.sha256), self.path.suffix)
        for path in (self.path, kept):
            if path.is_file() and file_sha256(path) == self.sha256:
                return path
        make_folder(kept.parent)
        with atomic_file(kept) as file:
            file.write(self.content.data)
        return kept
