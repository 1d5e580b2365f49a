"""An evidence file is read as it was written; a damaged or other file is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import Candidates, FpbenchError
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import read_evidence, write_evidence
from fpbench.evidence.tails import Tail

INF = np.inf


def candidates(*scores: float) -> Candidates:
    """Candidates of one query, by exact score."""
    exact = np.array([scores], dtype=np.float32)
    return Candidates(np.arange(len(scores))[None], -exact, exact)


def make_evidence() -> Evidence:
    return Evidence(
        query_track=np.array([0]),
        reference=candidates(0.5, 0.1, 0.0),
        distance_s=np.array([[0.0, INF, INF]]),
        match_score=np.array([0.5], dtype=np.float32),
        edges=np.array([0, 10, 20]),
        blocks=[candidates(0.4, 0.3), candidates(0.9, 0.0)],
    )


def test_a_file_gives_the_same_ranks_and_the_same_bytes(tmp_path: Path) -> None:
    write_evidence(tmp_path / "a.npz", make_evidence())
    again = read_evidence(tmp_path / "a.npz")
    assert isinstance(again, Evidence)
    assert again.ranks(range(2), 0.0).tolist() == [1]
    write_evidence(tmp_path / "b.npz", again)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_keys_are_written_where_they_are_not_the_negated_scores(tmp_path: Path) -> None:
    exact = make_evidence()
    write_evidence(tmp_path / "exact.npz", exact)
    assert not [name for name in np.load(tmp_path / "exact.npz").files if "keys" in name]
    again = read_evidence(tmp_path / "exact.npz")
    assert isinstance(again, Evidence)
    for part, before in zip(
        [again.reference, *again.blocks], [exact.reference, *exact.blocks], strict=True
    ):
        np.testing.assert_array_equal(part.keys, before.keys)
    block = exact.blocks[1]
    other = replace(
        exact, blocks=[exact.blocks[0], Candidates(block.ids, block.keys + 1, block.scores)]
    )
    write_evidence(tmp_path / "other.npz", other)
    again = read_evidence(tmp_path / "other.npz")
    assert isinstance(again, Evidence)
    np.testing.assert_array_equal(again.blocks[1].keys, block.keys + 1)
    np.testing.assert_array_equal(again.reference.keys, exact.reference.keys)


def test_a_file_holds_what_is_known_about_the_queries(tmp_path: Path) -> None:
    columns = {"track": ["Ä.flac"], "snr_db": [4.25]}
    write_evidence(tmp_path / "a.npz", replace(make_evidence(), queries=columns))
    assert read_evidence(tmp_path / "a.npz").queries == columns
    columns = {"track": ["/home/ann/Ä.flac"], "snr_db": [4.25]}
    write_evidence(tmp_path / "a.npz", replace(make_evidence(), queries=columns))
    assert read_evidence(tmp_path / "a.npz").queries == {"track": ["Ä.flac"], "snr_db": [4.25]}
    write_evidence(tmp_path / "old.npz", make_evidence())
    assert read_evidence(tmp_path / "old.npz").queries is None


def test_the_table_of_queries_has_a_line_for_each(tmp_path: Path) -> None:
    columns = {"track": ["a.flac", "b.flac"]}
    write_evidence(tmp_path / "a.npz", replace(make_evidence(), queries=columns))
    with pytest.raises(FpbenchError, match=r"queries\.track has 2 values for 1 queries"):
        read_evidence(tmp_path / "a.npz")


def test_a_file_holds_the_evidence_of_a_growing_index(tmp_path: Path) -> None:
    grown = GrownEvidence(
        query_track=np.array([0]),
        match_score=np.array([0.5], dtype=np.float32),
        sizes=(10, 20),
        candidates=(candidates(0.5, 0.4), candidates(0.6, 0.5)),
        distances_s=(np.array([[0.0, INF]]), np.array([[INF, 0.0]])),
    )
    write_evidence(tmp_path / "a.npz", grown)
    again = read_evidence(tmp_path / "a.npz")
    assert isinstance(again, GrownEvidence)
    assert [again.ranks(size, 0.0).tolist() for size in (10, 20)] == [[0], [1]]


def with_another_method(archive: bytes) -> bytes:
    """An archive whose first file claims an unknown compression method."""
    at = archive.index(b"PK\x01\x02") + 10
    return archive[:at] + bytes([99, 0]) + archive[at + 2 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda archive: archive[:-100], id="cut"),
        pytest.param(with_another_method, id="unknown compression"),
    ],
)
def test_refuses_a_damaged_file(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    write_evidence(tmp_path / "a.npz", make_evidence())
    (tmp_path / "b.npz").write_bytes(damage((tmp_path / "a.npz").read_bytes()))
    with pytest.raises(FpbenchError, match=r"cannot read evidence from .*b\.npz"):
        read_evidence(tmp_path / "b.npz")


def test_refuses_an_array_that_is_not_an_archive(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(FpbenchError, match=r"cannot read evidence from .*a\.npz: .*not a zip"):
        read_evidence(tmp_path / "a.npz")


def test_refuses_an_archive_of_other_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", vectors=np.zeros(3))
    with pytest.raises(FpbenchError, match="is not an evidence file: it holds vectors"):
        read_evidence(tmp_path / "a.npz")


def test_refuses_blocks_that_do_not_fit_the_edges(tmp_path: Path) -> None:
    write_evidence(tmp_path / "a.npz", make_evidence())
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "b.npz", **{**arrays, "edges": np.array([0, 10])})
    with pytest.raises(FpbenchError, match="is inconsistent: block_ids"):
        read_evidence(tmp_path / "b.npz")


def grown_evidence() -> GrownEvidence:
    return GrownEvidence(
        query_track=np.array([0]),
        match_score=np.array([0.5], dtype=np.float32),
        sizes=(10,),
        candidates=(candidates(0.5, 0.4),),
        distances_s=(np.array([[0.0, INF]]),),
    )


@pytest.mark.parametrize("make", [make_evidence, grown_evidence])
def test_a_file_holds_the_groups_of_the_queries(
    tmp_path: Path, make: Callable[[], Evidence | GrownEvidence]
) -> None:
    write_evidence(tmp_path / "old.npz", make())
    old = read_evidence(tmp_path / "old.npz")
    assert old.query_group is None
    assert old.clusters.tolist() == [0]
    write_evidence(tmp_path / "a.npz", replace(make(), query_group=np.array([7])))
    assert read_evidence(tmp_path / "a.npz").clusters.tolist() == [7]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        pytest.param([1, 2], r"query_group has the shape \(2,\)", id="too many"),
        pytest.param([1.0], "query_group is float64", id="type"),
    ],
)
def test_refuses_impossible_groups(tmp_path: Path, groups: list[float], message: str) -> None:
    write_evidence(tmp_path / "a.npz", make_evidence())
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "b.npz", **arrays, query_group=np.array(groups))
    with pytest.raises(FpbenchError, match=message):
        read_evidence(tmp_path / "b.npz")


def test_refuses_a_track_of_two_groups(
    tmp_path: Path, evidence_of: Callable[..., Evidence]
) -> None:
    evidence = evidence_of([[0, 0, 0]], track=[0, 0, 1])
    write_evidence(tmp_path / "a.npz", replace(evidence, query_group=np.array([0, 0, 0])))
    assert read_evidence(tmp_path / "a.npz").clusters.tolist() == [0, 0, 0]
    write_evidence(tmp_path / "a.npz", replace(evidence, query_group=np.array([0, 1, 1])))
    with pytest.raises(FpbenchError, match="query_group has two groups of one track"):
        read_evidence(tmp_path / "a.npz")


def test_a_file_holds_the_tracks_of_real_distractors(tmp_path: Path) -> None:
    tracks = DistractorTracks(track=np.arange(20) // 5, group=np.arange(20) // 10)
    write_evidence(tmp_path / "a.npz", replace(make_evidence(), distractor_tracks=tracks))
    again = read_evidence(tmp_path / "a.npz")
    assert isinstance(again, Evidence)
    assert again.distractor_tracks is not None
    assert (again.distractor_tracks.tracks, again.distractor_tracks.groups) == (4, 2)
    write_evidence(tmp_path / "b.npz", again)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    write_evidence(tmp_path / "old.npz", make_evidence())
    old = read_evidence(tmp_path / "old.npz")
    assert isinstance(old, Evidence)
    assert old.distractor_tracks is None


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        pytest.param(
            DistractorTracks(track=np.arange(7)), r"distractor_track has the shape", id="too few"
        ),
        pytest.param(
            DistractorTracks(track=np.zeros(20, dtype=int), group=np.arange(20)),
            "distractor_group has two groups of one track",
            id="two groups",
        ),
    ],
)
def test_refuses_impossible_tracks_of_distractors(
    tmp_path: Path, tracks: DistractorTracks, message: str
) -> None:
    write_evidence(tmp_path / "a.npz", replace(make_evidence(), distractor_tracks=tracks))
    with pytest.raises(FpbenchError, match=message):
        read_evidence(tmp_path / "a.npz")


def test_thresholds_of_a_tail_are_kept_and_checked(
    tmp_path: Path, evidence_of: Callable[..., Evidence]
) -> None:
    thresholds = np.array([0.1, 0.3, 0.5])
    log_p = -np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    tail = Tail(np.array([np.inf]), np.full((2, 1, 2), -3.0), thresholds, log_p)
    evidence = replace(evidence_of([[1, 0]], track=[0, 1]), tail=tail)
    path = tmp_path / "e.npz"
    write_evidence(path, evidence)
    again = read_evidence(path)
    assert isinstance(again, Evidence)
    assert again.tail is not None
    np.testing.assert_array_equal(again.tail.thresholds, thresholds)
    np.testing.assert_array_equal(again.tail.threshold_log_p, log_p)
    for changed, problem in (
        (replace(tail, thresholds=thresholds[::-1]), "do not increase"),
        (replace(tail, threshold_log_p=-log_p), "impossible values"),
    ):
        write_evidence(path, replace(evidence, tail=changed))
        with pytest.raises(FpbenchError, match=problem):
            read_evidence(path)


def test_refuses_absent_queries_whose_tail_has_other_thresholds(tmp_path: Path) -> None:
    evidence = replace(make_evidence(), foreign_score=np.array([0.1], dtype=np.float32))

    def tail(*thresholds: float, replicates: int = 2) -> Tail:
        at = np.array(thresholds)
        known = np.full((1, len(at), replicates), -3, dtype=np.float32)
        return Tail(np.array([INF]), np.full((1, 1, replicates), -3.0), at, known)

    absent = replace(evidence, match_score=np.array([-INF], dtype=np.float32))
    found = {}
    for name, own in {
        "same": tail(0.2, 0.3),
        "none": None,
        "other": tail(0.2, 0.4),
        "fewer": tail(0.2),
        "replicates": tail(0.2, 0.3, replicates=3),
    }.items():
        path = tmp_path / f"{name}.npz"
        both = replace(evidence, tail=tail(0.2, 0.3), absent=replace(absent, tail=own))
        write_evidence(path, both)
        try:
            found[name] = isinstance(read_evidence(path), Evidence)
        except FpbenchError as err:
            found[name] = "thresholds" not in str(err)
    assert found == {
        "same": True,
        "none": False,
        "other": False,
        "fewer": False,
        "replicates": False,
    }
