"""``fpbench weights``."""

from pathlib import Path

import click
from tabulate import tabulate
from tqdm import tqdm

from fpbench.cli.groups import CommandGroup
from fpbench.cli.options import UserPath, out_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.install import fetch as fetch_weights
from fpbench.encoders.install import installed_path, list_installed, published_file
from fpbench.encoders.weights import SUFFIX, weights_folder, write_weights
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import refuse_unwritable
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.checkpoints import Checkpoint

_HASH_DIGITS = 16


@click.group(cls=CommandGroup)
def weights() -> None:
    """Import, download and list the authors' weights.

    fpbench contains no weights of other authors. You get them from the authors, under their
    licence; `import` or `fetch` turns them into a file for `--weights`.
    """


@weights.command("import", cls=PluginCommand)
@click.argument("checkpoint", type=UserPath())
@click.option(
    "--fingerprinter",
    "name",
    required=True,
    metavar="NAME",
    help="Fingerprinter of the checkpoint.",
)
@out_option("Output file for the weights.", metavar="FILE.safetensors")
@click.option(
    "--member", metavar="PATH", help="Which checkpoint to import, if CHECKPOINT holds several."
)
def import_(checkpoint: Path, name: str, out: Path, member: str | None) -> None:
    """Convert a checkpoint of the authors to a weights file.

    CHECKPOINT is the path prefix of a TensorFlow checkpoint (such as folder/ckpt-100), a torch
    file, or a folder, .zip or .tar.* that contains one. Code in it is not run, and TensorFlow is
    not needed.
    """
    if out.suffix != SUFFIX:
        raise FpbenchError(f"'{out}' cannot hold weights", hint=f"end its name in {SUFFIX}")
    if checkpoint.resolve() == out.resolve():
        raise FpbenchError(
            f"CHECKPOINT and --out are the same file {out}, which would be replaced",
            hint="choose another --out",
        )
    refuse_unwritable(out, "--out")
    tensors, info = import_checkpoint(_layout(name), checkpoint, member=member)
    write_weights(out, tensors, info)
    parameters = sum(array.size for array in tensors.values())
    say(f"{out}: {parameters:,} parameters of {name}")


@weights.command(cls=PluginCommand)
@click.argument("name")
@click.option(
    "--variant", metavar="NAME", help="Which of several weights; see `fpbench weights list`."
)
@click.option(
    "--url",
    help="Mirror of the official file; its hash must be the official one. If the publisher gives "
    "none, add --sha256.",
)
@click.option("--sha256", metavar="HASH", help="Hash that the downloaded file must have.")
def fetch(name: str, variant: str | None, url: str | None, sha256: str | None) -> None:
    """Download and import the official weights of fingerprinter NAME.

    If a download is interrupted, run the command again: it continues where it stopped.
    """
    layout = _layout(name)
    file = published_file(layout, variant)
    folder = weights_folder()
    say(f"licence of these weights: {layout.licence}")
    what = f"{layout.fingerprinter}-{file.name}"
    with tqdm(unit="B", unit_scale=True, desc=what, disable=None) as bar:
        for received in fetch_weights(layout, file, folder, mirror=url, sha256=sha256):
            bar.total = received.total_bytes
            bar.update(received.done_bytes - bar.n)
    write_result(str(installed_path(folder, layout, file)), exact=True)


@weights.command("list", cls=PluginCommand)
def list_() -> None:
    """List installed weights and those that can be downloaded."""
    folder, errors = weights_folder(), ErrorCollector()
    installed = list_installed(folder, errors)
    rows = [
        (
            one.info.fingerprinter,
            one.path.name,
            one.info.origin or one.info.source,
            one.info.licence or "?",
            file_sha256(one.path)[:_HASH_DIGITS],
        )
        for one in installed
    ]
    names = {one.path.name for one in installed}
    for layout in Catalog.load().checkpoints().values():
        for file in layout.published:
            if installed_path(folder, layout, file).name not in names:
                command = f"fetch {layout.fingerprinter} --variant {file.name}"
                rows.append((layout.fingerprinter, f"({command})", file.url, layout.licence, "-"))
        if not layout.published:
            rows.append((layout.fingerprinter, "(import)", "not published", layout.licence, "-"))
    headers = ("fingerprinter", "file", "from", "licence", "sha256")
    say(f"in {folder}")
    write_result(tabulate(sorted(rows), headers=headers, tablefmt="simple"))
    errors.raise_all()


def _layout(name: str) -> Checkpoint:
    catalog = Catalog.load()
    offer, _ = catalog.offer("fingerprinter", name)
    layouts = catalog.checkpoints()
    if offer.entry.name not in layouts:
        raise FpbenchError(
            f"fingerprinter '{offer.entry.name}' has no official weights",
            hint=f"choose one that has: {', '.join(layouts)}",
        )
    return layouts[offer.entry.name]
