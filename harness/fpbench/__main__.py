"""``python -m fpbench``."""

from fpbench.cli import command

command()
