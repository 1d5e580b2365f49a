"""Every lie about an honest result that can be found is found; those that cannot be are told."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from lie_edits import Lie, apply
from possible_lies import POSSIBLE
from written_lies import LIES

from fpbench import Candidates, FpbenchError
from fpbench.cli import main
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence
from fpbench.evidence.tails import Tail
from fpbench.results.canonical import hash_document
from fpbench.results.files import parse_result
from fpbench.verification.checks import find_problems
from fpbench.verification.identity import find_form_problems
from fpbench.verification.submission import Submission
from fpbench.verification.validation import check_result

CONFIG = """
fingerprinter = "{fingerprinter}"
dataset = "folder:{music}"
generator = "gaussian"
sizes = [100, 1000]
beyond = [100000, 10000000]
indexes = ["exact", "ivf"]
index_options = {{ ivf = {{ nlist = "4", nprobe = "4" }} }}

[recipe]
n_queries = 40
query_length_s = 1.0
max_offset_s = 0.1
degradations = [{{ name = "gain" }}]
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, music: Path, small_sketch: str) -> Submission:
    """A result of two indexes and both kinds of distractors, simulated beyond."""
    folder = tmp_path_factory.mktemp("honest")
    config = folder / "c.toml"
    config.write_text(CONFIG.format(fingerprinter=small_sketch, music=music))
    out = folder / "r.json"
    shown = CliRunner().invoke(main, ["run", "--config", str(config), "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert check_result(out).lines() == []
    result = parse_result(json.loads(out.read_text()), str(out))
    evidence = {info.file: read_evidence(folder / info.file) for info in result.evidence}
    return Submission(path=out, result=result, evidence=evidence)


def first_problem(honest: Submission, lie: Lie, *, evidence_agrees: bool = False) -> str | None:
    """The first problem that is found, with the evidence in place."""
    document = json.loads(honest.path.read_text())
    before = copy.deepcopy(document)
    apply(lie, document)
    assert document != before, "this is no lie"
    if "/result_id" not in lie:
        document["result_id"] = hash_document(document)
    if any(pointer.startswith("/evidence") for pointer in lie):
        file = honest.path.with_name("lie.json")
        file.write_text(json.dumps(document))
        return next(map(str, check_result(file).problems), None)
    try:
        result = parse_result(document, "lie.json")
    except FpbenchError as err:
        return err.message
    evidence = {
        info.file: honest.evidence[info.file]
        for info in result.evidence
        if info.file in honest.evidence
    }
    lied = Submission(path=honest.path, result=result, evidence=evidence)
    problems = find_problems(lied, evidence_agrees=evidence_agrees)
    found = chain(find_form_problems(document, result), problems)
    return next(map(str, found), None)


def test_every_lie_is_found(honest: Submission) -> None:
    assert len(LIES) >= 116
    assert [name for name, lie in LIES.items() if first_problem(honest, lie) is None] == []


def test_lies_that_remain_possible_are_those_that_the_page_tells(honest: Submission) -> None:
    found = {
        name: first_problem(honest, lie, evidence_agrees=True) for name, lie in POSSIBLE.items()
    }
    assert [name for name, problem in found.items() if problem is not None] == []
    # The evidence contradicts none of them, which one look at all of them shows.
    assert (
        first_problem(honest, {k: v for lie in POSSIBLE.values() for k, v in lie.items()}) is None
    )
    page = Path(__file__).parents[2] / "leaderboard" / "README.md"
    if page.is_file():  # an installed package has no pages
        section = page.read_text().partition("## What cannot be verified")[2]
        fields = [
            ".".join(part for part in pointer.split("/")[1:] if not part.isdigit())
            for lie in POSSIBLE.values()
            for pointer in lie
        ]
        assert [field for field in fields if f"`{field}`" not in section] == []


Arrays = Callable[[Evidence], Evidence]


def with_reference(**changes: Callable[[np.ndarray], np.ndarray]) -> Arrays:
    """Evidence with changed candidates of the reference."""

    def change(evidence: Evidence) -> Evidence:
        parts = evidence.reference
        fields = {name: getattr(parts, name) for name in ("ids", "keys", "scores")}
        for name, how in changes.items():
            fields[name] = how(fields[name].copy())
        return replace(evidence, reference=Candidates(**fields))

    return change


def with_first_block(**changes: Callable[[np.ndarray], np.ndarray]) -> Arrays:
    """Evidence with changed candidates of the first block."""

    def change(evidence: Evidence) -> Evidence:
        parts = evidence.blocks[0]
        fields = {name: getattr(parts, name) for name in ("ids", "keys", "scores")}
        for name, how in changes.items():
            fields[name] = how(fields[name].copy())
        return replace(evidence, blocks=[Candidates(**fields), *evidence.blocks[1:]])

    return change


def at(where: Any, value: float) -> Callable[[np.ndarray], np.ndarray]:
    """An array with a value set."""

    def change(array: np.ndarray) -> np.ndarray:
        array[where] = value
        return array

    return change


def raise_by(term: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: array + np.float32(term)


def with_field(name: str, how: Callable[[np.ndarray], np.ndarray]) -> Arrays:
    return lambda evidence: replace(evidence, **{name: how(getattr(evidence, name).copy())})


def never_above(evidence: Evidence) -> Evidence:
    assert evidence.tail is not None
    log_p = np.full_like(evidence.tail.log_p, -1_000.0)
    return replace(evidence, tail=Tail(evidence.tail.tolerances_s, log_p))


def fewer_blocks(evidence: Evidence) -> Evidence:
    return replace(evidence, edges=evidence.edges[:-1], blocks=evidence.blocks[:-1])


def longer_lists(evidence: Evidence) -> Evidence:
    """Shortlists of one place less."""
    return replace(
        evidence,
        blocks=[Candidates(*(part[:, :-1] for part in _parts(b))) for b in evidence.blocks],
    )


def _parts(candidates: Candidates) -> tuple[np.ndarray, ...]:
    return candidates.ids, candidates.keys, candidates.scores


FORGED: Mapping[str, tuple[str, Arrays]] = {
    "an id beyond the reference": ("exact.real", with_reference(ids=at((0, 0), 10_000))),
    "an id twice": (
        "exact.real",
        with_reference(ids=lambda ids: ids[:, [0, *range(len(ids[0]) - 1)]]),
    ),
    "an id below -1": ("exact.real", with_reference(ids=at((0, 0), -2))),
    "a key that is not the score": ("exact.real", with_reference(keys=raise_by(0.1))),
    "keys that fall": ("exact.real", with_reference(keys=lambda keys: keys[:, ::-1])),
    "a score without its key": ("exact.real", with_reference(scores=at((0, 3), 0.99))),
    "an infinite score": ("exact.real", with_reference(scores=at((0, 0), np.inf))),
    "scores that another run has": (
        "exact.real",
        with_reference(scores=raise_by(0.1), keys=raise_by(-0.1)),
    ),
    "an empty place that exact search would fill": (
        "exact.real",
        with_reference(ids=at((0, -1), -1), keys=at((0, -1), np.inf), scores=at((0, -1), -np.inf)),
    ),
    "a negative distance": ("exact.real", with_field("distance_s", at((0, 0), -1.0))),
    "every candidate is a match": ("exact.real", with_field("distance_s", np.zeros_like)),
    "a score of the match that is higher": ("exact.real", with_field("match_score", raise_by(0.3))),
    "a score of the match that is lower": ("exact.real", with_field("match_score", raise_by(-0.3))),
    "scores of the match of all files": ("exact.synthetic", with_field("match_score", raise_by(1))),
    "foreign scores that are lower": ("exact.real", with_field("foreign_score", raise_by(-0.3))),
    "queries of other tracks": ("ivf.real", with_field("query_track", lambda t: t[::-1])),
    "an id beyond its block": ("exact.real", with_first_block(ids=at((0, 0), 10_000))),
    "distractors that score less": (
        "exact.real",
        with_first_block(scores=raise_by(-0.3)),
    ),
    "blocks of an approximate index without candidates": (
        "ivf.real",
        with_first_block(scores=at((0, 0), -np.inf)),
    ),
    "fewer blocks": ("exact.synthetic", fewer_blocks),
    "shorter shortlists": ("exact.real", longer_lists),
    "a simulation that no distractor disturbs": ("exact.synthetic", never_above),
    "a simulation of real distractors": (
        "exact.real",
        lambda e: replace(e, tail=Tail(np.array([0.25]), np.full((40, 1, 4), -9.0))),
    ),
    "no simulation": ("exact.synthetic", lambda evidence: replace(evidence, tail=None)),
}


def test_evidence_that_no_index_leaves_is_found(honest: Submission) -> None:
    accepted = []
    for name, (file, forge) in FORGED.items():
        evidence = dict(honest.evidence)
        changed = evidence[f"r.{file}.npz"]
        assert isinstance(changed, Evidence)
        evidence[f"r.{file}.npz"] = forge(changed)
        if next(find_problems(replace(honest, evidence=evidence)), None) is None:
            accepted.append(name)
    assert accepted == []


def test_evidence_of_other_distractors_is_found(honest: Submission) -> None:
    real, synthetic = "r.exact.real.npz", "r.exact.synthetic.npz"
    exchanged = {
        **honest.evidence,
        real: honest.evidence[synthetic],
        synthetic: honest.evidence[real],
    }
    assert next(find_problems(replace(honest, evidence=exchanged)), None) is not None
