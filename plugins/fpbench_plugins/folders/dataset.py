"""Finds the audio files below a folder, and gives each a role."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fpbench import Dataset, FpbenchError, Settings, Track, apply_options
from fpbench.audio.folders import SUFFIXES, audio_below

FOLDERS = ("reference", "distractors", "train", "noise", "ir", "train_noise", "train_ir")
"""Sub-folders that give their files a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderConfig:
    """How music is divided that is in no such sub-folder.

    Args:
        reference_share: Share of the reference, from 0 to 1. The other tracks are distractors.
    """

    reference_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.reference_share <= 1:
            raise ValueError(f"reference_share={self.reference_share} is not between 0 and 1")


def open_dataset(settings: Settings) -> Dataset:
    """All audio files below the folder ``settings.argument``.

    Files below one of :data:`FOLDERS` have that role. All other files are music. If there is
    neither ``reference/`` nor ``distractors/``, :func:`divide_tracks` divides this music.

    Raises:
        FpbenchError: The folder does not exist or has no music; or there is a ``reference`` or
            ``distractors`` folder, and also music outside all of these sub-folders.
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
            hint=f"move them into one of these folders in '{root}': " + ", ".join(FOLDERS),
        )
    if not (below["reference"] or below["distractors"] or below["train"]):
        raise FpbenchError(
            f"no music in '{root}'",
            hint="give a folder with files that end in " + ", ".join(sorted(SUFFIXES)),
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
    """The audio files below ``root``, sorted and named by their path below it."""
    found = ((path.relative_to(root).as_posix(), path) for path in audio_below(root))
    return [Track(name=name, path=path) for name, path in sorted(found)]


def divide_tracks(tracks: Sequence[Track], share: float) -> tuple[list[Track], list[Track]]:
    """Divide tracks into two lists, the first with ``share`` of them. Both keep the given order.

    Tracks are ranked by a hash of their names. So the division does not depend on a seed or on the
    order, and an additional track changes the list of at most one other.
    """
    ranked = sorted(
        tracks, key=lambda t: hashlib.blake2b(t.name.encode("utf-8", "surrogateescape")).digest()
    )
    chosen = {track.name for track in ranked[: round(share * len(tracks))]}
    return (
        [track for track in tracks if track.name in chosen],
        [track for track in tracks if track.name not in chosen],
    )
