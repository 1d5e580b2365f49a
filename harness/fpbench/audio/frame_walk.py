"""Goes from frame to frame of a stream in which every frame gives its length."""

from dataclasses import dataclass
from io import BufferedReader
from typing import Generic, Protocol, TypeVar, runtime_checkable

from fpbench.audio.audio_tags import skip_tags
from fpbench.audio.damage_report import Damage

MOST_JUNK_BYTES = 1 << 16
"""What may stand before the first frame without being one."""

_PADDING_S = 1.0
_STEP = 1 << 16
_MOST_SYNCS = 1 << 14  # as many as 4 MB of random bytes have


@dataclass(frozen=True, slots=True)
class Frame:
    """What a header says of its frame.

    Args:
        length: In bytes, with the header.
        duration_s: Seconds of audio.
        family: What does not change from frame to frame of one stream.
    """

    length: int
    duration_s: float
    family: int


F = TypeVar("F", bound=Frame)


@runtime_checkable
class FrameKind(Protocol[F]):
    """A kind of frame, and what is known of a stream of them up to a place."""

    @property
    def head_bytes(self) -> int:
        """How many bytes of a frame are needed."""

    @property
    def sync(self) -> bytes:
        """What every frame begins with."""

    def read_head(self, head: bytes, /) -> F | None:
        """The frame that has these first bytes; None if they are not those of a frame."""

    def follow(self, frame: F, head: bytes, /) -> str | None:
        """Take the next frame into account; a reason if it does not fit those before it."""

    def restart(self) -> None:
        """Forget the frames so far: another file begins, joined to this one."""

    def starts_file(self, frame: F, head: bytes, /) -> bool:
        """Whether only the first frame of a file looks like this."""

    def finish(self) -> str | None:
        """A reason if frames are missing at the end."""


def find_walk_damage(
    file: BufferedReader, start: int, end: int, kind: FrameKind[F], *, cut_is_damage: bool = True
) -> Damage | None:
    """Walk from frame to frame, over the tags between joined files.

    Args:
        file: The file.
        start: Where frames are looked for; other bytes may stand before the first.
        end: Where the frames end.
        kind: The kind of frame.
        cut_is_damage: Whether the last frame has to be complete.
    """
    walk = _Walk(file, end, kind)
    at, at_s, frame = start, 0.0, None
    while at < end:
        head = walk.read(at)
        following = kind.read_head(head)
        if following is None:
            after = walk.skip_what_is_no_frame(at, frame)
            if isinstance(after, str):
                return Damage(at_s, after)
            at = after
            continue
        frame = following
        reason = kind.follow(frame, head)
        if reason:
            return Damage(at_s, reason)
        at += frame.length
        if at > end and cut_is_damage:
            return Damage(at_s, "truncated: its last frame is incomplete")
        at_s += frame.duration_s
    reason = kind.finish()
    return Damage(at_s, reason) if reason else None


def find_frames(file: BufferedReader, start: int, end: int, kind: FrameKind[F]) -> int | None:
    """Where frames follow one another; None if that is not within :data:`MOST_JUNK_BYTES`."""
    return _Walk(file, end, kind).find(start, min(end, start + MOST_JUNK_BYTES), None)


class _Walk(Generic[F]):
    def __init__(self, file: BufferedReader, end: int, kind: FrameKind[F]) -> None:
        self._file, self._end, self._kind = file, end, kind

    def read(self, at: int) -> bytes:
        return self._read(at, self._kind.head_bytes)

    def skip_what_is_no_frame(self, at: int, last: F | None) -> int | str:
        """Where the walk goes on: behind a tag, at the next frame or at the end; or a reason."""
        after = min(skip_tags(self._file, at), self._end)
        if after > at:
            self._kind.restart()
            return after
        found = self.find(at, self._end, last)
        if last is None:
            return self._end if found is None else found
        if found is None:
            # Some programs fill a file up with zeros, or add something of their own.
            most = max(_PADDING_S * last.length / last.duration_s, 4096)
            left = self._end - at
            return self._end if left < most else f"damaged: its last {left} bytes are no audio"
        tag = self._tag_behind_zeros(at, found)
        if tag is not None:
            return tag
        head = self.read(found)
        following = self._kind.read_head(head)
        if following and self._kind.starts_file(following, head):
            self._kind.restart()
            return found
        return f"damaged: {found - at} bytes between its frames are no audio"

    def find(self, start: int, stop: int, like: F | None) -> int | None:
        """The first position before ``stop`` from which frames follow one another.

        Nothing is found behind very many bytes that could begin a frame and do not: a file made of
        them would take hours.
        """
        sync, left = self._kind.sync, _MOST_SYNCS
        for at in range(start, stop, _STEP):
            block = self._read(at, _STEP + len(sync) - 1)
            offset = block.find(sync)
            while 0 <= offset < min(_STEP, stop - at):
                if self._continues(at + offset, like):
                    return at + offset
                left -= 1
                if not left:
                    return None
                offset = block.find(sync, offset + 1)
        return None

    def _continues(self, at: int, like: F | None) -> bool:
        for _ in range(3):
            frame = self._kind.read_head(self.read(at))
            if frame is None or (like and frame.family != like.family):
                return False
            at, like = at + frame.length, frame
            if at == self._end:
                break
        return True

    def _tag_behind_zeros(self, at: int, end: int) -> int | None:
        while at < end:
            zeros = self._read(at, min(_STEP, end - at))
            rest = zeros.lstrip(b"\0")
            at += len(zeros) - len(rest)
            if rest:
                return at if skip_tags(self._file, at) > at else None
        return None

    def _read(self, at: int, length: int) -> bytes:
        self._file.seek(at)
        return self._file.read(length)
