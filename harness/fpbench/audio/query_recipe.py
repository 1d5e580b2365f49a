"""Query recipes: how queries are made, as a dataclass and as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from fpbench.conversion import convert, option_texts
from fpbench.errors import FpbenchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One degradation of a chain.

    Args:
        name: Of a ``fpbench_degradations`` entry.
        options: Its settings, as text; the others keep their defaults.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRecipe:
    """Everything that shapes a set of queries, except the seed and the recordings.

    Args:
        n_queries: At least 1; the first ones of a longer set are the same.
        query_length_s: Of one query.
        grid_s: Queries start near multiples of this, which is the usual hop of fingerprints.
        max_offset_s: The largest distance from the grid, before or after. With half of ``grid_s``
            there are no gaps, except up to as much before the last start that a track has room for.
        sample_rate_hz: Audio is degraded at this rate, whatever the fingerprinter's own is, so that
            all fingerprinters hear the same query.
        degradations: In the order in which they are applied.
    """

    n_queries: int
    query_length_s: float
    grid_s: float
    max_offset_s: float
    sample_rate_hz: int
    degradations: tuple[Step, ...]

    def __post_init__(self) -> None:
        positive = ("n_queries", "query_length_s", "grid_s", "sample_rate_hz")
        for name in positive:
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} is not positive and finite")
        if not 0 <= self.max_offset_s <= self.grid_s / 2:
            raise ValueError(f"max_offset_s={self.max_offset_s} is not within half of grid_s")

    @property
    def samples(self) -> int:
        """Samples in a query, at the recipe's own rate."""
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
"""Background noise at 0 to 10 dB, then a room, at any time of a recording.

Unlike in the paper, the room also answers to what was played before the query, and the offset from
the grid is up to half a hop instead of 0.2 s.

Source: Chang et al. 2021, "Neural audio fingerprint for high-specific audio retrieval based on
    contrastive learning".
"""


def recipe_to_json(recipe: QueryRecipe) -> dict[str, object]:
    """The recipe as in JSON and TOML, where a step has its name beside its options."""
    document: dict[str, object] = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    document["degradations"] = [{"name": s.name, **s.options} for s in recipe.degradations]
    return document


def recipe_from_json(
    document: Mapping[str, object], source: str = "query recipe", where: str = ""
) -> QueryRecipe:
    """A recipe from a JSON or TOML table; fields that it leaves out are as in :data:`NAFP`.

    Args:
        document: A step has its name beside its options, whose numbers need no quotes.
        source: Of the table, such as a file's name, for messages.
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
