"""Query recipes: how queries are drawn and degraded, as a dataclass and as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from fpbench.conversion import convert, option_texts
from fpbench.errors import FpbenchError
from fpbench.results.config import RecordedRecipe

LONGEST_QUERY_S = 1_000_000_000
_LARGEST = {
    "n_queries": 1_000_000_000_000,
    "query_length_s": LONGEST_QUERY_S,
    "grid_s": 1_000_000_000,
    "sample_rate_hz": 1_000_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One degradation of a chain.

    Args:
        name: Name of a ``fpbench_degradations`` entry.
        options: Its options, as text; the others keep their defaults.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRecipe:
    """Everything that defines a set of queries, except the seed and the recordings.

    Args:
        n_queries: Number of queries, at least 1; a longer set starts with the same queries.
        query_length_s: Length of a query.
        grid_s: Queries start near multiples of this time, which is the usual hop of fingerprints.
        max_offset_s: Largest distance of a start time from the grid, before or after. With half of
            ``grid_s``, all start times are possible, except up to ``max_offset_s`` before the last
            start that fits into a track.
        sample_rate_hz: Sample rate of the degradations. It does not depend on the fingerprinter,
            so that all fingerprinters get the same queries.
        degradations: Degradations, in the order in which they are applied.
    """

    n_queries: int
    query_length_s: float
    grid_s: float
    max_offset_s: float
    sample_rate_hz: int
    degradations: tuple[Step, ...]

    def __post_init__(self) -> None:
        for name, limit in _LARGEST.items():
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name}={value} is not positive and finite")
            if value > limit:
                raise ValueError(f"{name}={value} is above {limit:,}")
        if not 0 <= self.max_offset_s <= self.grid_s / 2:
            raise ValueError(f"max_offset_s={self.max_offset_s} is not within half of grid_s")

    @property
    def samples(self) -> int:
        """Number of samples in a query, at the recipe's sample rate."""
        return round(self.query_length_s * self.sample_rate_hz)


NAFP = QueryRecipe(
    n_queries=1_000,
    query_length_s=1.0,
    grid_s=0.5,
    max_offset_s=0.25,
    sample_rate_hz=16_000,
    degradations=(
        Step(name="noise", options={"min_snr_db": "0", "max_snr_db": "10"}),
        Step(name="reverb"),
    ),
)
"""Background noise at 0 to 10 dB, then reverberation, at any start time.

Differences from the paper: the reverberation includes audio from before the query, and the offset
from the grid is up to half a hop instead of 0.2 s.

Source: Chang et al. 2021, "Neural audio fingerprint for high-specific audio retrieval based on
    contrastive learning".
"""


def recipe_to_json(recipe: QueryRecipe) -> RecordedRecipe:
    """The recipe in the form of JSON and TOML, with the name and options of a step in one table."""
    return RecordedRecipe(
        n_queries=recipe.n_queries,
        query_length_s=recipe.query_length_s,
        grid_s=recipe.grid_s,
        max_offset_s=recipe.max_offset_s,
        sample_rate_hz=recipe.sample_rate_hz,
        degradations=[{"name": step.name, **step.options} for step in recipe.degradations],
    )


def recipe_from_json(
    document: Mapping[str, object], source: str = "query recipe", where: str = ""
) -> QueryRecipe:
    """A recipe from a JSON or TOML table; absent fields are as in :data:`NAFP`.

    Args:
        document: The table. A step is a table with its name and options; numbers need no quotes.
        source: Source of the table for messages, such as a file name.
        where: Path of the table in its source, for messages.

    Raises:
        FpbenchError: A field is unknown, or a value has the wrong type or is out of range.
    """
    whole = {f.name: getattr(NAFP, f.name) for f in fields(NAFP)} | dict(document)
    if "degradations" in document:
        path = f"{where}.degradations" if where else "degradations"
        whole["degradations"] = _steps(document["degradations"], source, path)
    return convert(whole, QueryRecipe, source, where=where)


def _steps(document: object, source: str, where: str) -> list[Step]:
    if isinstance(document, list):
        document = [option_texts(step) for step in document]
    steps = convert(document, list[dict[str, str]], source, where=where)
    for place, step in enumerate(steps):
        if "name" not in step:
            raise FpbenchError(
                f"{source}: field '{where}.{place}.name' is missing", hint='add name = "noise"'
            )
    return [
        Step(name=step["name"], options={key: step[key] for key in step if key != "name"})
        for step in steps
    ]
