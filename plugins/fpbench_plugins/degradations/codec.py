"""Lossy compression."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import soundfile

from fpbench import FpbenchError, Samples, Settings, apply_options

SUBTYPES = {"mp3": "MPEG_LAYER_III", "ogg": "VORBIS", "opus": "OPUS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecConfig:
    """The codec and its level.

    Args:
        codec: ``ogg`` is Vorbis.
        compression: Level of libsndfile, from 0 (best sound) to 1 (smallest file). MP3 at 16 kHz
            has 90 kbit/s at 0, 40 at 0.5 and 30 at 0.9.
    """

    codec: Literal["mp3", "ogg", "opus"]
    compression: float

    def __post_init__(self) -> None:
        if not 0 <= self.compression <= 1:
            raise ValueError(f"compression={self.compression} is not between 0 and 1")


DEFAULTS = CodecConfig(codec="mp3", compression=0.9)


class Codec:
    """Implements :class:`fpbench.Degradation`."""

    context_s = (
        0.1  # four MP3 frames at 44.1 kHz, so that the encoder has started when the query starts
    )
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
        # Encoders clip at full scale, and earlier degradations can have made the query louder.
        peak = max(1.0, float(np.max(np.abs(samples), initial=0.0)))
        try:
            soundfile.write(
                file,
                samples / np.float32(peak),
                sample_rate_hz,
                format="MP3" if codec == "mp3" else "OGG",
                subtype=SUBTYPES[codec],
                # For MP3, libsndfile does not accept exactly 1.
                compression_level=min(self._config.compression, 0.99),
            )
            file.seek(0)
            decoded, _ = soundfile.read(file, dtype="float32")
        except soundfile.SoundFileError as err:
            raise FpbenchError(
                f"cannot encode audio of {sample_rate_hz} Hz as {codec}: {err}",
                hint="choose another codec, or another sample_rate_hz in the query recipe",
            ) from err
        # libsndfile has already removed the delay of encoder and decoder.
        missing = max(0, len(samples) - len(decoded))
        aligned: Samples = np.pad(decoded[: len(samples)], (0, missing)) * np.float32(peak)
        return aligned
