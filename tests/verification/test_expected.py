"""A config says which curves a run has, and at which sizes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.files import read_result
from fpbench.verification.expected import available_distractors, read_settings


def test_a_run_has_curves_of_every_index_kind_tolerance_and_metric(synthetic: Path) -> None:
    result = read_result(synthetic)
    config = {**result.config, "distractors": "both", "indexes": ["exact", "ivf"]}
    tracks = replace(result.data, reference_tracks=2)
    settings = read_settings(replace(result, config=config, data=tracks))
    assert settings is not None
    assert len(settings.keys()) == 2 * 2 * 2 * 3
    assert settings.keys()[0] == ("exact", "real", 0.25, "hr@1")
    assert settings.keys()[-1] == ("ivf", "synthetic", None, "hr@10")


def test_real_curves_end_at_the_real_distractors_and_synthetic_ones_have_a_point_there(
    result: Path,
) -> None:
    read = read_result(result)
    both = replace(read, config={**read.config, "distractors": "both"})
    settings = read_settings(both)
    assert settings is not None
    assert available_distractors(both, settings) == 20
    assert settings.searched_sizes("real", 20) == [10, 20]
    assert settings.searched_sizes("synthetic", 20) == [10, 20, 30]
    assert settings.searched_sizes("synthetic", None) == [10, 30]


def test_no_sizes_are_the_usual_ones(result: Path) -> None:
    read = read_result(result)
    settings = read_settings(replace(read, config={**read.config, "sizes": []}))
    assert settings is not None
    assert settings.sizes == DEFAULT_SIZES
    alone = read_settings(replace(read, config={**read.config, "distractors": "none"}))
    assert alone is not None
    assert alone.searched_sizes("real", None) == [0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("sizes", [20, 10], id="sizes that fall"),
        pytest.param("sizes", [True], id="true"),
        pytest.param("beyond", "1e9", id="text"),
        pytest.param("indexes", [], id="no index"),
        pytest.param("indexes", [["exact"]], id="a list"),
        pytest.param("distractors", ["real"], id="kinds in a list"),
        pytest.param("tolerance_s", "track", id="words"),
    ],
)
def test_settings_that_no_run_has_are_none(result: Path, field: str, value: Any) -> None:
    read = read_result(result)
    assert read_settings(replace(read, config={**read.config, field: value})) is None
