"""Makes one signal of the channels of a recording, and measures how far they cancel."""

import math
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float64

from fpbench.audio.decoding import Block
from fpbench.plugin.datasets import Channel
from fpbench.plugin.fingerprinters import Samples

CANCELLED_DB = 40.0
"""Level of the mean below the channels from which nothing of the music is left in it.

Channels of opposite sign cancel exactly; after a lossy codec, its noise remains.
"""

WEAK_DB = 20.0
"""Level of the mean below the channels from which much of the music is missing in it.

Independent channels give 3 dB for two and 9 dB for eight.
"""

LARGEST_PEAK = 100.0
"""Largest amplitude of what is taken for audio, 40 dB above full scale.

Masters in floating point exceed full scale by a few dB. Integers stored as floating point reach
32 768, and damaged bytes any number.
"""


class ChannelMixer:
    """Makes one signal of blocks of a recording.

    Args:
        channel: What the signal is.
        loudest: Index of the channel that is taken for ``loudest``; see :func:`loudest_channel`.
    """

    def __init__(self, channel: Channel, loudest: int = 0) -> None:
        self.peak = 0.0
        """Largest amplitude in any channel so far."""
        self._channel = channel
        self._loudest = loudest
        self._energy = 0.0  # of a channel, on average
        self._mixed_energy = 0.0

    def mix(self, block: Block) -> Samples:
        """The signal of one block. A recording with one channel is its own signal.

        Raises:
            ValueError: A sample is not finite, or above :data:`LARGEST_PEAK`.
        """
        self._raise_peak(block)
        channels = block.shape[1]
        if channels == 1:
            return np.ascontiguousarray(block[:, 0])
        if self._channel != "mean":
            chosen = {"left": 0, "right": 1, "loudest": self._loudest}[self._channel]
            return np.ascontiguousarray(block[:, chosen])
        mixed = mean_of_channels(block)
        flat = block.ravel(order="K")
        self._energy += float(np.dot(flat, flat)) / channels
        self._mixed_energy += float(np.dot(mixed, mixed))
        return mixed

    def _raise_peak(self, block: Block) -> None:
        peak = float(max(block.max(), -block.min()))
        if not math.isfinite(peak):
            raise ValueError("it holds samples that are not finite")
        if peak > LARGEST_PEAK:
            raise ValueError(f"it holds samples of up to {peak:.3g}, where full scale is 1")
        self.peak = max(self.peak, peak)

    @property
    def cancelled_db(self) -> float:
        """Level of the mean below that of the channels; 0 where no mean was taken."""
        if self._energy == 0:
            return 0.0
        if self._mixed_energy == 0:
            return math.inf
        return 10 * math.log10(self._energy / self._mixed_energy)


def mean_of_channels(block: Block) -> Samples:
    """The bytes of ``block.mean(axis=1)``, which takes ten times as long for two channels."""
    channels = block.shape[1]
    if channels > 7:  # NumPy adds more in another order
        mean: Samples = block.mean(axis=1)
        return mean
    total: Samples = block[:, 0] + block[:, 1] if channels > 1 else block[:, 0].copy()
    for channel in range(2, channels):
        total += block[:, channel]
    total /= np.float32(channels)
    return total


def loudest_channel(blocks: Iterable[Block]) -> int:
    """Index of the channel with the most energy over a whole recording, the first of equals."""
    energy: np.ndarray | None = None
    for block in blocks:
        added = channel_energies(block)
        energy = added if energy is None else energy + added
    return 0 if energy is None else int(np.argmax(energy))


def channel_energies(block: Block) -> Float64[np.ndarray, " channels"]:
    """Energy of each channel in one block."""
    energies: Float64[np.ndarray, " channels"] = np.einsum(
        "ij,ij->j", block, block, dtype=np.float64
    )
    return energies
