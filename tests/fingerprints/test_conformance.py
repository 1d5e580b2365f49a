"""The conformance checks pass a correct fingerprinter, and name the rule that another breaks."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench import Fingerprints, FingerprintSpec, Samples, Segments, Vectors
from fpbench.fingerprints.conformance import run_checks

SPEC = FingerprintSpec(sample_rate_hz=1_000, segment_s=1.0, dim=3)


def thirds(segments: Segments) -> Vectors:
    """The levels of three thirds of each segment, as unit vectors; zeros for silence."""
    parts = [np.square(part).mean(axis=1) for part in np.array_split(segments, 3, axis=1)]
    levels = np.stack(parts, axis=1)
    return levels / np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-30)


class Correct:
    def __init__(self, **changes: object) -> None:
        self.spec = replace(SPEC, **changes)

    def embed(self, segments: Segments, /) -> Vectors:
        return thirds(segments)


class WrongDtype(Correct):
    def embed(self, segments: Segments, /) -> object:
        return thirds(segments).astype(np.float64)


class WrongShape(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        return thirds(segments)[:, :2] * np.float32(1)


class GivesNan(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        return thirds(segments) * np.float32(np.nan)


class NotNormalised(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        return thirds(segments) * np.float32(2)


class NotDeterministic(Correct):
    calls = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self.calls += 1
        return np.roll(thirds(segments), self.calls, axis=1)


class DependsOnTheBatch(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        return thirds(np.square(segments) + 0.1 * np.square(segments).max())


class TakesFour(Correct):
    def __init__(self) -> None:
        super().__init__(batch_segments=4)

    def embed(self, segments: Segments, /) -> Vectors:
        if len(segments) > 4:
            raise ValueError(f"{len(segments)} segments are too many")
        return thirds(segments)


class WritesToItsInput(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        segments *= 2
        return thirds(segments)


class NanOnSilence(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        vectors = thirds(segments)
        vectors[np.linalg.norm(vectors, axis=1) == 0] = np.nan
        return vectors


class Raises(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        raise ValueError("boom")


class WholeTrack:
    """Cuts segments itself, every ``hop_s`` seconds whatever its spec says."""

    def __init__(self, hop_s: float = 0.5) -> None:
        self.spec = replace(SPEC, front_end="track")
        self._hop_s = hop_s

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        start_s = np.arange(0, len(samples) / 1_000 - 1 + 1e-9, self._hop_s)
        rows = [samples[round(s * 1_000) : round(s * 1_000) + 1_000] for s in start_s]
        return Fingerprints(thirds(np.stack(rows)), start_s)


@pytest.mark.parametrize(
    "fingerprinter",
    [
        pytest.param(Correct(), id="segment-wise"),
        pytest.param(Correct(short="pad", hop_s=0.1), id="pads"),
        pytest.param(NotNormalised(unit_norm=False), id="no unit norm declared"),
        pytest.param(DependsOnTheBatch(batch_segments=4), id="batch declared"),
        pytest.param(TakesFour(), id="no more than the batch declared"),
        pytest.param(WholeTrack(), id="track-wise"),
    ],
)
def test_passes_a_correct_fingerprinter(fingerprinter: object, rng: np.random.Generator) -> None:
    outcomes = run_checks(fingerprinter, "mine", rng)
    assert [(one.name, one.detail) for one in outcomes if not one.passed] == []


@pytest.mark.parametrize(
    ("fingerprinter", "broken"),
    [
        pytest.param(WrongDtype(), {"dtype"}, id="dtype"),
        pytest.param(WrongShape(), {"shape"}, id="shape"),
        pytest.param(GivesNan(), {"finite", "silence"}, id="nan"),
        pytest.param(NotNormalised(), {"unit norm"}, id="norm"),
        pytest.param(NotDeterministic(), {"determinism"}, id="determinism"),
        pytest.param(DependsOnTheBatch(), {"batch invariance"}, id="batch"),
        pytest.param(WritesToItsInput(), {"input unchanged"}, id="writes"),
        pytest.param(NanOnSilence(), {"silence"}, id="silence"),
        pytest.param(WholeTrack(hop_s=0.4), {"hop"}, id="hop"),
    ],
)
def test_names_the_broken_rule(
    fingerprinter: object, broken: set[str], rng: np.random.Generator
) -> None:
    outcomes = run_checks(fingerprinter, "mine", rng)
    failed = {one.name for one in outcomes if not one.passed}
    assert broken <= failed


@pytest.mark.parametrize("wrong", [GivesNan(), WritesToItsInput(), NanOnSilence(), NotNormalised()])
def test_other_rules_still_pass(wrong: object, rng: np.random.Generator) -> None:
    passed = {one.name for one in run_checks(wrong, "mine", rng) if one.passed}
    assert {"spec", "dtype", "shape"} <= passed


def test_an_exception_is_part_of_the_detail(rng: np.random.Generator) -> None:
    outcomes = {one.name: one for one in run_checks(Raises(), "mine", rng)}
    assert "plugin 'mine' failed" in outcomes["shape"].detail
    assert "ValueError: boom" in outcomes["shape"].detail
    assert outcomes["spec"].passed


def test_the_speed_is_measured_only_where_it_is_wanted(rng: np.random.Generator) -> None:
    assert run_checks(Correct(), "mine", rng)[-1].name == "throughput"
    assert run_checks(Correct(), "mine", rng, speed=False)[-1].name == "hop"


def test_few_calls_check_every_rule(rng: np.random.Generator) -> None:
    class Counts(Correct):
        rows = 0

        def embed(self, segments: Segments, /) -> Vectors:
            self.rows += len(segments)
            return thirds(segments)

    counts = Counts()
    run_checks(counts, "mine", rng, speed=False)
    # six recordings of 11 segments, 4 of them alone, and silence
    assert counts.rows <= 6 * 11 + 4 + 5
