"""A walk goes from frame to frame, and says where it cannot go on."""

from pathlib import Path

import pytest

from fpbench.audio.damage_report import Damage
from fpbench.audio.frame_kinds import LoneFrames
from fpbench.audio.frame_walk import MOST_JUNK_BYTES, Frame, find_frames, find_walk_damage

FRAME = b"S\x09" + b"abcdefg"
TAG = b"TAG" + b"x" * 125


def read_head(head: bytes) -> Frame | None:
    """A frame of half a second: an S, its length, and content."""
    return Frame(head[1], 0.5, 0) if head[:1] == b"S" and len(head) == 2 and head[1] else None


KIND = LoneFrames(read_head, b"S", head_bytes=2)


def walk(path: Path, content: bytes, **how: bool) -> Damage | None:
    path.write_bytes(content)
    with path.open("rb") as file:
        return find_walk_damage(file, 0, len(content), KIND, **how)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        FRAME * 9,
        b"junk" + FRAME * 9,
        FRAME * 3 + TAG + FRAME * 3,
        FRAME * 3 + bytes(50) + TAG + FRAME * 3,
        FRAME * 9 + b"junk",
        FRAME * 9 + bytes(1_000),
    ],
)
def test_goes_over_what_is_no_damage(tmp_path: Path, content: bytes) -> None:
    assert walk(tmp_path / "a", content) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (FRAME * 4 + b"junk" + FRAME * 4, "damaged: 4 bytes between its frames are no audio"),
        (FRAME * 4 + FRAME[:5], "truncated: its last frame is incomplete"),
        (FRAME * 4 + bytes(9_000), "damaged: its last 9000 bytes are no audio"),
        (FRAME * 4 + bytes(90) + FRAME * 4, "damaged: 90 bytes between its frames are no audio"),
    ],
)
def test_says_where_frames_end(tmp_path: Path, content: bytes, expected: str) -> None:
    assert walk(tmp_path / "a", content) == Damage(2.0, expected)


def test_very_many_syncs_are_not_all_tried(tmp_path: Path) -> None:
    damage = walk(tmp_path / "a", FRAME * 4 + b"S\0" * 20_000 + FRAME * 4)
    assert damage == Damage(2.0, "damaged: its last 40036 bytes are no audio")


def test_a_cut_may_be_allowed(tmp_path: Path) -> None:
    assert walk(tmp_path / "a", FRAME * 4 + FRAME[:5], cut_is_damage=False) is None


@pytest.mark.parametrize("before", [0, 10, MOST_JUNK_BYTES - 1])
def test_finds_frames_behind_some_bytes(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * before + FRAME * 9)
    with path.open("rb") as file:
        assert find_frames(file, 0, before + 9 * len(FRAME), KIND) == before


@pytest.mark.parametrize("content", [b"", b"x" * 999, b"S\x05 alone", b"x" * 70_000 + FRAME * 9])
def test_finds_no_frames_elsewhere(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert find_frames(file, 0, len(content), KIND) is None
