"""What may be set about fitting a flow and drawing from it."""

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
    """Everything that shapes a fit or a draw.

    Args:
        width: Of the network's residual stream.
        depth: Blocks of the network.
        time_dim: Features that a time is described by: sines and as many cosines.
        learning_rate: Of AdamW, constant.
        weight_decay: Of AdamW.
        batch_rows: Fingerprints per step.
        epochs: Passes over the fingerprints, at most.
        ema_decay: Of a moving average of the weights to keep in their stead; None for none.
        held_out: Share of the rows, from the end, that is never learned from but judged by. Rows
            lie track after track, so all but one of its tracks are new to the network.
        judge_epochs: Epochs between judgements.
        judge_rows: Fingerprints drawn and compared at each, at most.
        select: What must be lowest in the weights that are kept: Frechet distance to the
            held-out rows, loss on them, or nothing: the last weights.
        patience: Judgements without a new low after which to stop; None never stops early.
        solver: How a draw follows the flow.
        steps: Of the solver.
        project: Whether draws are scaled to length 1.
    """

    width: int
    depth: int
    time_dim: int
    learning_rate: float
    weight_decay: float
    batch_rows: int
    epochs: int
    ema_decay: float | None
    held_out: float
    judge_epochs: int
    judge_rows: int
    select: Literal["frechet", "held_out_loss", "last"]
    patience: int | None
    solver: Solver
    steps: int
    project: bool

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "depth", "batch_rows", "epochs", "steps")
        require_at_least(self, 1, "judge_epochs", "patience")
        require_at_least(self, NEIGHBOURS + 1, "judge_rows")
        require_at_least(self, 0, "weight_decay")
        require_above_zero(self, "learning_rate")
        require_between_0_and_1(self, "held_out", "ema_decay")
        if self.time_dim < 4 or self.time_dim % 2:
            raise ValueError(f"time_dim={self.time_dim}, but it must be even and at least 4")

    def shape(self, dim: int) -> NetworkShape:
        """Of the network for fingerprints of ``dim`` entries."""
        return NetworkShape(dim=dim, width=self.width, depth=self.depth, time_dim=self.time_dim)

    @property
    def sampling(self) -> Sampling:
        """How to draw."""
        return Sampling(solver=self.solver, steps=self.steps, project=self.project)
