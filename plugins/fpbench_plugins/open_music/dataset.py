"""Opens the set, after a look at every file of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fpbench import Dataset, FpbenchError, Settings, Track, apply_options
from fpbench.hashing import file_sha256
from fpbench.prefetch import map_ahead
from fpbench.user_paths import expand_path
from fpbench_plugins.open_music.built_files import read_built
from fpbench_plugins.open_music.listing import ListedFile, read_list


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMusicConfig:
    """The set has no settings: all results are of the same recordings."""


def open_dataset(settings: Settings) -> Dataset:
    """The recordings of the set in a folder, each as listed or built from its source.

    Raises:
        FpbenchError: A file is missing, or is neither the listed one nor one that a build made.
    """
    apply_options(OpenMusicConfig(), settings.options)
    return dataset_of(settings.argument or "", read_list())


def dataset_of(argument: str, files: Mapping[str, ListedFile]) -> Dataset:
    """The dataset of some files, by path, in the folder that a user names.

    Raises:
        FpbenchError: See :func:`open_dataset`.
    """
    folder = expand_path(argument)
    check_files(folder, files)
    tracks: dict[tuple[str, str], list[Track]] = defaultdict(list)
    for path, file in files.items():
        group = file.attribution or None
        track = Track(name=path, path=folder / path, group=group, content=file.content)
        tracks[file.kind, file.split].append(track)
    return Dataset(
        name=f"open-music:{argument}",
        reference=tracks["music", "test"],
        distractors=tracks["music", "generator"],
        train=tracks["music", "train"],
        noise=tracks["noise", "test"],
        impulse_responses=tracks["ir", "test"],
        train_noise=tracks["noise", "train"],
        train_impulse_responses=tracks["ir", "train"],
    )


def check_files(folder: Path, files: Mapping[str, ListedFile]) -> None:
    """Refuse a folder in which a file is missing or another one.

    Raises:
        FpbenchError: The first such file, and how many there are.
    """
    again = f"run `fpbench data build open-music-v1 --out {folder}`"
    missing = [path for path in files if not (folder / path).is_file()]
    if missing:
        raise FpbenchError(
            f"{folder} lacks {len(missing)} of the {len(files)} files of open-music-v1, such as "
            f"{missing[0]}",
            hint=again,
        )
    built = read_built(folder)
    digests = map_ahead(lambda path: file_sha256(folder / path), list(files))
    others = [
        path
        for path, digest in zip(files, digests, strict=True)
        if digest != files[path].sha256 and (path not in built or digest != built[path].sha256)
    ]
    if others:
        raise FpbenchError(
            f"{len(others)} files in {folder} are neither those of open-music-v1 nor built from "
            f"their sources, such as {others[0]}",
            hint=f"remove them, and {again}",
        )
