"""Decodes protobuf messages into numbered fields, without their schema.

Source: protobuf.dev, "Encoding".
"""

from collections.abc import Iterator

_VARINT_BYTES = 10  # of a number of 64 bits


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a message, in their order; absent fields are zero.

    Raises:
        ValueError: The message is truncated, or has a field of an unknown kind.
    """
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
            yield tag >> 3, value
        elif kind == 2:
            size, at = read_varint(message, at)
            yield tag >> 3, take_bytes(message, at, at + size)
            at += size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield tag >> 3, int.from_bytes(take_bytes(message, at, at + size), "little")
            at += size
        else:
            raise ValueError(f"a message has a field of unknown kind {kind}")


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a number of seven bits per byte, lowest first.

    Args:
        data: Bytes with the number.
        at: Where it begins.

    Returns:
        The number, and the position after it.

    Raises:
        ValueError: The bytes end before it does, or it has more than 64 bits.
    """
    value = shift = 0
    for _ in range(_VARINT_BYTES):
        byte = take_bytes(data, at, at + 1)[0]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number has more than 64 bits")


def take_bytes(data: bytes, start: int, stop: int) -> bytes:
    """The bytes from ``start`` to ``stop``.

    Raises:
        ValueError: There are fewer.
    """
    if stop > len(data):
        raise ValueError("it is truncated")
    return data[start:stop]
