"""The checksum is TensorFlow's; whole checkpoints are read in ``test_checkpoints``."""

import struct

import pytest

from fpbench.encoders.tensor_bundle import masked_crc32c


# Of RFC 3720, appendix B.4, rotated right by 15 bits and added to 0xA282EAD8 by hand.
@pytest.mark.parametrize(
    ("data", "crc"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"123456789", 0xE3069283, id="digits"),
        pytest.param(bytes(32), 0x8A9136AA, id="zeros"),
    ],
)
def test_is_the_masked_checksum_of_the_standard(data: bytes, crc: int) -> None:
    bits = f"{crc:032b}"
    rotated = int(bits[-15:] + bits[:-15], 2)
    assert masked_crc32c(data) == (rotated + 0xA282EAD8) % 2**32


def test_fits_four_bytes() -> None:
    assert len(struct.pack("<I", masked_crc32c(b"\xff" * 1000))) == 4
