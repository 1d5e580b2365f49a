"""Reads FMA's table of tracks, and gives each split a role."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO, cast

from fpbench import Dataset, FpbenchError, Settings, Track, apply_options, is_near_miss
from fpbench.audio.recorded_queries import TABLE, queries_beside
from fpbench.plugin.catalog import Catalog
from fpbench.user_paths import expand_path
from fpbench_plugins.fma.faulty_tracks import faulty_tracks

SUBSETS = ("small", "medium", "large", "full")

NESTED = {
    "small": frozenset({"small"}),
    "medium": frozenset({"small", "medium"}),
    "large": None,
    "full": None,
}
"""Values of the subset column in each audio folder. ``large`` and ``full`` have all tracks."""

SPLITS = ("training", "validation", "test")

ARTIST = ("artist", "id")
"""Column of the artist, which smaller copies of the table may lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FmaConfig:
    """The part of FMA to use, and its roles.

    Args:
        subset: The audio folder; None means the only one that exists.
        train_share: Share of the training split that is for training encoders; the rest are
            distractors.
        queries: Table of recorded queries, relative to the dataset's folder, with the columns
            query, reference and start_s; none means that there are none.
        known_faults: Whether to keep or drop the tracks whose files are known to be empty, cut
            short or damaged as published, see :mod:`fpbench_plugins.fma.faulty_tracks`.
        missing: Whether to skip tracks whose files are not there, or to refuse the folder.
        noises: Number of noises of the dataset ``demo`` that degrade queries, because FMA has none.
    """

    subset: Literal["small", "medium", "large", "full"] | None = None
    train_share: float = 0.5
    queries: str | None = TABLE
    known_faults: Literal["keep", "drop"] = "keep"
    missing: Literal["skip", "refuse"] = "skip"
    noises: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.train_share <= 1:
            raise ValueError(f"train_share={self.train_share} is not between 0 and 1")
        if self.noises < 0:
            raise ValueError(f"noises={self.noises} is negative")


def open_dataset(settings: Settings) -> Dataset:
    """FMA's tracks: ``test`` is the reference, ``validation`` and ``training`` are the rest.

    FMA's splits have no artist in common, and tracks of one artist are a group. ``validation``
    tracks are distractors. A hash of its number decides whether a ``training`` track is for
    ``train`` or ``distractors``, so that it has the same role in all subsets. Files that are in the
    table but not on the disk are kept: the run reports them as unreadable.

    Raises:
        FpbenchError: The table or the audio folder is missing, or not as published.
    """
    config = apply_options(FmaConfig(), settings.options)
    root = expand_path(cast(str, settings.argument))
    subset = config.subset or only_subset(root)
    audio = root / f"fma_{subset}"
    if not audio.is_dir():
        raise FpbenchError(
            f"there is no folder '{audio}'",
            hint=rename_hint(root, audio.name)
            or f"unpack fma_{subset}.zip there, or choose another subset",
        )
    by_role: dict[str, list[Track]] = {"reference": [], "distractors": [], "train": []}
    dropped = faulty_tracks(subset) if config.known_faults == "drop" else {}
    for number, its_subset, split, artist in table_rows(root / "fma_metadata" / "tracks.csv"):
        wanted = NESTED[subset]
        if number in dropped or (wanted is not None and its_subset not in wanted):
            continue
        path = audio / f"{number // 1000:03d}" / f"{number:06d}.mp3"
        role = role_of(number, split, config.train_share)
        by_role[role].append(Track(name=f"{number:06d}", path=path, group=artist))
    refuse_missing(audio, [track.path for some in by_role.values() for track in some], config)
    library = open_library(config.noises, settings)
    return Dataset(
        name=f"fma:{settings.argument}",
        reference=by_role["reference"],
        distractors=by_role["distractors"],
        train=by_role["train"],
        queries=queries_beside(root, config.queries, by_role["reference"]),
        noise=library.noise,
        pending=library.pending,
        division=f"{len(by_role['reference'])} tracks are reference: the test split; "
        f"{len(by_role['distractors'])} distractors and {len(by_role['train'])} for training: the "
        "validation split is distractors, and a hash of its number decides about each track of the "
        f"training split (train_share={config.train_share:g})",
    )


def refuse_missing(audio: Path, paths: Sequence[Path], config: FmaConfig) -> None:
    """Refuse a folder that has no track, or lacks one if the config wants all.

    Raises:
        FpbenchError: It does.
    """
    missing = [path for path in paths if not path.is_file()]
    if len(missing) == len(paths):
        raise FpbenchError(
            f"'{audio}' has none of the tracks in tracks.csv",
            hint=f"it must have files such as '{audio / '000' / '000002.mp3'}'",
        )
    if missing and config.missing == "refuse":
        raise FpbenchError(
            f"'{audio}' lacks {len(missing)} of {len(paths)} tracks, such as {missing[0].name}",
            hint=f"unpack {audio.name}.zip again, and run `sha1sum -c checksums` in the folder",
        )


def open_library(noises: int, settings: Settings) -> Dataset:
    """The noises of the generated library, without its music."""
    if noises == 0:
        return Dataset(name="none")
    counts = dict.fromkeys(("reference", "distractors", "train", "rooms"), "0")
    own = Settings(cache_dir=settings.cache_dir, options={**counts, "noises": str(noises)})
    return Catalog.load().dataset("demo", own)


def only_subset(root: Path) -> str:
    """The subset whose audio folder exists.

    Raises:
        FpbenchError: There is none, or more than one.
    """
    found = [name for name in SUBSETS if (root / f"fma_{name}").is_dir()]
    if not found:
        near = rename_hint(root, *(f"fma_{name}" for name in SUBSETS))
        raise FpbenchError(
            f"'{root}' has no folder fma_small, fma_medium, fma_large or fma_full",
            hint=near or "give the folder in which FMA's zip files are unpacked",
        )
    if len(found) > 1:
        raise FpbenchError(
            f"'{root}' has several subsets: {', '.join(found)}", hint=f"set subset={found[0]}"
        )
    return found[0]


def rename_hint(root: Path, *names: str) -> str:
    """A hint to rename a folder that is nearly called as one of FMA's; empty if there is none."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        for name in names:
            if is_near_miss(path.name, name) and path.is_dir():
                return f"rename {path.name}/ to {name}/"
    return ""


def table_rows(table: Path) -> Iterator[tuple[int, str, str, str | None]]:
    """Track number, subset, split and number of the artist of every row.

    Raises:
        FpbenchError: The table does not exist or is not FMA's ``tracks.csv``.
    """
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            yield from _parse_rows(table, lines)
    except FileNotFoundError as err:
        raise FpbenchError(
            f"there is no '{table}'",
            hint=rename_hint(table.parents[1], table.parent.name)
            or "unpack fma_metadata.zip beside the audio folder",
        ) from err
    except (csv.Error, UnicodeDecodeError) as err:
        raise FpbenchError(f"'{table}' is damaged: {err}", hint="unpack it again") from err


def _parse_rows(table: Path, lines: TextIO) -> Iterator[tuple[int, str, str, str | None]]:
    rows = csv.reader(lines)
    # Two lines of column names, then a line with the name of the index only.
    names = list(zip(next(rows, []), next(rows, []), strict=False))
    next(rows, None)
    for wanted in (("set", "subset"), ("set", "split")):
        if wanted not in names:
            raise FpbenchError(
                f"'{table}' has no column {wanted}", hint="use FMA's own file, unchanged"
            )
    subset_at, split_at = names.index(("set", "subset")), names.index(("set", "split"))
    artist_at = names.index(ARTIST) if ARTIST in names else None
    for row in rows:
        if len(row) != len(names) or not row[0].isdecimal() or row[split_at] not in SPLITS:
            raise FpbenchError(
                f"'{table}', line {rows.line_num}: not a track", hint="unpack it again"
            )
        artist = None if artist_at is None else row[artist_at] or None
        yield int(row[0]), row[subset_at], row[split_at], artist


def role_of(number: int, split: str, train_share: float) -> str:
    """The field of :class:`fpbench.Dataset` that a track belongs to."""
    if split == "test":
        return "reference"
    digest = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
    for_training = split == "training" and int.from_bytes(digest) < train_share * 2**64
    return "train" if for_training else "distractors"
