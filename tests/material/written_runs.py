"""Results and the evidence beside them, small enough to be worked out by hand."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fidelity_blocks import fidelity

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import evidence_name, write_evidence
from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves, is_searched
from fpbench.hashing import file_sha256
from fpbench.results.canonical import hash_document
from fpbench.results.data import DataInfo
from fpbench.results.document import ESTIMATOR, EvidenceInfo, Result
from fpbench.results.files import read_result, write_result
from fpbench.results.indexes import IndexInfo
from fpbench.results.systems import CheckInfo

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"
RECIPE = {"n_queries": 4, "query_length_s": 1.0}

Searches = Mapping[tuple[str, str], Evidence]


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a result and its evidence."""

    def write(
        name: str, searches: Searches, sizes: list[int], wanted: list[int], **changes: Any
    ) -> Path:
        path = tmp_path / f"{name}.json"
        write_result(_result(path, searches, sizes, wanted, changes), path)
        return path

    return write


def _result(
    path: Path, searches: Searches, sizes: list[int], wanted: list[int], changes: dict[str, Any]
) -> Result:
    """Of four queries from two tracks.

    Args:
        searches: Evidence by index and kind of distractors; its files are written.
        sizes: At which curves are read off.
        wanted: The sizes of the config.
        changes: Parts of the result that are not as in the golden one.
    """
    base = replace(read_result(GOLDEN), **changes)
    searched = [n for n in sizes if all(is_searched(one, n) for one in searches.values())]
    ends_early = max(wanted) > max(searched)
    base = replace(base, data=_data(base, max(searched) if ends_early else None))
    kinds_of_all = {kind for _, kind in searches}
    infos, curves, indexes = [], [], []
    for (index, distractors), evidence in searches.items():
        file = path.with_name(evidence_name(path.stem, index, distractors))
        write_evidence(file, evidence)
        infos.append(EvidenceInfo(file=file.name, sha256=file_sha256(file)))
        labels = CurveLabels(
            distractors=distractors,
            index=index,
            tolerance_s=0.25,
            query_length_s=1.0,
            n_reference=base.data.reference_fingerprints,
            hop_s=base.fingerprinter.hop_s,
            seed=0,
            estimator=changes.get("estimator", ESTIMATOR),
        )
        curves += hit_rate_curves(evidence, sizes, labels)
        effective = {"shortlist": _shortlist(evidence)}
        indexes.append(
            IndexInfo(name=index, distractors=distractors, requested={}, effective=effective)
        )
    kinds = {index: {kind for i, kind in searches if i == index} for index, _ in searches}
    gaps = [
        gap
        for index in kinds
        if kinds[index] == {"real", "synthetic"}
        for gap in hit_rate_gaps(
            SearchedSizes(searches[index, "real"], sizes),
            SearchedSizes(searches[index, "synthetic"], sizes),
            index=index,
            tolerance_s=0.25,
            seed=0,
        )
    ]
    return replace(
        base,
        gaps=gaps or (),
        status="partial" if ends_early and kinds_of_all == {"real"} else "complete",
        check=CheckInfo(passed=True, broken={}),
        queries=replace(base.queries, n=4, tracks=2, recipe=RECIPE),
        fidelity=fidelity(hit_rates=(), query_clusters=None, real_clusters=None)
        if "synthetic" in kinds_of_all
        else None,
        curves=curves,
        indexes=indexes,
        evidence=infos,
        estimator=changes.get("estimator", ESTIMATOR),
        config={
            "seed": 0,
            "sizes": wanted if ends_early else searched,
            **({"beyond": beyond} if (beyond := [n for n in sizes if n not in searched]) else {}),
            "distractors": "both" if len(kinds_of_all) > 1 else min(kinds_of_all),
            "indexes": list(dict.fromkeys(index for index, _ in searches)),
            "tolerance_s": 0.25,
            "dataset": base.data.name,
            "recipe": RECIPE,
            "fingerprinter": base.fingerprinter.name,
            "generator": base.generator.name if base.generator else None,
        },
    )


def _data(base: Result, distractors: int | None) -> DataInfo:
    """The dataset, which says nothing of tracks, with so many distractors."""
    data = replace(base.data, reference_tracks=0)
    if distractors is None:
        return data
    hours = distractors * base.fingerprinter.hop_s / 3600
    return replace(
        data, distractor_fingerprints=distractors, distractor_hours=hours, distractor_tracks=1
    )


def _shortlist(evidence: Evidence | GrownEvidence) -> int:
    if isinstance(evidence, GrownEvidence):
        return int(evidence.candidates[0].ids.shape[1])
    return evidence.shortlist


def fill_candidates(evidence: Evidence) -> Evidence:
    """Evidence whose empty places hold rows of other tracks, with low scores, as search does."""
    reference, columns = evidence.reference, np.arange(evidence.reference.ids.shape[1])
    empty = reference.ids < 0
    scores = np.where(empty, np.float32(0.05) - columns.astype(np.float32) / 1000, reference.scores)
    return replace(
        evidence,
        reference=Candidates(np.where(empty, columns, reference.ids), -scores, scores),
    )


@pytest.fixture
def alter() -> Callable[[Path, Callable[[dict[str, Any]], None]], None]:
    """Changes the JSON document in a file, as a liar would: with the hash of the new document."""

    def change(path: Path, how: Callable[[dict[str, Any]], None]) -> None:
        document = json.loads(path.read_text())
        how(document)
        with suppress(ValueError):  # what is no number has no hash
            document["result_id"] = hash_document(document)
        path.write_text(json.dumps(document))

    return change
