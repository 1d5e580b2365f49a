"""What a call of ``fpbench.run`` says besides the settings: engines, switches and files."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from fpbench.conversion import convert
from fpbench.files import refuse_unwritable
from fpbench.folder_names import change_texts, record_setting
from fpbench.review.figure_files import refuse_figure_name
from fpbench.runs.arguments import as_path, refuse_out
from fpbench.runs.workers.engines import EngineSettings

RUN = "fpbench.run"
"""Source of the arguments in messages."""

_MACHINES = ("engine", "address", "workers")
_NOT_IN_CONFIG = ("config", "out", "figure", "cache", "fresh", "unchecked", "progress")


def split_arguments(given: Mapping[str, Any]) -> tuple[EngineSettings, dict[str, Any]]:
    """What the arguments of a run say of engines, and those that are settings of the run.

    Raises:
        FpbenchError: One that is no setting has a wrong type.
    """
    for switch in ("fresh", "unchecked", "progress"):
        convert(given.get(switch), bool, RUN, where=switch)
    machines = {name: given[name] for name in _MACHINES if name in given}
    engines = convert(machines, EngineSettings, RUN)
    others = (*_MACHINES, *_NOT_IN_CONFIG)
    return engines, {name: value for name, value in given.items() if name not in others}


def written_files(
    out: str | PathLike[str] | None, figure: str | PathLike[str] | None, config: Path | None
) -> tuple[Path | None, Path | None]:
    """Paths of the result and its figure, as far as they were given.

    Raises:
        FpbenchError: One of them cannot be written, or the result would replace the config.
    """
    wanted = None if out is None else as_path(out, "out", RUN)
    if wanted is not None:
        refuse_out(wanted, config, option="out")
        refuse_unwritable(wanted, "out")
    drawing = None if figure is None else as_path(figure, "figure", RUN)
    if drawing is not None:
        refuse_figure_name(drawing)
        refuse_unwritable(drawing, "figure")
    return wanted, drawing


def call_text(given: Mapping[str, Any]) -> str:
    """The call as text, approximately, for the result's field ``command``."""
    texts = []
    for name, value in given.items():
        if name == "progress" or value is False:
            continue
        if isinstance(value, str | PathLike):
            texts.append(f"{name}={record_setting(str(value)).text!r}")
        elif name == "fingerprinter" and not isinstance(value, str):
            texts.append(f"{name}=<{type(value).__name__}>")
        else:
            texts.append(f"{name}={change_texts(value, _recorded)!r}")
    return f"fpbench.run({', '.join(texts)})"


def _recorded(text: str) -> str:
    return record_setting(text).text
