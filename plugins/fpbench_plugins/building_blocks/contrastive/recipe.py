"""What shapes a contrastive training; each system adds to it and has published values."""

import math
from dataclasses import dataclass, fields
from typing import Literal

from fpbench_plugins.building_blocks.validators import require_above_zero, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecipe:
    """Equal recipes, seeds and audio give equal weights.

    Args:
        width: Of the network; what it means is the system's business.
        anchors: Pairs in a batch.
        epochs: Rounds over the music; ``steps`` goes before it.
        steps: Length of the training, if not in epochs.
        batching: ``segments``: all segments of all tracks, shuffled. ``tracks``: a segment of each
            track in turn, never two of one track in a batch; an epoch has as many anchors as with
            ``segments``, so it repeats segments of short tracks and leaves out some of long ones.
            ``groups``: all segments but those left over, in shuffled groups of ``per_track`` of one
            track; a batch may hold several groups of a track. ``anywhere``: a random place in each
            track.
        per_track: Size of the groups; divides ``anchors``.
        hop_s: Between segments that anchors are taken around.
        margin_s: How far an anchor moves from its segment, and a positive from its anchor.
        loss: One of :mod:`fpbench_plugins.building_blocks.contrastive.losses`;
            ``nt-xent-sum`` is twice ``nt-xent``.
        temperature: Of the losses with a softmax.
        triplet_margin: In squared distance.
        optimiser: ``adam`` (epsilon outside the bias correction, as torch has it), ``keras-adam``
            or ``lamb``.
        lr: At the peak.
        lr_end: Share of it left at the end of the cosine.
        lr_per: When the rate changes. With ``epoch``, the first epoch is all at the peak.
        warm_up: Steps of linear increase before the cosine; only with ``lr_per=step``.
        snr_low_db: Of music to noise, in positives.
        snr_high_db: Drawn evenly in between.
        response_s: Impulse responses are cut to this; 0 leaves rooms out.
        aligned_rooms: Whether impulse responses lose the delay before the direct sound, so that a
            positive is not heard later than it is. Queries of a benchmark run are made like that.
        context_s: Music before a positive that still rings in its room.
        ramp: Steps over which degradation grows to full strength, for networks that learn nothing
            from hard pairs first; 0 starts with it.
        spectral_mask: Whether a batch loses a rectangle and a band of its spectrograms.
        saved_as: Numbers in the weights file.
    """

    width: int
    anchors: int
    epochs: int
    steps: int | None = None
    batching: Literal["segments", "tracks", "groups", "anywhere"]
    per_track: int | None = None
    hop_s: float = 0.5
    margin_s: float
    loss: Literal[
        "nt-xent",
        "nt-xent-sum",
        "triplet",
        "decoupled",
        "kernel-contrastive",
        "alignment-uniformity",
    ]
    temperature: float = 0.05
    triplet_margin: float = 0.5
    optimiser: Literal["adam", "keras-adam", "lamb"]
    lr: float
    lr_end: float
    lr_per: Literal["step", "epoch"] = "step"
    warm_up: int = 0
    snr_low_db: float
    snr_high_db: float
    response_s: float
    aligned_rooms: bool = False
    context_s: float
    ramp: int = 0
    spectral_mask: bool
    saved_as: Literal["float32", "float16"] = "float32"

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "anchors", "epochs", "steps")
        require_at_least(self, 0, "margin_s", "triplet_margin", "response_s", "context_s")
        require_at_least(self, 0, "ramp", "warm_up", "lr_end")
        require_above_zero(self, "hop_s", "temperature", "lr")
        if not -math.inf < self.snr_low_db <= self.snr_high_db < math.inf:
            raise ValueError(
                f"snr_low_db={self.snr_low_db} and snr_high_db={self.snr_high_db}, but they must "
                "be finite and in this order"
            )
        if self.lr_end > 1:
            raise ValueError(f"lr_end={self.lr_end}, but it is a share of lr, at most 1")
        if self.warm_up and self.lr_per == "epoch":
            raise ValueError(f"warm_up={self.warm_up} counts steps, so it needs lr_per=step")
        if (self.batching == "groups") != (self.per_track is not None):
            raise ValueError("per_track belongs to batching=groups, which needs it")
        if self.per_track is not None and (self.per_track < 1 or self.anchors % self.per_track):
            raise ValueError(f"per_track={self.per_track} does not divide anchors={self.anchors}")

    def degradation_strength(self, step: int) -> float:
        """Of the degradation at one step, from 0 to 1."""
        return min(1.0, step / self.ramp) if self.ramp else 1.0

    def audible_samples(self, sample_rate_hz: int, segment_samples: int) -> int:
        """How much of an impulse response positives can hear; 0 if they are in no room."""
        longest = round(self.context_s * sample_rate_hz) + segment_samples
        return min(round(self.response_s * sample_rate_hz), longest)

    def description(self) -> dict[str, bool | int | float | str | None]:
        """All settings by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
