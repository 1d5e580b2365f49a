"""The version of fpbench behind a result."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fpbench.results.fields import GitRevision, Words

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessInfo:
    """The version of fpbench that made the result.

    Args:
        version: Version of the distribution ``fpbench-audio``.
        revision: Git commit of the checkout that ran; None if fpbench was installed.
        dirty: Whether its package differed from that commit; None without one.
    """

    version: Words
    revision: GitRevision | None = None
    dirty: bool | None = None


@cache
def describe_harness() -> HarnessInfo:
    """The version of this process. Git is asked if the package lies in a checkout of its own."""
    try:
        released = version("fpbench-audio")
    except PackageNotFoundError:  # run from a folder that was not installed
        released = "unknown"
    # A package that is installed below somebody's repository is no file of that repository.
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return HarnessInfo(version=released)
    revision, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--", ".")
    if revision is None or changes is None:
        return HarnessInfo(version=released)
    return HarnessInfo(version=released, revision=revision.strip(), dirty=changes != "")


def _git(*arguments: str) -> str | None:
    """The output of a Git command in the folder of the package; None if it fails."""
    folder = Path(__file__).parents[1]  # importing all of fpbench would tie cache keys to it
    # Git's own variables may name another repository.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        answer = subprocess.run(  # noqa: S603 - fixed
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            check=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode(errors="replace")
