"""Labels of systems with the same name give their differences, and no more."""

import dataclasses

import pytest

from fpbench.results.document import Interval, Point
from fpbench.results.names import metric_label, rate_label, system_label
from fpbench.results.systems import FingerprinterInfo

NAFP = FingerprinterInfo(
    name="nafp",
    distribution="fpbench-audio",
    version="0.1.0",
    source_sha256="1" * 64,
    weights_sha256=None,
    options={},
    device="cpu",
    dtype="float32",
    sample_rate_hz=8_000,
    segment_s=1.0,
    hop_s=0.5,
    dim=128,
    bytes_per_hour=3_686_400.0,
)


def labels(*systems: FingerprinterInfo, dtype: bool = True) -> list[str]:
    return [system_label(system, systems, dtype=dtype) for system in systems]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        pytest.param({}, ["nafp", "nafp"], id="nothing"),
        pytest.param(
            {"weights_sha256": "12345678" * 8},
            ["nafp (weights as shipped)", "nafp (weights 12345678)"],
            id="weights",
        ),
        pytest.param({"options": {"width": "32"}}, ["nafp", "nafp (width=32)"], id="option"),
        pytest.param({"dtype": "bfloat16"}, ["nafp (float32)", "nafp (bfloat16)"], id="dtype"),
        pytest.param(
            {"version": "9"},
            ["nafp (fpbench-audio 0.1.0)", "nafp (fpbench-audio 9)"],
            id="version",
        ),
        pytest.param({"source_sha256": "2" * 64}, ["nafp", "nafp"], id="source of a version"),
        pytest.param({"device": "cuda"}, ["nafp", "nafp"], id="device"),
        pytest.param({"name": "nmfp", "dtype": "bfloat16"}, ["nafp", "nmfp"], id="name"),
        pytest.param(
            {"weights_sha256": "12345678" * 8, "options": {"width": "32", "depth": "2"}},
            ["nafp (weights as shipped)", "nafp (weights 12345678, depth=2, width=32)"],
            id="several",
        ),
    ],
)
def test_a_label_gives_what_differs(changes: dict[str, object], names: list[str]) -> None:
    assert labels(NAFP, dataclasses.replace(NAFP, **changes)) == names


def test_two_versions_of_a_file_differ_by_source() -> None:
    # The version of a file never changes.
    first = dataclasses.replace(NAFP, distribution="mymodel.py", version="-")
    second = dataclasses.replace(first, source_sha256="2" * 64)
    assert labels(first, second) == ["nafp (source 11111111)", "nafp (source 22222222)"]


def test_the_dtype_is_optional() -> None:
    assert labels(NAFP, dataclasses.replace(NAFP, dtype="bfloat16"), dtype=False) == ["nafp"] * 2


def test_a_single_system_has_its_plain_name() -> None:
    assert labels(dataclasses.replace(NAFP, options={"width": "32"})) == ["nafp"]


def test_the_label_of_a_metric_gives_the_tolerance() -> None:
    # Plus-minus is not ASCII, as on the leaderboard.
    assert metric_label("hr@1", 0.25) == "HR@1 \u00b10.25 s"
    assert metric_label("hr@10", 2.0) == "HR@10 \u00b12 s"
    assert metric_label("hr@3", None) == "HR@3 track"


def test_an_interval_without_width_is_none() -> None:
    ci = Interval(level=0.95, low=0.6, high=0.75, method="")
    point = Point(
        n_distractors=10,
        n_reference=1,
        hours=1.0,
        value=0.675,
        std=None,
        repeats=1,
        n_queries=40,
        ci=ci,
    )
    assert rate_label(point) == "67.5 (60.0–75.0)"  # noqa: RUF001
    certain = dataclasses.replace(ci, low=0.675, high=0.675)
    assert rate_label(dataclasses.replace(point, ci=certain)) == "67.5 (no interval)"
