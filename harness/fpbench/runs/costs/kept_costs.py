"""Costs in the cache: what is found there was made at a cost, which its maker has noted.

A note is of one machine, so that a cache which several machines share mixes no times.
"""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import numpy as np

from fpbench.cache import Store
from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.hardware import cpu_model
from fpbench.hashing import content_key
from fpbench.machine import arithmetic_threads, usable_cores

_KIND = "costs"

Note = TypeVar("Note")


@dataclass(slots=True)
class CacheUse:
    """What was found in the cache and what was added, in files.

    Args:
        audio_s: Length of the recordings whose surveys were added.
    """

    found: int = 0
    added: int = 0
    audio_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WatchedStore(Store):
    """A store that counts what is read from it and written to it.

    Args:
        use: By kind of file.
    """

    use: MutableMapping[str, CacheUse] = field(default_factory=dict)

    def write(
        self, kind: str, key: str, arrays: Mapping[str, np.ndarray], *, durable: bool = True
    ) -> None:
        Store.write(self, kind, key, arrays, durable=durable)
        use = self.use_of(kind)
        use.added += 1
        if {"frames", "sample_rate_hz"} <= arrays.keys():  # surveys of recordings
            use.audio_s += float((arrays["frames"] / arrays["sample_rate_hz"]).sum())

    def read(self, kind: str, key: str) -> dict[str, np.ndarray] | None:
        arrays = Store.read(self, kind, key)
        self.use_of(kind).found += arrays is not None
        return arrays

    def use_of(self, kind: str) -> CacheUse:
        """What was counted so far of one kind, such as ``surveys`` or ``evidence``."""
        return self.use.setdefault(kind.partition("/")[0], CacheUse())


def write_note(store: Store, key: Mapping[str, object], note: object) -> None:
    """Note what something cost on this machine.

    Args:
        store: The cache.
        key: Identifies what was made.
        note: A dataclass.
    """
    document = np.array(json.dumps(asdict(note), allow_nan=False))  # type: ignore[call-overload]
    # Not durable: a file that a power failure damages fails its checksum.
    store.write(_KIND, _note_key(key), {"json": document}, durable=False)


def read_note(store: Store, key: Mapping[str, object], kind: type[Note]) -> Note | None:
    """What something cost on this machine; None if nobody has noted it, or in another form."""
    arrays = store.read(_KIND, _note_key(key))
    if arrays is None:
        return None
    try:
        return convert(json.loads(str(arrays["json"])), kind, "a cost in the cache")
    except FpbenchError:  # of an earlier version
        return None


def machine_key() -> dict[str, str | int]:
    """What machines with equal times have in common."""
    return {"cpu": cpu_model(), "cores": usable_cores(), "threads": arithmetic_threads()}


def _note_key(key: Mapping[str, object]) -> str:
    return content_key(machine=machine_key(), of=key)
