"""``fpbench run --sweep`` adds exact search, and refuses what it cannot serve."""

from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.cli.sweeps import config_with_sweep
from fpbench.plugin.catalog import Catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    sweep = tmp_path / "sweep.toml"
    sweep.write_text("[ivf]\nnprobe = [1, 4]\n")
    return {"config": None, "sweep": sweep}


def test_exact_search_and_the_given_indexes_are_part_of_a_sweep(
    options: dict[str, Any], catalog: Catalog
) -> None:
    given = {"indexes": ("hnsw", "ivf:nprobe=4"), "distractors": "real"}
    config, swept = config_with_sweep(options, given, catalog)
    assert config.indexes == ("hnsw", "ivf:nprobe=4", "exact", "ivf:nprobe=1")
    assert swept == ["ivf:nprobe=1"]  # the other one is searched in any case


def test_without_a_sweep_the_run_is_as_it_was(options: dict[str, Any], catalog: Catalog) -> None:
    config, swept = config_with_sweep({**options, "sweep": None}, {}, catalog)
    assert (config.indexes, swept) == (("exact",), ())


def test_a_run_by_a_protocol_has_no_sweep(options: dict[str, Any], catalog: Catalog) -> None:
    with pytest.raises(FpbenchError, match="no effect with protocol nafp"):
        config_with_sweep(options, {"protocol": "nafp", "distractors": "real"}, catalog)


def test_more_settings_than_a_result_holds_are_refused(
    options: dict[str, Any], catalog: Catalog
) -> None:
    options["sweep"].write_text("[ivf]\nnprobe = {from = 1, to = 60, step = 1}\n")
    with pytest.raises(FpbenchError, match="indexes has 61 settings, above 50"):
        config_with_sweep(options, {}, catalog)
