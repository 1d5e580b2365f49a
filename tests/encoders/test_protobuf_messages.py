"""Messages have the fields that are written in protobuf's own documentation."""

import pytest

from fpbench.encoders.protobuf_messages import read_fields, read_varint, take_bytes


def test_numbers_have_seven_bits_a_byte_lowest_first() -> None:
    assert read_varint(b"\x96\x01", 0) == (150, 2)
    assert read_varint(b"?\x01", 1) == (1, 2)
    assert read_varint(b"\xff" * 9 + b"\x01", 0) == (2**64 - 1, 10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"\x96", "truncated", id="ends inside"),
        pytest.param(b"\xff" * 11, "more than 64 bits", id="too long"),
    ],
)
def test_a_damaged_number_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_varint(data, 0)


# Field 1 is the number 150, field 2 the text "testing"; 3 and 4 have four and eight bytes.
MESSAGE = b"\x08\x96\x01" + b"\x12\x07testing" + b"\x1d\1\0\0\0" + b"\x21\2" + bytes(7)


def test_fields_are_numbers_or_bytes() -> None:
    assert list(read_fields(MESSAGE)) == [(1, 150), (2, b"testing"), (3, 1), (4, 2)]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        pytest.param(MESSAGE[:-1], "truncated", id="ends inside"),
        pytest.param(b"\x0b", "unknown kind 3", id="a group"),
    ],
)
def test_a_damaged_message_is_refused(message: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        list(read_fields(message))


def test_bytes_beyond_the_end_are_refused() -> None:
    assert take_bytes(b"abc", 1, 3) == b"bc"
    with pytest.raises(ValueError, match="truncated"):
        take_bytes(b"abc", 1, 4)
