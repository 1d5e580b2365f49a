"""Settings of a distilled flow."""

from dataclasses import dataclass
from typing import Literal

from fpbench_plugins.building_blocks.flow.config import FlowConfig
from fpbench_plugins.building_blocks.flow.generator import Sampling
from fpbench_plugins.building_blocks.flow.network import NetworkShape
from fpbench_plugins.building_blocks.validators import (
    require_above_zero,
    require_at_least,
    require_between_0_and_1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurboConfig:
    """Settings of the student, and of the teacher if none is given.

    Args:
        teacher: File of a fitted ``rectified-flow``; None means that a teacher is fitted first,
            with the next five settings.
        teacher_width: Of the teacher's residual stream.
        teacher_depth: Number of its blocks.
        teacher_epochs: Largest number of passes over the fingerprints.
        teacher_most_rows: Largest number of fingerprints that it learns from, spread over all
            tracks, see :class:`fpbench_plugins.building_blocks.flow.config.FlowConfig`.
        teacher_most_copied: Limit of copying at which its fit stops, see
            :class:`fpbench_plugins.building_blocks.flow.config.FlowConfig`.
        pairs: Number of noise vectors that the teacher carries to fingerprints, for the student
            to imitate.
        pair_steps: Heun steps of the teacher for this, with two evaluations each.
        width: Of the student's residual stream.
        depth: Number of its blocks.
        steps: Evaluations for a draw.
        iterations: Training steps of the student.
        batch_rows: Pairs per step.
        learning_rate: Of AdamW at first. It falls to 0 along half a cosine.
        ema_decay: Of the moving average of the weights, which is what is kept.
        project: Whether draws are scaled to length 1.
        saved_as: Data type of the weights in the file, and so of the student.
    """

    teacher: str | None
    teacher_width: int
    teacher_depth: int
    teacher_epochs: int
    teacher_most_rows: int | None
    teacher_most_copied: float | None
    pairs: int
    pair_steps: int
    width: int
    depth: int
    steps: int
    iterations: int
    batch_rows: int
    learning_rate: float
    ema_decay: float
    project: bool
    saved_as: Literal["float32", "float16"]

    def __post_init__(self) -> None:
        require_at_least(self, 1, "teacher_width", "teacher_depth", "teacher_epochs", "pair_steps")
        require_at_least(self, 1, "teacher_most_rows")
        require_at_least(self, 1, "width", "depth", "steps", "iterations", "batch_rows")
        require_at_least(self, 20, "pairs")
        require_above_zero(self, "learning_rate")
        require_between_0_and_1(self, "ema_decay", "teacher_most_copied")

    def shape(self, dim: int) -> NetworkShape:
        """Shape of the student for fingerprints of ``dim`` entries."""
        return NetworkShape(dim=dim, width=self.width, depth=self.depth)

    @property
    def sampling(self) -> Sampling:
        """How draws are made."""
        return Sampling(solver="euler", steps=self.steps, project=self.project)

    @property
    def teacher_config(self) -> FlowConfig:
        """Settings of a teacher that is fitted first: smaller than the paper's, faster to learn."""
        return FlowConfig(
            width=self.teacher_width,
            depth=self.teacher_depth,
            time_dim=32,
            learning_rate=3e-4,
            weight_decay=0.01,
            batch_rows=128,
            epochs=self.teacher_epochs,
            most_rows=self.teacher_most_rows,
            ema_decay=0.999,
            held_out=0.1,
            # With 5, sketches of the demo went from 0.34 to 0.61 copied between two evaluations.
            judge_epochs=2,
            judge_rows=1_000,
            select="held_out_loss",
            patience=8,
            most_copied=self.teacher_most_copied,
            solver="heun",
            steps=self.pair_steps,
            project=self.project,
        )


DEFAULTS = TurboConfig(
    teacher=None,
    # For 10 900 spectral sketches of 43 tracks, this teacher's hit-rate gap to 10 000 real
    # distractors of other tracks is within 0.15 points, and a Gaussian's is 0.5. The held-out loss
    # was lowest at epoch 70.
    teacher_width=256,
    teacher_depth=4,
    teacher_epochs=100,
    # With more, a fit can take over an hour on two cores, and a run would take a Gaussian instead.
    # For nafp, draws of a fit to 10 000 rows were 2.6 points too easy in the track among 100 000
    # real distractors when the rows were of 170 tracks, and 1.2 (at 84 000) when of 1 672.
    teacher_most_rows=20_000,
    teacher_most_copied=None,
    pairs=60_000,
    pair_steps=8,
    width=256,
    depth=3,
    steps=1,
    iterations=4_000,
    batch_rows=512,
    learning_rate=1e-3,
    ema_decay=0.998,
    project=True,
    saved_as="float32",
)
