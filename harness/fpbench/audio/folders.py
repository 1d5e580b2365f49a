"""Finds the audio files below a folder, and warns of files that it leaves out."""

import os
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path

logger = getLogger(__name__)

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})

UNSUPPORTED_SUFFIXES = frozenset(
    {".aac", ".aif", ".aifc", ".aiff", ".alac", ".amr", ".ape", ".au", ".caf", ".m4a", ".m4b"}
    | {".mka", ".mp2", ".mpc", ".oga", ".opus", ".wma", ".wv"}
)
"""Audio formats that :func:`read_audio` does not support, though libsndfile reads some."""


def audio_below(root: Path) -> list[Path]:
    """Files below a folder with the suffix of a supported audio format, sorted by path.

    Links are followed, except links to a folder that contains them. Hidden files and folders are
    left out, such as a recycle bin, or the ``._`` file that macOS puts beside every file. A warning
    gives the number of files in unsupported formats, and the number of broken links.
    """
    visible = []
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = Path(folder)
        subfolders[:] = [
            n for n in subfolders if not n.startswith(".") and not _is_link_to_parent(here / n)
        ]
        visible += [here / n for n in names if not n.startswith(".")]
    audio = sorted(path for path in visible if path.suffix.lower() in SUFFIXES and path.is_file())
    _warn_of_other_files(root, sorted(set(visible).difference(audio)))
    return audio


def _warn_of_other_files(root: Path, others: Sequence[Path]) -> None:
    unsupported = [path for path in others if path.suffix.lower() in UNSUPPORTED_SUFFIXES]
    if unsupported:
        logger.warning(
            "left out %d audio files in unsupported formats below %s, such as %s; convert them to "
            "flac",
            len(unsupported),
            root,
            unsupported[0].relative_to(root),
        )
    # A link without a suffix may lead to a folder on a disk that is not mounted.
    suffixes = {*SUFFIXES, ""}
    broken = [path for path in others if path.suffix.lower() in suffixes and not path.exists()]
    if broken:
        logger.warning(
            "left out %d broken links below %s, such as %s",
            len(broken),
            root,
            broken[0].relative_to(root),
        )


def _is_link_to_parent(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {
        above.resolve() for above in folder.absolute().parents
    }
