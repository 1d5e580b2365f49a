"""A changed config is read, or refused by name."""

from pathlib import Path

from mutations import Draw, for_examples, mutate_bytes, read_or_refuse

from fpbench.runs.config import read_config

CONFIG = b"""
fingerprinter = "nafp"
dataset = "demo"
sizes = [1000, 10000]
seed = 3
tolerance_s = 0.25
[fingerprinter_options]
hop_s = 0.5
[recipe]
n_queries = 60
query_length_s = 1.0
[[recipe.degradations]]
name = "noise"
snr_db = [0, 10]
"""


def test_a_changed_config_is_read_or_refused(examples: int, tmp_path: Path) -> None:
    path = tmp_path / "changed.toml"

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, CONFIG))
        read_or_refuse(lambda path: read_config(path, {}, "the command line"), path)
