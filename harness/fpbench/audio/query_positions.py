"""Draws query positions in the reference tracks, where there is enough sound."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.silence import MOST_SILENT_SHARE, Stretches, has_sound
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Positions
from fpbench.plugin.degradations import Degradation
from fpbench.randomness import Stream, rng_at

_TRIES = 100  # positions that are drawn for a query; most of them have sound


def draw_queries(
    durations_s: Float64[np.ndarray, " tracks"],
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    seed: int,
    silent_s: Sequence[Stretches] = (),
) -> Positions:
    """Draw the position of each query: a grid point at which it fits, and a start time near it.

    The grid points are the multiples of ``grid_s`` in every track; all are equally likely. The
    start time is uniform within ``max_offset_s`` of the grid point, as far as the query fits into
    the track. Where the track limits that range, start times are denser: twice as dense in the
    first ``max_offset_s`` of a track. Start times more than ``max_offset_s`` after the last grid
    point are never drawn.

    A position with too much silence is drawn again, among the grid points at which a query has
    enough sound. So silence changes only the queries that would lie in it.

    Positions do not depend on the fingerprinter, so all fingerprinters get the same queries.

    Args:
        durations_s: Durations of the reference tracks; 0 for a file that cannot be read.
        recipe: Query recipe. Query i is the same for every ``n_queries`` greater than i.
        chain: Degradations of the recipe; a faster tempo needs a longer stretch of audio.
        seed: Seed of the run.
        silent_s: Silent stretches of each track; empty means that no track has any.

    Raises:
        FpbenchError: No track is long enough, or none has enough sound.
    """
    grid = _Grid(durations_s, recipe, recipe.query_length_s * math.prod(s.tempo for s in chain))
    if grid.ends[-1:].sum() == 0:
        raise FpbenchError(
            f"no reference track is as long as a query, {grid.needed_s:g} s",
            hint="use shorter queries or longer recordings",
        )
    sound: _Sound | None = None
    track = np.empty(recipe.n_queries, dtype=np.int64)
    start_s = np.empty(recipe.n_queries, dtype=np.float64)
    for i in range(recipe.n_queries):
        rng = rng_at(seed, Stream.QUERY_POSITION, i)
        track[i], start_s[i] = grid.draw(int(rng.integers(grid.ends[-1])), rng)
        stretches = silent_s[track[i]] if silent_s else ()
        if stretches and not has_sound(stretches, start_s[i : i + 1], grid.needed_s)[0]:
            sound = sound or _Sound(grid, silent_s)
            track[i], start_s[i] = sound.draw(rng)
    return Positions(track, start_s)


class _Grid:
    """All grid points at which a query fits, numbered over all tracks.

    Args:
        needed_s: Length of the stretch of audio that a query needs.
    """

    def __init__(
        self, durations_s: Float64[np.ndarray, " tracks"], recipe: QueryRecipe, needed_s: float
    ) -> None:
        self.needed_s = needed_s
        self.grid_s = recipe.grid_s
        self._durations_s = durations_s
        self._max_offset_s = recipe.max_offset_s
        # A track exactly as long as a query has one position; 1 ms allows for rounding.
        last = np.floor((durations_s - needed_s + 1e-3) / recipe.grid_s).astype(np.int64)
        self.counts = np.maximum(last + 1, 0)
        self.ends = np.cumsum(self.counts)
        """For each track, the number of grid points up to its end."""

    def draw(self, position: int, rng: np.random.Generator) -> tuple[int, float]:
        """Track and start time of a query near a grid point."""
        track, grid_s = self.locate(position)
        low = max(-self._max_offset_s, -grid_s)
        longest_s = float(self._durations_s[track]) - self.needed_s - grid_s
        high = min(self._max_offset_s, longest_s)
        return track, max(0.0, grid_s + rng.uniform(low, max(low, high)))

    def locate(self, position: int) -> tuple[int, float]:
        """Track and time of a grid point."""
        track = int(np.searchsorted(self.ends, position, side="right"))
        return track, (position - int(self.ends[track] - self.counts[track])) * self.grid_s


class _Sound:
    """The grid points of a grid at which a query has enough sound.

    Raises:
        FpbenchError: There are none.
    """

    def __init__(self, grid: _Grid, silent_s: Sequence[Stretches]) -> None:
        self._grid = grid
        self._silent_s = silent_s
        with_sound = [
            has_sound(stretches, np.arange(count) * grid.grid_s, grid.needed_s)
            for stretches, count in zip(silent_s, grid.counts.tolist(), strict=True)
        ]
        self._positions = np.flatnonzero(np.concatenate(with_sound))
        if len(self._positions) == 0:
            raise FpbenchError(
                f"no stretch of {grid.needed_s:g} s in the reference has enough sound for a query: "
                f"more than {MOST_SILENT_SHARE:.0%} of each is silent",
                hint="use shorter queries, or other recordings",
            )

    def draw(self, rng: np.random.Generator) -> tuple[int, float]:
        """Track and start time of a query that has enough sound."""
        for _ in range(_TRIES):
            position = int(self._positions[rng.integers(len(self._positions))])
            track, start_s = self._grid.draw(position, rng)
            stretches = self._silent_s[track]
            if has_sound(stretches, np.array([start_s]), self._grid.needed_s)[0]:
                return track, start_s
        # Sound as short as a query is met at the grid point itself.
        return self._grid.locate(position)
