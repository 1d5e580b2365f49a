"""Settings of fitting a flow and of drawing from it."""

import math
from dataclasses import dataclass
from typing import Literal

from fpbench.generators.fidelity import NEIGHBOURS
from fpbench_plugins.building_blocks.flow.generator import Sampling
from fpbench_plugins.building_blocks.flow.integration import Solver
from fpbench_plugins.building_blocks.flow.network import NetworkShape
from fpbench_plugins.building_blocks.validators import (
    require_above_zero,
    require_at_least,
    require_between_0_and_1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowConfig:
    """All settings of a fit and of its draws.

    Args:
        width: Of the network's residual stream.
        depth: Number of blocks of the network.
        time_dim: Number of features that describe a time: sines and as many cosines.
        learning_rate: Of AdamW at first.
        cosine: Whether it falls along half a cosine, to 0 at the largest number of steps. Otherwise
            it is constant.
        weight_decay: Of AdamW.
        batch_rows: Fingerprints per step.
        epochs: Largest number of passes over the fingerprints.
        most_steps: Largest number of steps; None means that only ``epochs`` limits them.
        ema_decay: Of a moving average of the weights, which is kept instead of them; None means
            no average.
        most_rows: Largest number of fingerprints that a fit reads, spread evenly over all rows and
            so over all tracks: many tracks with few rows each are nearer to other music than few
            tracks with many. None means no limit.
        held_out: Share of the rows, at the end, that is not learnt from but used for evaluation.
            Rows are in the order of tracks, so all but one of these tracks are new to the network.
            In a run the groups of tracks are in random order, so these are of random groups.
        judge_epochs: Epochs between evaluations.
        judge_rows: Largest number of fingerprints that an evaluation draws and compares.
        select: Which weights are kept: those with the lowest Frechet distance to the held-out
            rows, those with the lowest loss on them, or the last.
        patience: Evaluations without a new lowest value until the fit stops; None means that it
            never stops early.
        most_copied: Largest probability that a draw is nearer to the learnt rows than real rows of
            other tracks are. Weights with more are not kept, and a second such evaluation in a row
            ends the fit. None means no limit: with one, fits end long before draws are as dense
            around other music as real rows are, see docs/explanation/fidelity.md.
        solver: That draws use to follow the flow.
        steps: Of the solver.
        project: Whether draws are scaled to length 1.
    """

    width: int
    depth: int
    time_dim: int
    learning_rate: float
    cosine: bool
    weight_decay: float
    batch_rows: int
    epochs: int
    most_steps: int | None
    most_rows: int | None
    ema_decay: float | None
    held_out: float
    judge_epochs: int
    judge_rows: int
    select: Literal["frechet", "held_out_loss", "last"]
    patience: int | None
    most_copied: float | None
    solver: Solver
    steps: int
    project: bool

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "depth", "batch_rows", "epochs", "steps")
        require_at_least(self, 1, "judge_epochs", "patience", "most_rows", "most_steps")
        require_at_least(self, NEIGHBOURS + 1, "judge_rows")
        require_at_least(self, 0, "weight_decay")
        require_above_zero(self, "learning_rate")
        require_between_0_and_1(self, "held_out", "ema_decay", "most_copied")
        if self.time_dim < 4 or self.time_dim % 2:
            raise ValueError(f"time_dim={self.time_dim}, but it must be even and at least 4")

    def shape(self, dim: int) -> NetworkShape:
        """Shape of the network for fingerprints of ``dim`` entries."""
        return NetworkShape(dim=dim, width=self.width, depth=self.depth, time_dim=self.time_dim)

    def epoch_steps(self, rows: int) -> int:
        """Steps of a pass over ``rows`` fingerprints."""
        return max(1, math.ceil(rows / self.batch_rows))

    def fit_steps(self, rows: int) -> int:
        """Largest number of steps of a fit that learns from ``rows`` fingerprints."""
        steps = self.epochs * self.epoch_steps(rows)
        return steps if self.most_steps is None else min(steps, self.most_steps)

    @property
    def sampling(self) -> Sampling:
        """How draws are made."""
        return Sampling(solver=self.solver, steps=self.steps, project=self.project)
