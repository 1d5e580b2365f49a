"""Probabilities of rare events: subset simulation in the noise of a generator.

The event is that a synthetic fingerprint scores above a threshold with a query. Its probability is
the product of the probabilities of a ladder of levels, each given the one below. The particles of a
level are draws of the noise whose fingerprints score above that level; pCN steps move them, and
keep their distribution.

Sources: Au and Beck 2001, "Estimation of small failure probabilities in high dimensions by subset
    simulation"; Cérou and Guyader 2007, "Adaptive multilevel splitting for rare event analysis";
    Cotter et al. 2013, "MCMC methods for functions: modifying old algorithms to make them faster"
    (pCN, equation 4.5).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from fpbench.plugin.fingerprinters import Vectors

Noise = Float32[np.ndarray, "rows noise_dim"]
Decode = Callable[[Noise], Vectors]
Reached = Callable[
    [
        int,
        int,
        Float32[np.ndarray, "replicates particles noise_dim"],
        Bool[np.ndarray, "replicates particles"],
    ],
    None,
]
"""Called with a query, a threshold, the noise of particles and which of them are not below it."""

_ACCEPTED = 0.35  # share of moves to accept; between 0.3 and 0.45 the particles mix best
_FIRST_STEP, _LONGEST_STEP = 0.5, 0.99
_ADAPTATION = 0.5  # change of the step's logarithm, per share of moves that is too many or too few


@dataclass(frozen=True, slots=True, kw_only=True)
class SplittingSettings:
    """Settings of the simulation.

    Args:
        replicates: Independent estimates of every probability.
        particles: Particles of each replicate, for each query.
        keep: Share of the particles above the next level, over all replicates.
        coarse_particles: Particles of each replicate for thresholds that need no high accuracy.
        moves: pCN steps at each level.
        least_probability: Where a level is less probable than this, its probability stands for
            that of all thresholds above it.
    """

    replicates: int = 2
    particles: int = 100
    coarse_particles: int = 30
    keep: float = 0.25
    moves: int = 2
    least_probability: float = 1e-16


@dataclass(frozen=True, slots=True, kw_only=True)
class Particles:
    """Draws of the noise above a level, with which a simulation starts.

    Args:
        noise: Noise of each particle.
        scores: Scores of the particles with their query, all above the level.
        level: The level of each query.
        log_p: Natural logarithm of the probability of the level, in each replicate.
    """

    noise: Float32[np.ndarray, "queries replicates particles noise_dim"]
    scores: Float32[np.ndarray, "queries replicates particles"]
    level: Float32[np.ndarray, " queries"]
    log_p: Float64[np.ndarray, "queries replicates"]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Outcome of a simulation.

    Args:
        log_p: Natural logarithm of the probability that a draw scores at least each threshold; NaN
            where the threshold is not above the first level, -inf where the particles of a
            replicate died out. The mean of the probabilities over replicates is unbiased.
        levels: Number of levels of each query.
        moves: Number of moves of each query, which is that of decoded fingerprints.
        accepted: Number of accepted moves.
    """

    log_p: Float64[np.ndarray, "queries thresholds replicates"]
    levels: Int64[np.ndarray, " queries"]
    moves: Int64[np.ndarray, " queries"]
    accepted: Int64[np.ndarray, " queries"]


def simulate(
    decode: Decode,
    queries: Float32[np.ndarray, "queries dim"],
    start: Particles,
    thresholds: Float32[np.ndarray, "queries thresholds"],
    *,
    settings: SplittingSettings,
    rng: np.random.Generator,
    coarse: int = 0,
    reached: Reached | None = None,
) -> Simulation:
    """Estimate how probable it is that a draw scores at least a threshold with a query.

    Args:
        decode: Turns noise into fingerprints.
        queries: Fingerprints of the queries.
        start: Particles above the first level of each query.
        thresholds: Scores of which to find the probability; NaN in the outcome for those that are
            not above the first level.
        settings: Settings of the simulation.
        rng: Random numbers of the moves.
        coarse: Number of the last thresholds, of which means over queries are all that is wanted.
            Above all other thresholds of a query, fewer particles climb on.
        reached: Called once for each threshold that particles reach; None if nobody wants them.
    """
    ladder = _Ladder(
        decode, queries, start, thresholds, settings=settings, rng=rng, reached=reached
    )
    ladder.climb_until(thresholds.shape[1] - coarse)
    if coarse:
        # Searched rows come by score. Which are left must not depend on it.
        places = rng.spawn(1)[0].permutation(start.scores.shape[2])
        ladder.go_on_with(places[: settings.coarse_particles])
        ladder.climb_until(thresholds.shape[1])
    return Simulation(ladder.log_p, ladder.levels, ladder.moves, ladder.accepted)


class _Ladder:
    """The particles of all queries that have a threshold above their level."""

    def __init__(
        self,
        decode: Decode,
        queries: Float32[np.ndarray, "queries dim"],
        start: Particles,
        thresholds: Float32[np.ndarray, "queries thresholds"],
        *,
        settings: SplittingSettings,
        rng: np.random.Generator,
        reached: Reached | None,
    ) -> None:
        self._decode, self._queries, self._thresholds = decode, queries, thresholds
        self._settings, self._rng, self._reached = settings, rng, reached
        self._waiting: list[tuple[np.ndarray, ...]] = []
        self._noise, self._scores = start.noise.copy(), start.scores
        self._moved = np.empty(
            self._noise.shape, dtype=np.float32
        )  # memory that all moves use in turn
        self._level, self._level_log_p = start.level, start.log_p
        self._step = np.full(len(queries), _FIRST_STEP)
        self._pending = thresholds > start.level[:, None]
        self.active = np.arange(len(queries))
        self.log_p = np.full((*thresholds.shape, start.log_p.shape[1]), np.nan)
        self.levels, self.moves, self.accepted = np.zeros((3, len(queries)), dtype=np.int64)

    def climb_until(self, wanted: int) -> None:
        """Climb until the probabilities of the first so many thresholds are known."""
        self._keep_queries(np.asarray(self._pending[:, :wanted].any(axis=1)))
        while self.active.size:
            for _ in range(self._settings.moves):
                self.move()
            self.climb()
            self._keep_queries(np.asarray(self._pending[:, :wanted].any(axis=1)))

    def go_on_with(self, places: Int64[np.ndarray, " fewer"]) -> None:
        """Take up the queries that have thresholds left, with some of their particles."""
        self.active, self._noise, self._scores, *others = (
            np.concatenate(parts) for parts in zip(*self._waiting, strict=True)
        )
        # Not by an index, which would leave the particles in another order in memory.
        self._noise, self._scores = (
            np.take(array, places, axis=2) for array in (self._noise, self._scores)
        )
        self._level, self._level_log_p, self._step, self._pending = others
        self._waiting = []

    def move(self) -> None:
        """Move every particle by one pCN step, if it stays above the level."""
        moved = self._propose()
        scores = self._score(moved)
        accepted = scores > self._level[:, None, None]
        self._noise[accepted] = moved[accepted]
        self._scores = np.where(accepted, scores, self._scores)
        change = np.exp(_ADAPTATION * (accepted.mean(axis=(1, 2)) - _ACCEPTED))
        self._step = np.minimum(self._step * change, _LONGEST_STEP)
        self.moves[self.active] += scores[0].size
        self.accepted[self.active] += accepted.sum(axis=(1, 2))

    def _propose(self) -> Float32[np.ndarray, "queries replicates particles noise_dim"]:
        """The noise of all particles after one pCN step."""
        if self._moved.shape[1:] != self._noise.shape[1:]:
            self._moved = np.empty(self._noise.shape, dtype=np.float32)
        step = self._step.astype(np.float32)
        kept = np.sqrt(1 - step**2)
        # Query by query, whose noise stays in the core's own cache.
        moved = self._moved[: len(self._noise)]
        for query, old in enumerate(self._noise):
            self._rng.standard_normal(dtype=np.float32, out=moved[query])
            moved[query] *= step[query]
            moved[query] += kept[query] * old
        return moved

    def climb(self) -> None:
        """Go up to the next level, and keep the probabilities of the thresholds on the way."""
        pooled = self._scores.reshape(len(self.active), -1)
        place = int(self._settings.keep * pooled.shape[1])
        # The share strictly above a particle is unbiased, as in Cérou and Guyader.
        self._level = -np.partition(-pooled, place, axis=1)[:, place]
        thresholds = self._thresholds[self.active]
        reached = self._pending & (thresholds <= self._level[:, None])
        for query, place in np.argwhere(reached):
            above = self._scores[query] >= thresholds[query, place]
            self.log_p[self.active[query], place] = self._level_log_p[query] + _log_share(above)
            if self._reached is not None:
                self._reached(int(self.active[query]), int(place), self._noise[query], above)
        above = self._scores > self._level[:, None, None]
        self._level_log_p = self._level_log_p + _log_share(above)
        least = np.log(self._settings.least_probability)
        too_rare = self._level_log_p.max(axis=1) < least
        self._pending &= ~reached
        for query, place in np.argwhere(self._pending & too_rare[:, None]):
            self.log_p[self.active[query], place] = self._level_log_p[query]
        self.levels[self.active] += 1
        self._pending &= ~too_rare[:, None]
        self._copy_survivors(above)

    def _copy_survivors(self, above: Bool[np.ndarray, "queries replicates particles"]) -> None:
        """Replace the particles of a replicate that are not above the level by copies of others.

        A replicate without survivors has a probability of 0 from here on. It gets particles of
        others, so that the next level is still one of particles above this one.
        """
        queries, replicates, particles = above.shape
        count = above.sum(axis=2, keepdims=True)
        order = np.broadcast_to(np.arange(particles), above.shape)
        own = np.argsort(~above, axis=2, kind="stable")
        own = np.take_along_axis(own, order % np.maximum(count, 1), axis=2)
        own = own + particles * np.arange(replicates)[:, None]
        everyone = np.argsort(~above.reshape(queries, -1), axis=1, kind="stable")
        places = np.arange(replicates * particles) % np.maximum(count.sum(axis=1), 1)
        others = np.take_along_axis(everyone, places, axis=1).reshape(above.shape)
        parents = np.where(count > 0, own, others).reshape(queries, -1)
        noise = self._noise.reshape(queries, replicates * particles, -1)
        scores = self._scores.reshape(queries, -1)
        # By whole rows: take_along_axis would look up each entry of the noise.
        self._noise = noise[np.arange(queries)[:, None], parents].reshape(self._noise.shape)
        self._scores = np.take_along_axis(scores, parents, axis=1).reshape(above.shape)

    def _keep_queries(self, kept: Bool[np.ndarray, " active"]) -> None:
        """Go on with some queries. Of the others, those that have thresholds left wait."""
        if kept.all():
            return
        arrays = [self.active, self._noise, self._scores]
        arrays += [self._level, self._level_log_p, self._step, self._pending]
        left = ~kept & self._pending.any(axis=1)
        self._waiting.append(tuple(array[left] for array in arrays))
        self.active, self._noise, self._scores, *others = (array[kept] for array in arrays)
        self._level, self._level_log_p, self._step, self._pending = others

    def _score(
        self, noise: Float32[np.ndarray, "queries replicates particles noise_dim"]
    ) -> Float32[np.ndarray, "queries replicates particles"]:
        vectors = self._decode(noise.reshape(-1, noise.shape[-1]))
        per_query = vectors.reshape(len(self.active), -1, vectors.shape[1])
        queries = self._queries[self.active]
        scores: Float32[np.ndarray, ...] = np.matmul(per_query, queries[:, :, None])
        return scores.reshape(noise.shape[:3])


def _log_share(above: Bool[np.ndarray, "*some particles"]) -> Float64[np.ndarray, "*some"]:
    """Logarithm of the share of particles."""
    with np.errstate(divide="ignore"):
        logarithm: Float64[np.ndarray, "*some"] = np.log(above.mean(axis=-1))
    return logarithm
