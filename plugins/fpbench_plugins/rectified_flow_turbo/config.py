"""Settings of a distilled flow."""

from dataclasses import dataclass, replace
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
            with the next nine settings.
        teacher_width: Of the teacher's residual stream.
        teacher_depth: Number of its blocks.
        teacher_epochs: Largest number of passes over the fingerprints.
        teacher_iterations: Largest number of its training steps; None means that only
            ``teacher_epochs`` limits them.
        teacher_batch_rows: Fingerprints per step.
        teacher_learning_rate: Of AdamW at first.
        teacher_cosine: Whether it falls along half a cosine, to 0 at the largest number of steps.
        teacher_most_rows: Largest number of fingerprints that it learns from, spread over all
            tracks, see :class:`fpbench_plugins.building_blocks.flow.config.FlowConfig`.
        teacher_most_copied: Limit of copying at which its fit stops, see
            :class:`fpbench_plugins.building_blocks.flow.config.FlowConfig`.
        pairs: Number of noise vectors that the teacher carries to fingerprints, for the student
            to imitate.
        pair_steps: Heun steps of the teacher for this, with two evaluations each.
        sharpening: Time of the teacher's flow that its draws are taken for, to remove their blur,
            see :func:`fpbench_plugins.building_blocks.flow.integration.sharpen`; 0 leaves them.
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
    teacher_iterations: int | None
    teacher_batch_rows: int
    teacher_learning_rate: float
    teacher_cosine: bool
    teacher_most_rows: int | None
    teacher_most_copied: float | None
    pairs: int
    pair_steps: int
    sharpening: float
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
        require_at_least(self, 1, "teacher_iterations", "teacher_batch_rows")
        require_at_least(self, 1, "teacher_most_rows")
        require_at_least(self, 1, "width", "depth", "steps", "iterations", "batch_rows")
        require_at_least(self, 20, "pairs")
        require_above_zero(self, "learning_rate", "teacher_learning_rate")
        require_between_0_and_1(self, "ema_decay", "teacher_most_copied")
        if not 0 <= self.sharpening < 1:
            raise ValueError(
                f"sharpening={self.sharpening}, but it must be at least 0 and less than 1"
            )

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
            learning_rate=self.teacher_learning_rate,
            cosine=self.teacher_cosine,
            weight_decay=0.01,
            batch_rows=self.teacher_batch_rows,
            epochs=self.teacher_epochs,
            most_steps=self.teacher_iterations,
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


TURBO_DEFAULTS = TurboConfig(
    teacher=None,
    # For 10 900 spectral sketches of 43 tracks, this teacher's hit-rate gap to 10 000 real
    # distractors of other tracks is within 0.15 points, and a Gaussian's is 0.5. The held-out loss
    # was lowest at epoch 70.
    teacher_width=256,
    teacher_depth=4,
    teacher_epochs=100,
    teacher_iterations=None,
    teacher_batch_rows=128,
    teacher_learning_rate=3e-4,
    teacher_cosine=False,
    # With more, a fit can take over an hour on two cores, and a run would take a Gaussian instead.
    # For nafp, draws of a fit to 10 000 rows were 2.6 points too easy in the track among 100 000
    # real distractors when the rows were of 170 tracks, and 1.2 (at 84 000) when of 1 672.
    teacher_most_rows=20_000,
    teacher_most_copied=None,
    pairs=60_000,
    pair_steps=8,
    sharpening=0.0,
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

SHARP_DEFAULTS = replace(
    TURBO_DEFAULTS,
    # As many rows as turbo's 100 epochs of 20 000, whose held-out loss was 0.881 for nafp. It is
    # 0.870 for these steps over 90 000 rows.
    teacher_iterations=8_000,
    teacher_batch_rows=256,
    teacher_learning_rate=1e-3,
    teacher_cosine=True,
    teacher_most_rows=None,
    pairs=100_000,
    # The mean squared error of 4 steps is 8e-4, of 6 it is 2e-4. The student's is 1e-2.
    pair_steps=5,
    # For nafp, real distractors that are among the nearest 1 000, 100 and 10 of a million have
    # 0.90, 0.80 and 0.76 times as many counterparts among draws, after sharpening 1.02, 0.97 and
    # 0.95. See docs/studies/a-million-real.md.
    sharpening=0.16,
)
