"""The protocols: what the authors' scripts measure, and with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from fpbench.conversion import suggest
from fpbench.errors import FpbenchError

Count = Annotated[int, Meta(ge=1)]
Tempo = Annotated[float, Meta(gt=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSettings:
    """Settings of the search that the NAFP family shares.

    Args:
        neighbours: Nearest rows that each fingerprint of a query proposes.
        max_train: Largest number of distractors that an index is trained on.
        retrain: Whether the index is trained on the distractors of each size, as a run of the
            authors' script with this size would; or once, on those of the largest.
    """

    neighbours: Count = 20
    max_train: Count = 10_000_000
    retrain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings(SequenceSettings):
    """Settings of the evaluation of arXiv 2509.18620.

    Args:
        tempo: Rows of the reference for each row of the queries; None takes their ratio.
        repeats: Number of random parts of the real distractors, at each size below all of them, or
            of independent draws of synthetic ones.
    """

    tempo: Tempo | None = None
    repeats: Count = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NmfpSettings(SequenceSettings):
    """Settings of NMFP's evaluation.

    Args:
        step: Fingerprints from one query of a recording to the next.
    """

    step: Count = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakNetFpSettings(SequenceSettings):
    """Settings of PeakNetFP's evaluation.

    Args:
        tempo: Factor by which queries are faster than the reference; None takes it from the name of
            their folder, such as ``tempo-0_900``, or 1 if there are as many rows of both.
    """

    tempo: Tempo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """An evaluation of the authors of a system.

    Args:
        version: A change that can change a number gives it another version.
        source: The authors' script, with its commit.
        query_lengths_s: Lengths of queries in their tables.
        index_options: Settings of indexes where they differ from fpbench's own, by name of the
            index. The first index is the default.
        test_ids: Default choice of start rows.
        official_seed: Seed of NumPy's old generator with which the script draws a number of start
            rows; None if the script does not seed it, so that the seed of the run decides.
        needs_distractors: Whether a run without real distractors must say that it wants none; else
            the authors' data have none.
        nominal_hop_s: Hop by which the authors count the fingerprints of a query, by the exact hop.
        settings: Its own settings.
    """

    version: int
    source: str
    query_lengths_s: tuple[float, ...]
    index_options: Mapping[str, Mapping[str, str]]
    test_ids: str
    official_seed: int | None = None
    needs_distractors: bool = True
    nominal_hop_s: Mapping[float, float] = field(default_factory=dict)
    settings: Any = field(default_factory=SequenceSettings)

    def hop_s(self, exact_s: float) -> float:
        """The hop by which the authors count the fingerprints of a query."""
        return next(
            (hop for exact, hop in self.nominal_hop_s.items() if abs(exact - exact_s) < 1e-4),
            exact_s,
        )


ICASSP = "icassp"
ALL = "all"

_OF_NAFP: Mapping[str, Mapping[str, str]] = {
    "ivfpq": {"nlist": "256", "nprobe": "40"},
    "ivf": {"nlist": "400", "nprobe": "40"},
    "ivfpq-rr": {"nlist": "256", "nprobe": "40"},
    "hnsw": {"links": "16", "ef_construction": "80"},
}

PROTOCOLS: Mapping[str, Protocol] = {
    "nafp": Protocol(
        version=1,
        source="github.com/mimbres/neural-audio-fp @ b724e512, evaluation script",
        query_lengths_s=(1.0, 2.0, 3.0, 5.0, 6.0, 10.0),
        index_options=_OF_NAFP,
        test_ids=ICASSP,
    ),
    "grafprint": Protocol(
        version=1,
        source="github.com/chymaera96/GraFP @ 94665af, evaluation script",
        query_lengths_s=(1.0, 2.0, 3.0, 5.0),
        index_options={
            "ivfpq": {"nlist": "64", "nprobe": "20"},
            "ivf": {"nlist": "400", "nprobe": "20"},
            "ivfpq-rr": {"nlist": "64", "nprobe": "20"},
            "hnsw": {"links": "16", "ef_construction": "80"},
            "lsh": {"bits": "256"},
        },
        test_ids=ALL,
        official_seed=42,
        # The spectrogram gives a hop of 96 ms, and the script counts with 100 ms.
        nominal_hop_s={0.096: 0.1},
    ),
    "nmfp": Protocol(
        version=1,
        source="github.com/raraz15/neural-music-fp @ d12cba94, evaluation script",
        query_lengths_s=(1.0, 2.0, 3.0, 5.0, 10.0),
        index_options={
            "ivfpq": {"nlist": "256", "nprobe": "40"},
            "ivf": {"nlist": "512", "nprobe": "40"},
        },
        test_ids=ALL,
        needs_distractors=False,
        settings=NmfpSettings(),
    ),
    "peaknetfp": Protocol(
        version=1,
        source="github.com/guillemcortes/peaknetfp @ d55071a6, evaluation script",
        query_lengths_s=(1.0, 2.0, 3.0, 5.0, 6.0, 10.0),
        index_options=_OF_NAFP,
        test_ids=ICASSP,
        settings=PeakNetFpSettings(),
    ),
    "paper": Protocol(
        version=1,
        source="github.com/chymaera96/audio-id-at-scale @ 06031c53, evaluation, and its driver @ "
        "069c8e9c",
        query_lengths_s=(1.0,),
        index_options={"ivfpq": {"nlist": "64", "nprobe": "20"}},
        test_ids=ALL,
        settings=PaperSettings(),
    ),
}


def find_protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        FpbenchError: There is none.
    """
    if name not in PROTOCOLS:
        raise FpbenchError(
            f"no protocol is called '{name}'",
            hint=f"{suggest(name, PROTOCOLS)}protocols: {', '.join(PROTOCOLS)}",
        )
    return PROTOCOLS[name]


def protocol_settings(name: str) -> dict[str, Any]:
    """Settings of a run by the protocol, as a table that a config file could have.

    Raises:
        FpbenchError: There is no such protocol.
    """
    protocol = find_protocol(name)
    return {
        "distractors": "real",
        "indexes": (next(iter(protocol.index_options)),),
        "query_lengths_s": protocol.query_lengths_s,
    }
