"""A changed config or task is read, or refused by name."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest
from mutations import Draw, for_examples, mutate_bytes, mutate_json, read_or_refuse

from fpbench import Entry, FpbenchError, Task, hookimpl, task_from_toml
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.loading import Source
from fpbench.runs.config import read_config
from fpbench.runs.tasks import read_task

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


def catalog_of(create: Callable[[], Task]) -> Catalog:
    """All tasks, and one of a plugin called drawn."""

    @hookimpl
    def fpbench_tasks() -> Iterable[Entry[Task]]:
        return [Entry(name="drawn-v1", summary="drawn", create=lambda _: create())]

    module = ModuleType("drawn")
    module.fpbench_tasks = fpbench_tasks  # type: ignore[attr-defined]
    catalog = Catalog.load()
    catalog.register(Source(plugin="drawn", distribution="drawn", version="1", module=module))
    return catalog


@pytest.mark.parametrize("form", ["bytes", "values"])
def test_a_changed_task_is_read_or_an_error_of_its_plugin(form: str, examples: int) -> None:
    drawn: list[Task | str] = []
    catalog = catalog_of(lambda: d if isinstance(d := drawn[-1], Task) else task_from_toml(d))
    settings = {**tomllib.loads(CONFIG.decode()), "index_options": {"ivf": {"nlist": 4}}}
    for name in ("fingerprinter", "fingerprinter_options"):
        del settings[name]

    @for_examples(examples)
    def check(data: Draw) -> None:
        if form == "bytes":
            text = CONFIG.replace(b'fingerprinter = "nafp"', b"").replace(b"[finger", b"[index")
            drawn.append(mutate_bytes(data, text).decode(errors="replace"))
        else:
            changed = mutate_json(data, settings)
            drawn.append(Task(settings=changed if isinstance(changed, dict) else {}))
        refuse_only_by_name(lambda: read_task(catalog, "drawn-v1").identity)


def refuse_only_by_name(read: Callable[[], str]) -> None:
    """Read a task, or check that the error is one for users, and names the plugin."""
    try:
        read()
        return
    except FpbenchError as err:
        message = err.message
    assert "drawn" in message
    message.encode()  # it can be printed
