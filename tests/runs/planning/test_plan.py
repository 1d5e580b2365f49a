"""A plan is refused where it cannot fit, and leaves out what is done."""

import os
from collections import namedtuple
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.needs import Need
from fpbench.runs.planning.plan import Plan, make_plan, refuse_what_cannot_fit
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared


def make_need(stage: str, disk_bytes: float, *, in_result: bool = False) -> Need:
    return Need(
        stage=stage,
        work="",
        seconds=1.0,
        memory_bytes=0.0,
        disk_bytes=disk_bytes,
        in_result=in_result,
    )


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Free bytes by the name of a folder, each on a disk of its own."""
    free: dict[str, float] = {}
    usage = namedtuple("usage", ["free"])
    real = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        result = real(path, **options)
        if isinstance(path, Path) and path.name in free:
            return os.stat_result((*result[:2], list(free).index(path.name), *result[3:10]))
        return result

    monkeypatch.setattr("fpbench.runs.planning.plan.os.stat", stat)
    monkeypatch.setattr(
        "fpbench.runs.planning.plan.shutil.disk_usage",
        lambda folder: usage(free[Path(folder).name]),
    )
    return free


def test_the_size_of_the_cache_is_subtracted_from_the_need(
    tmp_path: Path, disk: dict[str, float]
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "out").mkdir()
    plan = Plan([make_need("search", 6_000.0, in_result=True)])
    places = Store(tmp_path / "cache"), tmp_path / "out" / "r.json"
    disk |= {"cache": 4_000.0, "out": 7_000.0}
    with pytest.raises(FpbenchError, match="cache has 4 kB free"):
        refuse_what_cannot_fit(plan, *places)
    (tmp_path / "cache" / "candidates").write_bytes(os.urandom(5_500))
    refuse_what_cannot_fit(plan, *places)
    disk["out"] = 5_000.0
    with pytest.raises(FpbenchError) as refused:
        refuse_what_cannot_fit(plan, *places)
    assert "--out on a larger disk" in refused.value.hint


def test_only_evidence_must_fit_beside_the_result(tmp_path: Path, disk: dict[str, float]) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "out").mkdir()
    disk |= {"cache": 9_000.0, "out": 2_000.0}
    needs = [
        make_need("fingerprint", 6_000.0),
        make_need("search", 1_000.0, in_result=True),
    ]
    refuse_what_cannot_fit(Plan(needs), Store(tmp_path / "cache"), tmp_path / "out" / "r.json")


def test_cache_and_result_share_the_disk_that_both_are_on(
    tmp_path: Path, disk: dict[str, float]
) -> None:
    plan = Plan([make_need("search", 71e9, in_result=True)])
    places = Store(tmp_path / "cache"), tmp_path / "out" / "r.json"
    disk[tmp_path.name] = 79e9
    with pytest.raises(FpbenchError, match=r"needs 142\.0 GB .*cache and .*out has 79\.0 GB") as no:
        refuse_what_cannot_fit(plan, *places)
    assert "--cache or --out on a larger disk" in no.value.hint
    disk[tmp_path.name] = 142e9
    refuse_what_cannot_fit(plan, *places)


def test_files_in_the_cache_make_no_room_for_the_result(
    tmp_path: Path, disk: dict[str, float]
) -> None:
    (tmp_path / "candidates").write_bytes(bytes(9_000))
    disk[tmp_path.name] = 5_000.0
    plan = Plan([make_need("search", 6_000.0, in_result=True)])
    with pytest.raises(FpbenchError, match="on disk"):
        refuse_what_cannot_fit(plan, Store(tmp_path), tmp_path / "r.json")
    disk[tmp_path.name] = 6_000.0
    refuse_what_cannot_fit(plan, Store(tmp_path), tmp_path / "r.json")


@pytest.mark.slow
def test_a_finished_run_costs_nothing(prepared: Callable[..., PreparedRun], tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    prepared()  # what an index imports when it is first created is part of its identity
    run = replace(prepared(distractors="both", sizes=(100,)), store=store)
    before = {need.stage: need.seconds for need in make_plan(run).needs}
    assert before["search exact, real"] > 0
    assert before["draw gaussian"] > 0
    run_prepared(run, tmp_path / "result.json", "a test", stage)
    again = replace(prepared(distractors="both", sizes=(100,)), store=store)
    assert {n.stage: n.seconds for n in make_plan(again).needs if n.seconds} == {}
    larger = replace(prepared(distractors="both", sizes=(100, 500)), store=store)
    after = {need.stage: need.seconds for need in make_plan(larger).needs}
    assert after["fit gaussian"] == 0
    assert after["draw gaussian"] > 0


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)
