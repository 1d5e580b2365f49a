"""Finds the audio files below a folder, and says what it leaves out."""

import os
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path

logger = getLogger(__name__)

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})


NOT_READ = frozenset(
    {".aac", ".aif", ".aifc", ".aiff", ".alac", ".amr", ".ape", ".au", ".caf", ".m4a", ".m4b"}
    | {".mka", ".mp2", ".mpc", ".oga", ".opus", ".wma", ".wv"}
)
"""Of audio, too: :func:`read_audio` is made for none of them, though libsndfile reads some."""


def audio_below(root: Path) -> list[Path]:
    """The files below a folder that are audio by their names, sorted by path.

    Links are followed, but not back to a folder that they are in. What is hidden is left out, such
    as a rubbish bin, or the ``._`` file that macOS puts beside every file. A warning says how many
    files are left out because of their kind, or because they are links that lead nowhere.
    """
    found = []
    for folder, below, names in os.walk(root, followlinks=True):
        here = Path(folder)
        below[:] = [n for n in below if not n.startswith(".") and not _is_link_to_parent(here / n)]
        found += [here / n for n in names if not n.startswith(".")]
    audio = sorted(path for path in found if path.suffix.lower() in SUFFIXES and path.is_file())
    _warn_of_left_out(root, sorted(set(found).difference(audio)))
    return audio


def _warn_of_left_out(root: Path, others: Sequence[Path]) -> None:
    unread = [path for path in others if path.suffix.lower() in NOT_READ]
    if unread:
        logger.warning(
            "left out %d audio files below %s of kinds that are not read, the first, %s; convert "
            "them to flac",
            len(unread),
            root,
            unread[0].relative_to(root),
        )
    # A link without a suffix may have been one to a folder, of a disk that is not there today.
    linkable = {*SUFFIXES, ""}
    broken = [path for path in others if path.suffix.lower() in linkable and not path.exists()]
    if broken:
        logger.warning(
            "left out %d links below %s that lead nowhere, the first, %s",
            len(broken),
            root,
            broken[0].relative_to(root),
        )


def _is_link_to_parent(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {
        above.resolve() for above in folder.absolute().parents
    }
