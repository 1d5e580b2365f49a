"""Builders: programs that make the files of a dataset from what others publish."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from fpbench.progress import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildNeeds:
    """What a build needs.

    Args:
        files: Files that it makes.
        size_bytes: Their size in all.
        work_bytes: Space for what is downloaded, as far as it is on the disk at one time.
    """

    files: int
    size_bytes: int
    work_bytes: int


@runtime_checkable
class DatasetBuilder(Protocol):
    """Makes the files of a dataset in a folder of the user."""

    @property
    def needs(self) -> BuildNeeds:
        """What a build from the start needs."""

    def build(self, folder: Path, report: Report) -> str:
        """Make the files that the folder lacks; an interrupted build goes on where it stopped.

        Args:
            folder: An existing folder.
            report: Called after each file.

        Returns:
            The dataset for ``fpbench run --dataset``, such as ``folder:DIR``.

        Raises:
            FpbenchError: A file could not be made; the others have been.
        """
