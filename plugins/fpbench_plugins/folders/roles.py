"""Which sub-folders give their files a role, and which probably should but are misspelt."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from fpbench import FpbenchError, Track, is_near_miss
from fpbench.audio.recorded_queries import TABLE
from fpbench.near_names import plain_name

logger = logging.getLogger(__name__)

FOLDERS = ("reference", "distractors", "train", "noise", "ir", "train_noise", "train_ir")
"""Sub-folders that give their files a role."""

MUSIC = ("reference", "distractors")
"""Roles without which the program divides the music."""

PUBLISHED_PAIRS = {"db": "reference", "dummy_db": "distractors"}
"""Other names of these roles beside a folder ``query``, as in the public data of NAFP."""

OTHER_NAMES: Mapping[str, Sequence[str]] = {
    "reference": ("ref",),
    "distractors": (),
    "train": ("training",),
    "noise": ("background", "background noise", "bg noise"),
    "ir": ("rir", "impulse", "impulse response", "room impulse response"),
    "train_noise": ("noise train", "training noise"),
    "train_ir": ("ir train", "training ir", "train rir", "train impulse response"),
}
"""What people call these folders, too; in any case, singular or plural."""

ADDED = ("", "set", "data", "file", "track", "music", "audio", "folder")
"""What they add to these names."""

WORDS = frozenset({"preference", "preferences", "deference", "reverence"})
"""Words that differ from a role by one letter, and are no slips of typing."""

ALBUM_NAMES = frozenset({"train", "noise", "ir"})
"""Roles that an album or a band may be called, too."""

FEW_ALBUMS = 5
"""With at least as many other folders of music beside it, such a folder is taken for an album."""


def role_names(root: Path) -> dict[str, str]:
    """Roles by name of the sub-folder, for those that exist.

    Names are as the disk lists them, so that a disk that takes ``Reference`` for ``reference`` does
    not matter.

    Raises:
        FpbenchError: Two folders have one role, or a file has the name of a role.
    """
    names = {folder: folder for folder in FOLDERS}
    there = set(os.listdir(root))  # noqa: PTH208 - names, not paths
    for name in sorted(there & names.keys()):
        if not (root / name).is_dir():
            what = "a file" if (root / name).exists() else "a broken link"
            raise FpbenchError(
                f"'{root / name}' is {what}, but has the name of a folder with a role",
                hint=f"put the audio into a folder {name}/, or rename it",
            )
    folders = {name for name in there if (root / name).is_dir()}
    if {"query", "db"} <= folders:
        names |= {"query": "query", **PUBLISHED_PAIRS}
    roles = {folder: role for folder, role in names.items() if folder in folders}
    for one, other in (("db", "reference"), ("dummy_db", "distractors")):
        if {one, other} <= roles.keys():
            raise FpbenchError(
                f"'{root}' has both {one}/ and {other}/", hint="keep the tracks in one of them"
            )
    return roles


def refuse_near_misses(
    root: Path, roles: Mapping[str, str], tracks: Sequence[Track], *, has_table: bool
) -> None:
    """Refuse folders that probably should have a role, but are misspelt or misplaced.

    A folder ``Noise`` beside many others of music is an album, which a warning says.

    Args:
        root: The folder of the dataset.
        roles: From :func:`role_names`.
        tracks: All audio files below ``root``.
        has_table: Whether a table lists recorded queries, which may then lie in any folder.

    Raises:
        FpbenchError: There is such a folder.
    """
    with_music = folders_with_audio(tracks)
    names = [name for name in _folders_in(root) if name not in roles]
    _refuse_unpaired(root, names, roles, has_table=has_table)
    meant = {name: role for name in names if (role := meant_role(name)) is not None}
    others = len(with_music - roles.keys() - meant.keys())
    divided = not set(roles.values()) & set(MUSIC)
    albums = _albums(meant, others) if divided else []
    for name in albums:
        logger.warning(
            "'%s' is taken for an album, as it lies beside %d other folders of music; if it has "
            "the role %s, rename it to %s/",
            root / name,
            others,
            meant[name],
            meant[name],
        )
    wrong = [name for name in meant if name not in albums]
    if wrong:
        moves = ", ".join(
            f"{'move the files of' if meant[name] in roles else 'rename'} {name}/ to {meant[name]}/"
            for name in wrong
        )
        raise FpbenchError(
            f"'{root / wrong[0]}' has no role: the folder with this role is called "
            f"{meant[wrong[0]]}/",
            hint=f"{moves}; if all of this is music, set near_names=music below "
            "[dataset_options] in a config file",
        )
    for parent in (*roles, *(names if divided else ())):
        _refuse_nested(root, parent, with_role=parent in roles)


def meant_role(name: str) -> str | None:
    """The role that a folder probably should have; None if its name says nothing of the kind."""
    if name in FOLDERS or name.casefold() in WORDS:
        return None
    known = _known_names().get(plain_name(name))
    return known or next((role for role in FOLDERS if is_near_miss(name, role)), None)


@cache
def _known_names() -> dict[str, str]:
    """Roles by the plain form of all names that people give to their folders."""
    words = {role: (role, *OTHER_NAMES[role]) for role in FOLDERS}
    return {
        plain_name(f"{stem} {added}"): role
        for role in reversed(FOLDERS)
        for word in words[role]
        for stem in (word, word.removesuffix("s"))
        for added in ADDED
    }


def _albums(meant: Mapping[str, str], others: int) -> list[str]:
    """Folders that are rather albums; none if one of them is surely misspelt."""
    if others < FEW_ALBUMS or not set(meant.values()) <= ALBUM_NAMES:
        return []
    return list(meant)


def folders_with_audio(tracks: Iterable[Track]) -> set[str]:
    """The sub-folders that tracks lie in."""
    return {track.name.split("/", 1)[0] for track in tracks if "/" in track.name}


def refuse_empty_roles(root: Path, roles: Mapping[str, str], tracks: Sequence[Track]) -> None:
    """Refuse a folder that has a role but no audio: the run would take other audio unsaid.

    Raises:
        FpbenchError: There is such a folder.
    """
    with_audio = folders_with_audio(tracks)
    empty = [name for name in roles if name not in with_audio]
    if empty:
        files = sum(1 for path in (root / empty[0]).rglob("*") if path.is_file())
        raise FpbenchError(
            f"'{root / empty[0]}' holds no audio"
            + (f", but {files} other files" if files else "; it is empty"),
            hint="put audio there, or remove " + ", ".join(f"{name}/" for name in empty),
        )


def _refuse_unpaired(
    root: Path, names: Sequence[str], roles: Mapping[str, str], *, has_table: bool
) -> None:
    """Refuse folders of NAFP's public data without the others that give them a role.

    ``db`` alone is music.
    """
    wanted = ("query", *PUBLISHED_PAIRS)
    found = {
        name: word for name in names for word in wanted if name == word or is_near_miss(name, word)
    }
    if has_table:  # its recordings may lie in a folder of that name
        found = {name: word for name, word in found.items() if word != "query"}
    misspelt = {name: word for name, word in found.items() if name != word}
    present = {*found.values(), *(set(roles) & set(wanted))}
    if not found or present == {"db"}:
        return
    if misspelt and len(present) > 1:
        hint = "rename " + ", ".join(f"{name}/ to {word}/" for name, word in misspelt.items())
    elif present == {"query"}:
        hint = f"list the queries in {TABLE}, or put the tracks that they match into db/"
    else:
        hint = "rename db/ to reference/ and dummy_db/ to distractors/, or add the missing one"
    raise FpbenchError(
        f"'{root / next(iter(misspelt or found))}' has no role: query/ and db/, and dummy_db/ for "
        "distractors, have one together",
        hint=hint,
    )


def _refuse_nested(root: Path, parent: str, *, with_role: bool) -> None:
    """Refuse folders with the names of roles inside another folder, where they have none."""
    inside = list(_folders_in(root / parent))
    meant = {
        name: role for name in inside if (role := name if name in FOLDERS else meant_role(name))
    }
    music = {name: role for name, role in meant.items() if role in MUSIC}
    if with_role:
        albums = _albums(meant, len(inside) - len(meant))
        wrong = [name for name in meant if name not in albums]
        if wrong:
            raise FpbenchError(
                f"'{root / parent / wrong[0]}' lies in {parent}/, where it has no role of its own",
                hint=f"move it beside {parent}/; if all of this belongs to {parent}/, set "
                "near_names=music below [dataset_options] in a config file",
            )
    elif len(set(music.values())) == len(MUSIC) or set(music) & set(MUSIC):
        raise FpbenchError(
            f"'{root / parent / next(iter(music))}' lies one folder too deep to have a role",
            hint=f"give the folder '{root / parent}', or move its sub-folders to '{root}'",
        )


def _folders_in(folder: Path) -> Iterator[str]:
    """Names of the visible sub-folders, sorted."""
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        if not name.startswith(".") and (folder / name).is_dir():
            yield name
