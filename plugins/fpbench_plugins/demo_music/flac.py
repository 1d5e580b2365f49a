"""FLAC files whose bytes do not depend on the version of the encoder."""

import io

import numpy as np
import soundfile
from jaxtyping import Int16

from fpbench import Samples
from fpbench_plugins.demo_music.timbres import RATE_HZ

_HEAD = 4  # bytes of the file's marker, and of the head of a metadata block
_LAST_BLOCK = 0x80


def encode_flac(samples: Samples) -> bytes:
    """A 16-bit FLAC file."""
    encoded = io.BytesIO()
    # At level 0 the encoder computes with integers only, so that a processor changes no byte.
    soundfile.write(
        encoded,
        to_16_bits(samples),
        RATE_HZ,
        format="FLAC",
        subtype="PCM_16",
        compression_level=0.0,
    )
    return _with_one_block(encoded.getvalue())


def to_16_bits(samples: Samples) -> Int16[np.ndarray, " samples"]:
    """The whole numbers that a file holds."""
    whole: Int16[np.ndarray, " samples"] = np.round(samples * 32_767).astype(np.int16)
    return whole


def _with_one_block(flac: bytes) -> bytes:
    """The file with its first metadata block alone: the next one names the encoder's version."""
    sizes, end = [], _HEAD
    while True:
        sizes.append(_HEAD + int.from_bytes(flac[end + 1 : end + _HEAD]))
        last = flac[end] & _LAST_BLOCK
        end += sizes[-1]
        if last:
            break
    first = flac[_HEAD : _HEAD + sizes[0]]
    return flac[:_HEAD] + bytes([first[0] | _LAST_BLOCK]) + first[1:] + flac[end:]
