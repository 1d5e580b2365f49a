"""A call of ``fpbench.run`` is taken apart into settings, engines and files, and recorded."""

from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.runs.call_arguments import call_text, split_arguments, written_files
from fpbench.runs.workers.engines import EngineSettings


def test_settings_of_the_run_are_told_from_the_rest() -> None:
    switches = {"fresh": True, "unchecked": False, "progress": True}
    engines, settings = split_arguments(
        {"seed": 3, "engine": "ray", "workers": 2, "out": "x.json", **switches}
    )
    assert engines == EngineSettings(engine="ray", workers=2)
    assert settings == {"seed": 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fresh": "yes"}, "fpbench.run: field 'fresh'"),
        ({"workers": 0}, "workers=0 is not positive"),
        ({"engine": "dask"}, "fpbench.run: .*engine"),
    ],
    ids=["switch", "number", "name"],
)
def test_an_argument_of_a_wrong_type_is_named(given: dict[str, Any], message: str) -> None:
    switches = {"fresh": False, "unchecked": False, "progress": False}
    with pytest.raises(FpbenchError, match=message):
        split_arguments({**switches, **given})


def test_files_are_those_that_were_given(tmp_path: Path) -> None:
    out, figure = tmp_path / "x.json", str(tmp_path / "x.svg")
    assert written_files(None, None, None) == (None, None)
    assert written_files(out, figure, None) == (out, Path(figure))


def test_files_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot hold a result"):
        written_files(tmp_path / "x.txt", None, None)
    with pytest.raises(FpbenchError, match=r"x\.bmp"):
        written_files(None, tmp_path / "x.bmp", None)
    config = tmp_path / "x.json"
    with pytest.raises(FpbenchError, match="the settings and the result are the same file"):
        written_files(config, None, config)


def test_a_call_is_recorded_without_what_changes_nothing() -> None:
    given = {"fingerprinter": "nafp", "sizes": [1e4], "fresh": False, "progress": True}
    assert call_text(given) == "fpbench.run(fingerprinter='nafp', sizes=[10000.0])"


def test_an_object_is_recorded_by_its_class() -> None:
    class Mine:
        pass

    assert call_text({"fingerprinter": Mine()}) == "fpbench.run(fingerprinter=<Mine>)"
