"""Finds the audio files below a folder, and warns of files that it leaves out."""

import os
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path

from fpbench.audio.first_bytes import HEAD_BYTES, looks_like_audio, looks_like_text

logger = getLogger(__name__)

SUFFIXES = frozenset(
    {".3g2", ".3gp", ".aa3", ".aac", ".ac3", ".adts", ".aif", ".aifc", ".aiff", ".alac", ".amr"}
    | {".ape", ".asf", ".au", ".avi", ".awb", ".bwf", ".caf", ".dff", ".dsf", ".dts", ".dtshd"}
    | {".eac3", ".ec3", ".f4a", ".f4v", ".flac", ".flv", ".m2ts", ".m4a", ".m4b", ".m4p", ".m4r"}
    | {".m4v", ".mka", ".mkv", ".mlp", ".mov", ".mp1", ".mp2", ".mp3", ".mp4", ".mpa", ".mpc"}
    | {".mpeg", ".mpg", ".mpga", ".mts", ".oga", ".ogg", ".ogv", ".ogx", ".oma", ".opus", ".qt"}
    | {".ra", ".rf64", ".rm", ".shn", ".snd", ".spx", ".tak", ".thd", ".tta", ".voc"}
    | {".w64", ".wav", ".wave", ".weba", ".webm", ".wma", ".wmv", ".wv"}
)
"""Names of files that are read, or listed with the reason why they cannot be."""

_NO_AUDIO = frozenset(
    # pictures and documents
    {".bmp", ".gif", ".heic", ".ico", ".jpeg", ".jpg", ".png", ".psd", ".svg", ".tif", ".tiff"}
    | {".webp", ".doc", ".docx", ".epub", ".htm", ".html", ".md", ".odt", ".pdf", ".rst", ".rtf"}
    | {".tex", ".txt", ".xls", ".xlsx", ".url", ".webloc"}
    # data and programs
    | {".bib", ".cfg", ".conf", ".csv", ".db", ".dll", ".exe", ".feather", ".h5", ".hdf5"}
    | {".ini", ".ipynb", ".jams", ".json", ".jsonl", ".lab", ".lnk", ".mat", ".npy", ".npz"}
    | {".parquet", ".pickle", ".pkl", ".pt", ".pth", ".py", ".pyc", ".safetensors", ".sh"}
    | {".sqlite", ".textgrid", ".toml", ".tsv", ".xml", ".yaml", ".yml"}
    # what ripping, playing and editing programs leave beside music
    | {".accurip", ".asd", ".asx", ".cue", ".ffp", ".log", ".lrc", ".m3u", ".m3u8", ".md5", ".nfo"}
    | {".pk", ".pkf", ".pls", ".reapeaks", ".sfk", ".sfv", ".sha1", ".sha256", ".srt", ".st5"}
    | {".torrent", ".vtt", ".wpl", ".xspf"}
)

_UNFINISHED = frozenset({".crdownload", ".download", ".filepart", ".part", ".partial", ".tmp"})

_NAMED = 5


def audio_below(root: Path) -> list[Path]:
    """Audio files below a folder, sorted by path.

    These are the files with a suffix of audio or video, and those without a known suffix whose
    first bytes are those of an audio format. Links are followed, except links to a folder that
    contains them. Hidden files and folders are left out, such as a recycle bin, or the ``._`` file
    that macOS puts beside every file. Warnings name all others that may be music: broken links,
    unfinished downloads, folders that cannot be listed, and files that are neither text nor
    recognised.
    """
    found: dict[str, list[Path]] = {}
    unlisted: list[OSError] = []
    for folder, subfolders, names in os.walk(root, onerror=unlisted.append, followlinks=True):
        here = Path(folder)
        subfolders[:] = [
            n for n in subfolders if not n.startswith(".") and not _is_link_to_parent(here / n)
        ]
        for name in names:
            if not name.startswith(".") and (kind := _kind(f"{folder}{os.sep}{name}")):
                found.setdefault(kind, []).append(here / name)
    audio = sorted(found.pop("audio", []))
    found["folders that cannot be listed"] = [Path(str(error.filename)) for error in unlisted]
    for kind, paths in sorted(found.items()):
        _warn_of_left_out(root, kind, sorted(paths))
    return audio


def _kind(path: str) -> str | None:
    """``audio``, the kind of a file that is left out, or None if it is certainly no music.

    A string, because a folder can have a hundred thousand files, and a Path takes ten times as
    long.
    """
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122
    if suffix in _NO_AUDIO:
        return None
    if not os.path.isfile(path):  # noqa: PTH113
        exists = os.path.exists(path)  # noqa: PTH110
        return "pipes, devices or sockets" if exists else "broken links"
    if suffix in SUFFIXES:
        return "audio"
    return "unfinished downloads" if suffix in _UNFINISHED else _kind_by_contents(path)


def _kind_by_contents(path: str) -> str | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(HEAD_BYTES)
    except OSError:
        return "files that cannot be opened"
    if looks_like_text(head):
        return None
    return "audio" if looks_like_audio(head) else "files that are not recognised as audio"


def _warn_of_left_out(root: Path, kind: str, paths: Sequence[Path]) -> None:
    if not paths:
        return
    names = ", ".join(str(path.relative_to(root)) for path in paths[:_NAMED])
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    logger.warning("left out %d %s below %s: %s%s", len(paths), kind, root, names, more)


def _is_link_to_parent(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {
        above.resolve() for above in folder.absolute().parents
    }
