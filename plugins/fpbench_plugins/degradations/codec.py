"""Lossy compression and back."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import soundfile

from fpbench import FpbenchError, Samples, Settings, apply_options

SUBTYPES = {"mp3": "MPEG_LAYER_III", "ogg": "VORBIS", "opus": "OPUS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecConfig:
    """Which compression, and how hard.

    Args:
        codec: ``ogg`` is Vorbis.
        compression: libsndfile's level, from 0 (best sound) to 1 (smallest file). MP3 at 16 kHz
            takes 90 kbit/s at 0, 40 at 0.5 and 30 at 0.9.
    """

    codec: Literal["mp3", "ogg", "opus"]
    compression: float

    def __post_init__(self) -> None:
        if not 0 <= self.compression <= 1:
            raise ValueError(f"compression={self.compression} is not between 0 and 1")


DEFAULTS = CodecConfig(codec="mp3", compression=0.9)


class Codec:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 0.1  # four frames of MP3 at 44.1 kHz: the coder is not surprised by the query
    recordings = ()
    tempo = 1.0

    def __init__(self, config: CodecConfig) -> None:
        self._config = config

    @classmethod
    def from_settings(cls, settings: Settings) -> "Codec":
        return cls(apply_options(DEFAULTS, settings.options))

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        codec, file = self._config.codec, io.BytesIO()
        # Encoders clip at full scale; what a query chain has made louder must survive.
        peak = max(1.0, float(np.max(np.abs(samples), initial=0.0)))
        try:
            soundfile.write(
                file,
                samples / np.float32(peak),
                sample_rate_hz,
                format="MP3" if codec == "mp3" else "OGG",
                subtype=SUBTYPES[codec],
                # libsndfile cannot do exactly 1 for MP3.
                compression_level=min(self._config.compression, 0.99),
            )
            file.seek(0)
            decoded, _ = soundfile.read(file, dtype="float32")
        except soundfile.SoundFileError as err:
            raise FpbenchError(
                f"cannot encode audio of {sample_rate_hz} Hz as {codec}: {err}",
                hint="choose another codec, or another sample_rate_hz in the query recipe",
            ) from err
        # libsndfile has taken off the delay of encoder and decoder already.
        missing = max(0, len(samples) - len(decoded))
        aligned: Samples = np.pad(decoded[: len(samples)], (0, missing)) * np.float32(peak)
        return aligned
