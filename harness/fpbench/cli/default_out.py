"""The result file of a run without ``--out``."""

import json
import re
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.results.files import read_result
from fpbench.runs.config import RunConfig
from fpbench.user_paths import expand_path

logger = getLogger(__name__)


def default_out(config: RunConfig, *, ready_made: bool) -> Path:
    """The file of a result whose run names none.

    Args:
        config: Settings of the run.
        ready_made: Whether its dataset holds fingerprints, so that no fingerprinter names it.
    """
    return Path("runs") / f"{_default_stem(config, ready_made=ready_made)}.json"


def _default_stem(config: RunConfig, *, ready_made: bool) -> str:
    if not ready_made:
        return result_stem(config.fingerprinter)
    if config.name is None:
        return result_stem(config.dataset)
    return re.sub(r"[^\w.-]+", "-", config.name).strip(".-") or "ready-made"


def result_stem(subject: str) -> str:
    """A file name from the name of a fingerprinter or dataset, or from its argument if any."""
    kind, _, argument = subject.rpartition(":")
    path = Path(argument)
    if path.name in ("", "..", "~"):  # use the real name of the folder
        path = expand_path(argument).resolve()
    # A file name must not be hidden, or empty as for the root folder.
    return path.stem.lstrip(".") or kind


def warn_of_replacing(out: Path, config: RunConfig) -> None:
    """Warn if the default file name already holds the result of another run."""
    if not out.exists():
        return
    try:
        # Results of before the setting had the mean of all channels.
        recorded = {"channel": "mean", **read_result(out).config}
    except FpbenchError:
        recorded = {}
    if recorded != json.loads(json.dumps(config.as_json())):
        logger.warning(
            "%s is the result of another run and will be replaced; use --out FILE to keep both",
            out,
        )
