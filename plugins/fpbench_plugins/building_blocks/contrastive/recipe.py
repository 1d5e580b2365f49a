"""Settings of a contrastive training. Each system adds its own and has published values."""

import math
from dataclasses import dataclass, fields
from typing import Literal

from fpbench_plugins.building_blocks.validators import require_above_zero, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecipe:
    """Equal recipes, seeds and audio give equal weights.

    Args:
        width: Of the network. Each system says what it means.
        anchors: Number of pairs in a batch.
        epochs: Passes over the music, unless ``steps`` is set.
        steps: Length of the training in steps.
        batching: ``segments``: all segments of all tracks, shuffled. ``tracks``: one segment of
            each track in turn, never two of one track in a batch; an epoch has as many anchors as
            with ``segments``, so it repeats segments of short tracks and leaves out some of long
            tracks. ``groups``: shuffled groups of ``per_track`` segments of one track; segments
            that fill no group are left out, and a batch may have several groups of one track.
            ``anywhere``: a random position in each track.
        per_track: Size of the groups; must divide ``anchors``.
        hop_s: Time between the segments around which anchors are drawn.
        margin_s: Largest shift of an anchor from its segment, and of a positive from its anchor.
        loss: One of :mod:`fpbench_plugins.building_blocks.contrastive.losses`;
            ``nt-xent-sum`` is twice ``nt-xent``.
        temperature: Of losses with a softmax.
        triplet_margin: Of squared distances.
        optimiser: ``adam`` (torch's, which adds epsilon after the bias correction),
            ``keras-adam`` or ``lamb``.
        lr: Learning rate at the peak.
        lr_end: Share of ``lr`` that is left at the end of the cosine.
        lr_per: How often the rate changes. With ``epoch``, the whole first epoch has the peak rate.
        warm_up: Steps of linear increase before the cosine; only with ``lr_per=step``.
        snr_low_db: Lowest SNR of a positive.
        snr_high_db: Highest SNR of a positive. SNRs are drawn uniformly.
        response_s: Impulse responses are cut to this length; 0 means no rooms.
        aligned_rooms: Whether impulse responses lose the delay before the direct sound, so that a
            positive is not heard too late. The queries of a benchmark run are made like this.
        context_s: Length of the music before a positive that still rings in its room.
        ramp: Steps in which the degradation grows to full strength, for networks that learn
            nothing from hard pairs at first; 0 means full strength from the start.
        spectral_mask: Whether each batch loses a rectangle and a band of its spectrograms.
        saved_as: Data type of the weights file.
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
            raise ValueError(f"lr_end={self.lr_end}, but it is a share of lr and at most 1")
        if self.warm_up and self.lr_per == "epoch":
            raise ValueError(f"warm_up={self.warm_up} is a number of steps and needs lr_per=step")
        if (self.batching == "groups") != (self.per_track is not None):
            raise ValueError("per_track must be set if, and only if, batching=groups")
        if self.per_track is not None and (self.per_track < 1 or self.anchors % self.per_track):
            raise ValueError(f"per_track={self.per_track} does not divide anchors={self.anchors}")

    def degradation_strength(self, step: int) -> float:
        """Strength of the degradation at one step, from 0 to 1."""
        return min(1.0, step / self.ramp) if self.ramp else 1.0

    def audible_samples(self, sample_rate_hz: int, segment_samples: int) -> int:
        """Samples of an impulse response that positives can hear; 0 if they are in no room."""
        longest = round(self.context_s * sample_rate_hz) + segment_samples
        return min(round(self.response_s * sample_rate_hz), longest)

    def description(self) -> dict[str, bool | int | float | str | None]:
        """All settings by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
