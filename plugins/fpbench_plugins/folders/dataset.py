"""Finds the audio below a folder and gives every file a role."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fpbench import Dataset, FpbenchError, Settings, Track, apply_options
from fpbench.audio.folders import SUFFIXES, audio_below

FOLDERS = ("reference", "distractors", "train", "noise", "ir", "train_noise", "train_ir")
"""Sub-folders that say what the files below them are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderConfig:
    """How music without a role is divided.

    Args:
        reference_share: Of the tracks, between 0 and 1; the others are distractors.
    """

    reference_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.reference_share <= 1:
            raise ValueError(f"reference_share={self.reference_share} is not between 0 and 1")


def open_dataset(settings: Settings) -> Dataset:
    """All audio below ``settings.argument``.

    A file below one of :data:`FOLDERS` is for that. All other files are music:
    if there is neither ``reference/`` nor ``distractors/`` it is divided by :func:`divide_tracks`.

    Raises:
        FpbenchError: The folder does not exist, has no music, or has both a ``reference`` or
            ``distractors`` folder and music outside all role folders.
    """
    config = apply_options(FolderConfig(), settings.options)
    root = Path(cast(str, settings.argument)).expanduser()
    if not root.is_dir():
        raise FpbenchError(f"'{root}' is not a folder", hint="give a folder of audio files")
    below: dict[str, list[Track]] = {folder: [] for folder in FOLDERS}
    music: list[Track] = []
    for track in tracks_below(root):
        below.get(track.name.split("/", 1)[0], music).append(track)
    if not any((root / folder).is_dir() for folder in ("reference", "distractors")):
        below["reference"], below["distractors"] = divide_tracks(music, config.reference_share)
    elif music:
        raise FpbenchError(
            f"'{music[0].path}' and {len(music) - 1} more are in no folder with a role",
            hint=f"below '{root}', move them into one of: " + ", ".join(FOLDERS),
        )
    if not (below["reference"] or below["distractors"] or below["train"]):
        raise FpbenchError(
            f"no music in '{root}'", hint="it takes files ending in " + ", ".join(sorted(SUFFIXES))
        )
    return Dataset(
        name=f"folder:{settings.argument}",
        reference=below["reference"],
        distractors=below["distractors"],
        train=below["train"],
        noise=below["noise"],
        impulse_responses=below["ir"],
        train_noise=below["train_noise"],
        train_impulse_responses=below["train_ir"],
    )


def tracks_below(root: Path) -> list[Track]:
    """:func:`audio_below`, sorted and named by the path below ``root``."""
    found = ((path.relative_to(root).as_posix(), path) for path in audio_below(root))
    return [Track(name=name, path=path) for name, path in sorted(found)]


def divide_tracks(tracks: Sequence[Track], share: float) -> tuple[list[Track], list[Track]]:
    """Two disjoint lists, in the order given, the first with ``share`` of the tracks.

    Tracks are ranked by a hash of their name, so the division depends on no seed and no position,
    and a track added later moves at most one other across.
    """
    ranked = sorted(
        tracks, key=lambda t: hashlib.blake2b(t.name.encode("utf-8", "surrogateescape")).digest()
    )
    chosen = {track.name for track in ranked[: round(share * len(tracks))]}
    return (
        [track for track in tracks if track.name in chosen],
        [track for track in tracks if track.name not in chosen],
    )
