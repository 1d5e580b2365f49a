"""Parts for workers: a block index of a few lines, and what goes wrong at some of them."""

import os
import resource
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from block_searches import Scan, Slices

from fpbench import Candidates, Vectors
from fpbench.cache import Store
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.engines.engine import Block
from fpbench.search.engines.missing import cut_blocks
from fpbench.search.engines.orders import OpenedWork, SentWork
from fpbench.search.engines.parts import OpenedParts, SentFile
from fpbench.search.engines.worker import Worker, WorkerNote


@dataclass(frozen=True)
class SentRows:
    """Rows and a scan of them.

    Args:
        rows: The distractors.
        folder: Where the candidates are kept.
        identity: Of the parts, at the sender.
        made: Of the parts that a worker makes; None if they are the same.
    """

    rows: Vectors
    folder: Path
    identity: Mapping[str, str] = field(default_factory=lambda: {"index 'scan'": "1"})
    made: Mapping[str, str] | None = None

    def index(self) -> Scan:
        return Scan()

    def blocks(self, edges: list[int]) -> list[Block]:
        kept = CandidateStore(store=Store(self.folder), key="case", k=5)
        return cut_blocks([BlockSearch(self.index(), kept, "scan")], Slices(self.rows), edges)

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        return OpenedParts(self.blocks([0, len(self.rows)]), self.made or self.identity)


def is_first(flag: Path) -> bool:
    """Whether no process has asked this before."""
    try:
        flag.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@dataclass(frozen=True)
class Mortal(SentRows):
    """The first worker that has searched so many blocks is killed; with 0, every worker is."""

    blocks_in_life: int = 3

    def index(self) -> Scan:
        return MortalScan(self.blocks_in_life, self.folder.with_name("killed"))


class MortalScan(Scan):
    """Kills its process in place of a search."""

    def __init__(self, blocks: int, flag: Path) -> None:
        self._blocks, self._flag, self._done = blocks, flag, 0

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        if self._done >= self._blocks and (self._blocks == 0 or is_first(self._flag)):
            os.kill(os.getpid(), signal.SIGKILL)
        self._done += 1
        return super().search(queries, block, k)


@dataclass(frozen=True)
class FullDisk(SentRows):
    """Sends a file, for which the disks of the first workers have no space.

    Args:
        disks: Number of full disks.
    """

    disks: int = 1

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        if any(is_first(self.folder.with_name(f"full{disk}")) for disk in range(self.disks)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        content = np.zeros(1 << 17, np.uint8)
        gone = self.folder / "gone.safetensors"
        SentFile(gone, f"{os.getpid()}", content).place(
            Store(self.folder.with_name("weights")), "weights"
        )
        return super().open(store, device)


class Outdated(Worker):
    """A worker with another fpbench."""

    def describe(self, code_of: str) -> WorkerNote:
        own = super().describe(code_of)
        return WorkerNote("0.0.1", own.code, own.processor, "oldie", own.process)


@dataclass(frozen=True)
class MortalWork:
    """Any work, of which the first worker that has carried out two orders is killed."""

    work: SentWork
    flag: Path

    @property
    def code_of(self) -> str:
        return self.work.code_of

    @property
    def identity(self) -> Mapping[str, str]:
        return self.work.identity

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
        opened, done = self.work.open(store, device), list[Any]()

        def carry_out(content: Any) -> Any:
            if len(done) == 2 and is_first(self.flag):
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(content)
            return opened.carry_out(content)

        return OpenedWork(opened.identity, carry_out)
