"""A config is read from TOML and from what was typed, and a wrong value names its field."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import NAFP, Step
from fpbench.plugin.devices import has_bfloat16
from fpbench.runs.config import RunConfig, read_config


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.toml"


def read(file: Path, text: str, **typed: Any) -> RunConfig:
    file.write_text(text)
    return read_config(file, typed)


def test_nothing_said_is_the_default(file: Path) -> None:
    assert read_config(None, {}) == read(file, "") == RunConfig()


def test_every_kind_of_setting_is_read(file: Path) -> None:
    text = """
        fingerprinter = "spectral-sketch"
        distractors = "real"
        sizes = [100, 200]
        indexes = ["exact", "ivf"]
        tolerance_s = 1
        seed = 7
        index_options.ivf = { nlist = "4" }

        [recipe]
        n_queries = 20

        [[recipe.degradations]]
        name = "gain"
    """
    found = read(file, text)
    assert (found.fingerprinter, found.distractors, found.seed) == ("spectral-sketch", "real", 7)
    assert (found.sizes, found.indexes, found.tolerance_s) == ((100, 200), ("exact", "ivf"), 1.0)
    assert found.index_options == {"ivf": {"nlist": "4"}}
    assert found.recipe.n_queries == 20
    assert found.recipe.query_length_s == NAFP.query_length_s
    assert found.recipe.degradations == (Step(name="gain"),)


def test_what_was_typed_wins(file: Path) -> None:
    found = read(file, 'seed = 3\nfingerprinter = "random"', seed=4)
    assert (found.seed, found.fingerprinter) == (4, "random")


def test_options_need_no_quotes(file: Path) -> None:
    found = read(file, "[fingerprinter_options]\nwidth = 16\nfast = true\n")
    assert found.fingerprinter_options == {"width": "16", "fast": "true"}


def test_typed_settings_change_those_of_the_file_one_by_one(file: Path) -> None:
    text = '[fingerprinter_options]\nwidth = "16"\noverlap = "0.5"\n'
    found = read(file, text, fingerprinter_options={"width": "8"})
    assert found.fingerprinter_options == {"width": "8", "overlap": "0.5"}


def test_a_byte_order_mark_is_no_setting(file: Path) -> None:
    assert read(file, "\ufeffseed = 3").seed == 3


def test_the_whole_track_is_a_tolerance(file: Path) -> None:
    assert read(file, 'tolerance_s = "track"').tolerance_s is None


def test_files_are_relative_to_the_file_that_names_them(file: Path) -> None:
    found = read(file, 'weights = "w.safetensors"\ngenerator_weights = "/g.safetensors"')
    assert found.weights == file.parent / "w.safetensors"
    assert found.generator_weights == Path("/g.safetensors")


def test_auto_is_the_arithmetic_that_it_becomes(file: Path) -> None:
    wanted = "bfloat16" if has_bfloat16("cpu") else "float32"
    assert read(file, 'dtype = "auto"').dtype == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("sizes = [200, 100]", r"sizes=\[200, 100\] are not", id="fall"),
        pytest.param("sizes = [0]", r"sizes=\[0\] are not positive", id="no distractors"),
        pytest.param("sizes = [1_000_000_000_000_001]", "sizes has one above", id="too many"),
        pytest.param("indexes = []", "indexes is empty", id="no index"),
        pytest.param("tolerance_s = -1", "tolerance_s=-1.* is not finite", id="early"),
        pytest.param("tolerance_s = inf", "tolerance_s=inf is not finite", id="infinite"),
        pytest.param("seed = -1", "seed=-1 is negative", id="negative seed"),
        pytest.param('seed = "one"', "field 'seed'", id="kind"),
        pytest.param('device = "gpu"', "field 'device'", id="device"),
        pytest.param("[recipe]\nn_queries = 0", "n_queries=0 is not positive", id="recipe"),
        pytest.param("colour = 3", "colour", id="unknown"),
        pytest.param("seed =", "is not TOML", id="no TOML"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(file: Path, text: str, message: str) -> None:
    with pytest.raises(FpbenchError, match=message) as err:
        read(file, text)
    assert "run.toml" in err.value.message


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(FpbenchError, match=r"cannot read .*run\.toml: No such file"):
        read_config(file, {})


def test_a_result_names_files_without_their_folders() -> None:
    config = RunConfig(weights=Path("/home/me/w.safetensors"), sizes=(10,))
    document = config.as_json()
    assert (document["weights"], document["generator_weights"]) == ("w.safetensors", None)
    assert document["sizes"] == (10,)
    assert document["recipe"]["n_queries"] == 1_000


RESULT = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_the_config_of_a_result_is_used_again(tmp_path: Path) -> None:
    config = RunConfig(dataset="folder:music", sizes=(5, 7), tolerance_s=None, seed=3)
    document = json.loads(RESULT.read_text()) | {"config": config.as_json()}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    assert read_config(path, {}) == config
    assert read_config(path, {"seed": 5}) == replace(config, seed=5)


@pytest.fixture
def result_with_weights(tmp_path: Path) -> Path:
    document = json.loads(RESULT.read_text())
    document["config"]["weights"] = "w.safetensors"
    document["fingerprinter"]["weights_sha256"] = hashlib.sha256(b"right").hexdigest()
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    return path


def test_weights_of_a_result_must_be_those_of_the_run(result_with_weights: Path) -> None:
    weights = result_with_weights.parent / "w.safetensors"
    with pytest.raises(FpbenchError, match=r"w\.safetensors is not there") as err:
        read_config(result_with_weights, {})
    assert err.value.hint == "give the file with --weights"
    weights.write_bytes(b"wrong")
    with pytest.raises(FpbenchError, match="differs from that of the run"):
        read_config(result_with_weights, {})
    assert read_config(result_with_weights, {"weights": Path("mine")}).weights == Path("mine")
    weights.write_bytes(b"right")
    assert read_config(result_with_weights, {}).weights == weights


def test_another_json_file_is_no_config(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text("{}")
    with pytest.raises(FpbenchError, match=r"history\.json: field"):
        read_config(path, {})


@pytest.mark.parametrize("fits", [0, 21])
def test_the_number_of_fits_is_limited(fits: int) -> None:
    with pytest.raises(ValueError, match="is not from 1 to 20"):
        RunConfig(fits=fits)
