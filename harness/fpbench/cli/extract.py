"""``fpbench extract``."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from jaxtyping import Bool

from fpbench.cli.options import WEIGHTS_HELP, UserPath, channel_option, out_option, plugin_settings
from fpbench.cli.plugin_command import PluginCommand
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.files import make_folder, refuse_unwritable
from fpbench.fingerprints import extraction
from fpbench.fingerprints.extraction import Extraction
from fpbench.fingerprints.probe import identify
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.datasets import Channel
from fpbench.plugin.entries import Settings
from fpbench.progress_display import show_progress
from fpbench.units import count_label

TIMES_NAMED = 5


@click.command(cls=PluginCommand)
@click.argument("paths", metavar="AUDIO...", type=UserPath(), nargs=-1)
@click.option(
    "--fingerprinter",
    "name",
    required=True,
    metavar="NAME",
    help="Fingerprinter, as in fpbench run.",
)
@channel_option()
@out_option("Output file for the fingerprints.", metavar="FILE.npz")
@plugin_settings(
    of="Set an option of the fingerprinter; repeat for several.",
    weights=WEIGHTS_HELP,
)
def extract(
    paths: tuple[Path, ...], name: str, channel: Channel, out: Path, settings: Settings
) -> None:
    """Fingerprint audio files into one .npz file.

    \b
    vectors     (n, dim) float32  fingerprints of all files, in the order given
    start_s     (n,) float64      start time of each segment in its file, in seconds
    track       (n,) int32        file of each segment, as an index into tracks
    tracks      (files,) text     paths as given, including files without fingerprints
    silent      (n,) bool         whether the segment is silent
    not_finite  (n,) bool         whether the fingerprint contains NaN or infinity
    system      text              the fingerprinter (JSON), which generators and `fidelity` compare

    Files without fingerprints, and segments that are silent or not finite, are listed on stderr.
    `fpbench fit` and `fpbench fidelity` leave these segments out.
    """
    if not paths:
        raise FpbenchError("no audio files given", hint="fpbench extract ... AUDIO... -o OUT.npz")
    if out.suffix != ".npz":
        raise FpbenchError(f"'{out}' cannot hold fingerprints", hint="end its name in .npz")
    refuse_unwritable(out, "--out")
    make_folder(out.parent)
    catalog = Catalog.load()
    fingerprinter = catalog.fingerprinter(name, settings)
    entry_name = catalog.offer("fingerprinter", name)[0].entry.name
    with show_progress("extract") as report:
        fingerprints = extraction.extract(
            fingerprinter, name, paths, report=report, channel=channel
        )
    for remark in remarks(fingerprints):
        say(remark)
    if len(fingerprints.vectors) == 0:
        raise FpbenchError(
            f"none of {len(paths)} files gave fingerprints, so {out} is not written",
            hint="see the reasons above",
        )
    replace(fingerprints, system=identify(fingerprinter, entry_name, settings)).save(out)
    used = len(fingerprints.tracks) - len(fingerprints.skipped)
    made = count_label(len(fingerprints.vectors), "fingerprint")
    say(f"{made} of {count_label(used, 'file')} in {out}")


def remarks(fingerprints: Extraction) -> Iterator[str]:
    """Problems of single files and segments, and the number of each kind."""
    for file in fingerprints.skipped:
        yield f"no fingerprints from {file.track}: {file.reason}"
    if fingerprints.skipped:
        n_skipped, n_tracks = len(fingerprints.skipped), len(fingerprints.tracks)
        yield f"{n_skipped} of {n_tracks} files have no fingerprints"
    yield from _remarks_on_rows(fingerprints, fingerprints.silent, "silent")
    yield from _remarks_on_rows(fingerprints, fingerprints.not_finite, "not finite")


def _remarks_on_rows(
    fingerprints: Extraction, marked: Bool[np.ndarray, " batch"], word: str
) -> Iterator[str]:
    for track in np.unique(fingerprints.track[marked]):
        start_s = fingerprints.start_s[marked & (fingerprints.track == track)]
        named = ", ".join(f"{one:g}" for one in start_s[:TIMES_NAMED])
        more = ", ..." if len(start_s) > TIMES_NAMED else ""
        segments = count_label(len(start_s), "segment")
        yield f"{fingerprints.tracks[track]}: {segments} {word}, at {named}{more} s"
    if marked.any():
        yield f"{np.count_nonzero(marked)} of {len(marked)} segments are {word}"
