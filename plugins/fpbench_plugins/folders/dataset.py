"""Finds the audio files below a folder, and gives each a role."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from fpbench import Dataset, FpbenchError, RecordedQuery, Settings, Track, apply_options
from fpbench.audio.folders import audio_below
from fpbench.audio.recorded_queries import TABLE, queries_beside
from fpbench.listed_files import composed
from fpbench.user_paths import expand_path
from fpbench_plugins.folders.roles import (
    FOLDERS,
    MUSIC,
    refuse_empty_roles,
    refuse_near_misses,
    role_names,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderConfig:
    """How music is divided that is in no such sub-folder, and where recorded queries are.

    Args:
        reference_share: Share of the reference, from 0 to 1. The other tracks are distractors.
        queries: Table of recorded queries, relative to the folder, with the columns query,
            reference and start_s; none means that there are none.
        near_names: ``refuse``: stop at folders that are nearly called as those with a role, or lie
            inside another one; ``music``: take what is in them as other music beside or around it.
        groups: ``folders``: the tracks of one sub-folder are a group; ``none``: no groups are
            known, so that intervals are over tracks.
    """

    reference_share: float = 0.5
    queries: str | None = TABLE
    near_names: Literal["refuse", "music"] = "refuse"
    groups: Literal["folders", "none"] = "folders"

    def __post_init__(self) -> None:
        if not 0 <= self.reference_share <= 1:
            raise ValueError(f"reference_share={self.reference_share} is not between 0 and 1")


def open_dataset(settings: Settings) -> Dataset:
    """All audio files below the folder ``settings.argument``.

    Files below one of :data:`FOLDERS` have that role, and those of its sub-folders are groups. All
    other files are music. If there is neither ``reference/`` nor ``distractors/``, this music is
    divided: the tracks that recorded queries match are the reference; without these,
    :func:`divide_tracks` divides it.

    Raises:
        FpbenchError: The folder does not exist or has no music; a sub-folder with a role is empty,
            or another is nearly called so; there is a ``reference`` or ``distractors`` folder, and
            also music outside all of these sub-folders; or recorded queries do not fit the
            reference.
    """
    config = apply_options(FolderConfig(), settings.options)
    root = expand_path(cast(str, settings.argument))
    if not root.is_dir():
        hint = "give a folder of audio files"
        raise FpbenchError(
            f"'{root}' is not a folder",
            hint=hint + (", or a table with manifest:FILE.csv" if root.is_file() else ""),
        )
    roles, tracks = role_names(root), tracks_below(root)
    refuse_empty_roles(root, roles, tracks)
    if config.near_names == "refuse":
        has_table = config.queries is not None and (root / config.queries).is_file()
        refuse_near_misses(root, roles, tracks, has_table=has_table)
    below: dict[str, list[Track]] = {role: [] for role in (*FOLDERS, "query", "music")}
    for track in tracks:
        below[roles.get(track.name.split("/", 1)[0], "music")].append(track)
    divided = not set(roles.values()) & set(MUSIC)
    if divided:
        below["reference"], below["music"] = below["music"], []
    if config.groups == "folders":
        for role in ("reference", "distractors", "train"):
            below[role] = group_by_folder(below[role], depth=0 if divided else 1)
    queries = pair_by_name(root, below["query"], below["reference"])
    if not queries:
        queries = queries_beside(root, config.queries, below["reference"])
    recordings = {query.path for query in queries}
    below = {
        role: [track for track in tracks if track.path not in recordings]
        for role, tracks in below.items()
    }
    if queries and "reference_share" in settings.options:
        raise FpbenchError(
            "reference_share has no effect: the tracks that recorded queries match are the "
            "reference",
            hint="leave it out, or set queries=none",
        )
    division = None
    if divided:
        below["reference"], below["distractors"], division = divide(
            below["reference"], queries, config.reference_share
        )
    refuse_strays(root, below["music"])
    if not (below["reference"] or below["distractors"] or below["train"]):
        raise FpbenchError(
            f"no music in '{root}'",
            hint="give a folder with audio files, such as wav, flac, mp3, m4a or ogg",
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
        queries=queries,
        division=division,
    )


def pair_by_name(
    root: Path, recordings: Sequence[Track], reference: Sequence[Track]
) -> list[RecordedQuery]:
    """Recordings in ``query/``, each of the whole track of the same name in ``db/``.

    Raises:
        FpbenchError: There is no track of that name.
    """
    tracks = {_inner_name(track): track.name for track in reference}
    for recording in recordings:
        if _inner_name(recording) not in tracks:
            raise FpbenchError(
                f"'{recording.path}' has no file of the same name in '{root / 'db'}'",
                hint=f"add it, or list the queries in '{root / TABLE}' and rename the folders to "
                "reference/ and queries/",
            )
    return [
        RecordedQuery(name=one.name, path=one.path, reference=tracks[_inner_name(one)])
        for one in recordings
    ]


def _inner_name(track: Track) -> str:
    """The name below its role's folder, without suffix."""
    name = track.name.partition("/")[2]
    return composed(name.rpartition(".")[0] or name)


def group_by_folder(tracks: Sequence[Track], depth: int) -> list[Track]:
    """Tracks with their folder as the group, if they are in several folders.

    Args:
        tracks: Music of one role.
        depth: Number of folders above those of the groups: 1 below the folder of a role.
    """
    folders = [track.name.split("/")[depth:-1] for track in tracks]
    if len({parts[0] for parts in folders if parts}) < 2:
        return list(tracks)
    return [
        replace(track, group=composed(parts[0]) if parts else None)
        for track, parts in zip(tracks, folders, strict=True)
    ]


def divide(
    tracks: Sequence[Track], queries: Sequence[RecordedQuery], share: float
) -> tuple[list[Track], list[Track], str | None]:
    """Divide music into reference and distractors, and say how; None if there is none."""
    if queries:
        reference, distractors = divide_matched(tracks, queries)
        rule = "the tracks that recorded queries match are the reference"
    else:
        reference, distractors = divide_tracks(tracks, share)
        rule = f"a hash of the names chooses the reference (reference_share={share:g})"
    counts = f"{len(reference)} tracks are reference and {len(distractors)} distractors"
    return reference, distractors, f"{counts}: {rule}" if tracks else None


def divide_matched(
    tracks: Sequence[Track], queries: Sequence[RecordedQuery]
) -> tuple[list[Track], list[Track]]:
    """Divide tracks into those that a query matches and the others."""
    matched = {query.reference for query in queries}
    return (
        [track for track in tracks if track.name in matched],
        [track for track in tracks if track.name not in matched],
    )


def refuse_strays(root: Path, music: Sequence[Track]) -> None:
    """Refuse music in no folder with a role, where others are in one."""
    if music:
        raise FpbenchError(
            f"'{music[0].path}' and {len(music) - 1} more are in no folder with a role",
            hint=f"move them into one of these folders in '{root}', or list recorded queries in "
            f"'{root / TABLE}': " + ", ".join(FOLDERS),
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
    ranked = sorted(tracks, key=_name_digest)
    chosen = {track.name for track in ranked[: round(share * len(tracks))]}
    return (
        [track for track in tracks if track.name in chosen],
        [track for track in tracks if track.name not in chosen],
    )


def _name_digest(track: Track) -> bytes:
    """A hash of the name, the same for a file that macOS has stored in its own form of Unicode."""
    return hashlib.blake2b(composed(track.name).encode("utf-8", "surrogateescape")).digest()
