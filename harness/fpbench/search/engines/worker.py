"""Carries out the orders of another process, with work that was sent."""

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.hardware import cpu_model
from fpbench.hashing import code_key
from fpbench.results.harness import describe_harness
from fpbench.search.engines.orders import SentWork, UnseenFilesError


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """What a worker is.

    Args:
        version: Its version of fpbench.
        code: Hash of its code for the work.
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
    def of_this_process(cls, code_of: str) -> "WorkerNote":
        """The note of this process, for work as :attr:`SentWork.code_of` names it."""
        return cls(
            version=describe_harness().version,
            code=code_key(code_of),
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
        unseen: Whether the machine does not see the files of this work, but may do other work.
    """

    message: str
    hint: str | None
    here: bool
    unseen: bool = False

    @classmethod
    def of(cls, err: FpbenchError | OSError) -> "Failure":
        """The failure that an error means."""
        if isinstance(err, UnseenFilesError):
            return cls(err.message, err.hint, here=True, unseen=True)
        cause: BaseException | None = err
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__
        if isinstance(err, FpbenchError):
            return cls(err.message, err.hint, cause is not None)
        return cls(f"{err.strerror or err}", "free some space, or mend the disk", here=True)

    def error(self) -> FpbenchError:
        """The error again."""
        return FpbenchError(self.message, hint=self.hint)


class Worker:
    """Answers the calls of :class:`fpbench.search.engines.orders.Workers`, in its own process."""

    def __init__(self) -> None:
        self._carry_out: Callable[[Any], Any] | None = None

    def describe(self, code_of: str) -> WorkerNote:
        """What this worker is."""
        return WorkerNote.of_this_process(code_of)

    def open(self, work: SentWork, folder: Path) -> Mapping[str, str] | Failure:
        """Make the parts of the next orders.

        Args:
            work: Describes them.
            folder: Working directory of the sender, in which names of plugin files begin.

        Returns:
            The identity of the parts.
        """
        self._carry_out = None  # frees the memory of earlier work
        if folder.is_dir():
            os.chdir(folder)
        try:
            opened = work.open(None, None)
        except (FpbenchError, OSError) as err:
            return Failure.of(err)
        self._carry_out = opened.carry_out
        return dict(opened.identity)

    def carry_out(self, content: Any) -> Any:
        """The answer to the content of an order, or a :class:`Failure`."""
        if self._carry_out is None:
            raise ValueError("a worker was given an order before it got its parts")
        try:
            return self._carry_out(content)
        except (FpbenchError, OSError) as err:
            return Failure.of(err)


def find_difference(theirs: WorkerNote, ours: WorkerNote) -> str | None:
    """What makes a worker's answers others than ours, in words; None if nothing does."""
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
