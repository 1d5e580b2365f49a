"""Query recipes: how queries are made, as a dataclass and as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from fpbench.errors import FpbenchError

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One degradation of a chain.

    Args:
        name: Of a ``fpbench_degradations`` entry.
        options: Its settings, as typed; what is not named keeps its published value.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRecipe:
    """Everything that shapes a set of queries, except the seed and the recordings.

    Args:
        n_queries: At least 1; the first ones of a longer set are the same.
        query_length_s: Of the audio that is searched with.
        grid_s: Queries lie around the multiples of this, the usual hop of fingerprints.
        max_offset_s: At most so far from the grid, either way. Half of ``grid_s`` leaves no gaps,
            but may leave out up to as much before the last start that a track has room for.
        sample_rate_hz: At which audio is degraded, whatever the fingerprinter's own rate: all
            fingerprinters hear the same event.
        degradations: Applied in this order.
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

Unlike the paper's, the room has a memory of what was played before the query, and the offset from
the grid is up to half a hop instead of 0.2 s.

Source: Chang et al. 2021, "Neural audio fingerprint for high-specific audio retrieval based on
    contrastive learning".
"""


def recipe_to_json(recipe: QueryRecipe) -> dict[str, object]:
    """The recipe as JSON and TOML have it; a step is its name beside its options."""
    document: dict[str, object] = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    document["degradations"] = [{"name": s.name, **s.options} for s in recipe.degradations]
    return document


def recipe_from_json(document: Mapping[str, object], base: QueryRecipe = NAFP) -> QueryRecipe:
    """A recipe from a JSON or TOML table; what it does not name is as in ``base``.

    Raises:
        FpbenchError: An unknown key, or a value of the wrong kind or range.
    """
    changes: dict[str, object] = {}
    for key, value in document.items():
        if key == "degradations":
            changes[key] = _steps(value)
            continue
        known = [f.name for f in fields(base)]
        if key not in known:
            raise FpbenchError(
                f"a query recipe has no '{key}'", hint="it takes " + ", ".join(known)
            )
        kind = type(getattr(base, key))
        if isinstance(value, bool) or not isinstance(value, int | kind):
            raise FpbenchError(
                f"{key} = {value!r} in a query recipe is no {kind.__name__}", hint="give a number"
            )
        changes[key] = kind(value)
    try:
        return replace(base, **changes)  # type: ignore[arg-type] # kinds are checked above
    except ValueError as err:
        raise FpbenchError(f"query recipe: {err}", hint="correct the value") from err


def _steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, list):
        raise FpbenchError(
            f"degradations = {value!r} is no list", hint="write [[degradations]] tables"
        )
    return tuple(_step(table) for table in value)


def _step(table: object) -> Step:
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        raise FpbenchError(f"degradation {table!r} has no name", hint='add name = "noise"')
    for key, value in table.items():
        if not isinstance(value, Scalar):
            raise FpbenchError(
                f"'{key}' of degradation '{table['name']}' cannot be {value!r}",
                hint="give text, a number, true or false",
            )
    options = {key: option_text(value) for key, value in table.items() if key != "name"}
    return Step(name=table["name"], options=options)


def option_text(value: Scalar) -> str:
    """An option as plugins get it: text, as it would be typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)
