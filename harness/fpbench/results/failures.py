"""The document of a run that failed: no numbers, but what it was and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fpbench.results.config import RecordedConfig
from fpbench.results.fields import Sha256
from fpbench.results.harness import HarnessInfo
from fpbench.results.systems import FingerprinterInfo

FAILED: Final = "failed"
"""Status of the document of a run that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run ended.

    Args:
        stage: Stage in which it ended, as progress was shown.
        error: The message; for a bug, the type of the exception is in front.
        hint: What the user can do; None if there is nothing.
    """

    stage: str
    error: str
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """The document that ``fpbench run`` writes beside ``--out`` if it fails.

    Args:
        result_format: Version of this format.
        harness: The version of fpbench.
        config: The run's configuration, for ``fpbench run --config``.
        command: The command line or the Python call, with files as in ``config``.
        environment: Versions of software, and hardware.
        result_id: As of :class:`fpbench.results.document.Result`.
    """

    result_format: Literal["1.0"]
    status: Literal["failed"]
    harness: HarnessInfo
    fingerprinter: FingerprinterInfo
    failure: Failure
    config: RecordedConfig
    command: str
    environment: Mapping[str, str]
    result_id: Sha256 | None = None
