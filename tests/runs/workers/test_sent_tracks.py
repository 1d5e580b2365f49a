"""Tracks have equal fingerprints, whoever makes them; who would make others is refused."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from here_workers import HereWorkers

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.workers import sent_tracks
from fpbench.runs.workers.sent_tracks import with_track_workers
from fpbench.search.engines.orders import Done, Order, SentWork, UnseenFilesError
from fpbench.search.engines.ray_cluster import open_cluster
from fpbench.search.engines.ray_workers import RayWorkers


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.fixture(autouse=True)
def _short_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tracks of ten seconds in an order, instead of minutes."""
    monkeypatch.setattr(sent_tracks, "_ORDER_S", 15.0)


def fingerprint(prepared: PreparedRun, workers: Any, folder: Path) -> dict[str, bytes]:
    """The files of the cache after fingerprinting with some workers."""
    run = with_track_workers(replace(prepared, store=Store(folder)), workers)
    run.source.build_inputs(run.store, stage)
    kinds = ("tracks", "sets")
    files = [path for kind in kinds for path in (folder / kind).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def serial(prepared: Callable[..., PreparedRun], tmp_path: Path) -> dict[str, bytes]:
    """What one process makes."""
    files = fingerprint(prepared(), None, tmp_path / "serial")
    assert len([name for name in files if name.startswith("tracks")]) == 24
    return files


@pytest.mark.slow
def test_what_was_sent_makes_the_same_in_any_order(
    prepared: Callable[..., PreparedRun], serial: dict[str, bytes], tmp_path: Path
) -> None:
    workers = HereWorkers()
    assert fingerprint(prepared(), workers, tmp_path / "sent") == serial
    assert workers.carried_out == 4 + 8


@pytest.mark.slow
def test_tracks_that_a_worker_cannot_read_are_left_to_the_sender(
    prepared: Callable[..., PreparedRun], serial: dict[str, bytes], tmp_path: Path
) -> None:
    class Half(HereWorkers):
        def carry_out(
            self, work: SentWork, orders: Sequence[Order], *, in_order: bool = False
        ) -> Iterator[Done]:
            changed = [Order([(t, f"{h}x") for t, h in one.content], 1) for one in orders[::2]]
            yield from super().carry_out(work, [*changed, *orders[1::2]])

    assert fingerprint(prepared(), Half(), tmp_path / "sent") == serial


@pytest.mark.slow
def test_a_machine_without_the_recordings_takes_no_part(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    def elsewhere(work: Any) -> Any:
        track, audio_hash = work.first
        return replace(work, first=(replace(track, path=tmp_path / "gone.wav"), audio_hash))

    with pytest.raises(UnseenFilesError, match=r"it does not see .*gone\.wav"):
        fingerprint(prepared(), HereWorkers(elsewhere), tmp_path / "sent")


@pytest.mark.slow
def test_a_worker_that_makes_others_is_refused_by_name(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    def other(work: Any) -> Any:
        return replace(work, system=replace(work.system, probe=""))

    with pytest.raises(FpbenchError, match="a worker has another fingerprinter 'small-sketch'"):
        fingerprint(prepared(), HereWorkers(other), tmp_path / "sent")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_workers_of_ray_make_the_same_though_one_is_killed(
    prepared: Callable[..., PreparedRun],
    serial: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from sent_parts import MortalWork

    made = sent_tracks._send_fingerprinter

    def mortal(*arguments: Any) -> Any:
        return MortalWork(made(*arguments), tmp_path / "killed")

    monkeypatch.setattr(sent_tracks, "_send_fingerprinter", mortal)
    with open_cluster(None, 2, on_gpus=False) as cluster:
        assert fingerprint(prepared(), RayWorkers(cluster), tmp_path / "ray") == serial
    assert caplog.text.count("has died and is replaced") == 1
