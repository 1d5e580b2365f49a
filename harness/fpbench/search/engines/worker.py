"""Searches blocks for another process, with parts that were sent."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.hardware import cpu_model
from fpbench.hashing import code_key
from fpbench.plugin.indexes import Candidates
from fpbench.results.harness import describe_harness
from fpbench.search.blocks import BlockSearch, Queries
from fpbench.search.distractors import DistractorSource
from fpbench.search.engines.engine import Block, Cell
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.parts import OpenedParts, SearchParts

_SEARCHES = "fpbench.search.tasks"  # its code key is part of the keys of all searches


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """What a worker is.

    Args:
        version: Its version of fpbench.
        code: Hash of its code for searches.
        processor: Kind of processor, on which the last bits of scores may depend.
        machine: Name of the machine.
        process: Number of the process.
    """

    version: str
    code: str
    processor: str
    machine: str
    process: int

    @classmethod
    def of_this_process(cls) -> "WorkerNote":
        """The note of this process."""
        return cls(
            version=describe_harness().version,
            code=code_key(_SEARCHES),
            processor=cpu_model(),
            machine=platform.node(),
            process=os.getpid(),
        )

    def __str__(self) -> str:
        return f"the worker on {self.machine}, process {self.process},"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that the user can fix; it is sent as data.

    Args:
        here: Whether the machine is the reason, such as its disk, so that another may succeed.
    """

    message: str
    hint: str | None
    here: bool

    @classmethod
    def of(cls, err: FpbenchError | OSError) -> "Failure":
        """The failure that an error means."""
        cause: BaseException | None = err
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__
        if isinstance(err, FpbenchError):
            return cls(err.message, err.hint, cause is not None)
        return cls(f"{err.strerror or err}", "free some space, or mend the disk", here=True)

    def error(self) -> FpbenchError:
        """The error again."""
        return FpbenchError(self.message, hint=self.hint)


class PartsSearch:
    """Searches with opened parts; each index is trained once."""

    def __init__(self, opened: OpenedParts) -> None:
        trainings = {id(one.index): cache(one.train) for b in opened.blocks for one in b.searches}
        self._parts: dict[str, tuple[DistractorSource, BlockSearch]] = {
            one.candidates.key: (block.source, replace(one, train=trainings[id(one.index)]))
            for block in opened.blocks
            for one in block.searches
        }

    def search(
        self, start: int, stop: int, keys: Sequence[str], queries: Queries
    ) -> Iterator[Cell]:
        """The cells of one block.

        Args:
            start: Number of its first row.
            stop: Number after that of its last row.
            keys: Keys of its searches, which all have the same source.
            queries: One vector per query.
        """
        source = self._parts[keys[0]][0]
        block = Block(source, start, stop, [self._parts[key][1] for key in keys])
        return LocalEngine().search([block], queries)


class Worker:
    """Answers the calls of an engine, in a process of its own."""

    def __init__(self) -> None:
        self._search: PartsSearch | None = None
        self._queries: Queries | None = None

    def describe(self) -> WorkerNote:
        """What this worker is."""
        return WorkerNote.of_this_process()

    def open(
        self, parts: SearchParts, queries: Queries, folder: Path
    ) -> Mapping[str, str] | Failure:
        """Make the parts of the next blocks.

        Args:
            parts: Describes them.
            queries: One vector per query, for all blocks.
            folder: Working directory of the sender, in which names of plugin files begin.

        Returns:
            The identity of the parts.
        """
        if folder.is_dir():
            os.chdir(folder)
        try:
            opened = parts.open(None, None)
        except (FpbenchError, OSError) as err:
            return Failure.of(err)
        self._search = PartsSearch(opened)
        self._queries = np.array(queries)  # what was sent cannot be written, which torch dislikes
        return dict(opened.identity)

    def search(self, start: int, stop: int, keys: Sequence[str]) -> list[Candidates] | Failure:
        """The candidates of one block, for each of its searches."""
        if self._search is None or self._queries is None:
            raise ValueError("a worker was asked to search before it got its parts")
        try:
            cells = self._search.search(start, stop, keys, self._queries)
            return [cell.candidates for cell in cells]
        except (FpbenchError, OSError) as err:
            return Failure.of(err)


def find_difference(theirs: WorkerNote, ours: WorkerNote) -> str | None:
    """What makes a worker's candidates others than ours, in words; None if nothing does."""
    if (theirs.version, theirs.code) == (ours.version, ours.code):
        return None
    return (
        f"has fpbench {theirs.version} with code {theirs.code[:8]}, and this is {ours.version} "
        f"with code {ours.code[:8]}"
    )


def find_other_part(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str | None:
    """The part of which a worker has another one, in words; None if there is none."""
    for name, key in ours.items():
        if theirs.get(name) != key:
            return f"has another {name}: its weights, options or code differ"
    return None
