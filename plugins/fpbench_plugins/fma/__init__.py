"""The FMA dataset (Free Music Archive), as published."""

from collections.abc import Iterable
from functools import partial
from importlib import resources

from fpbench import Dataset, Entry, Settings, Task, hookimpl, task_from_toml

_SIZES = {
    "small": ("7.2 GiB", "1 000", "8 000"),
    "medium": ("22 GiB", "2 000", "25 000"),
    "large": ("93 GiB", "2 000", "106 574"),
}
"""Download, queries and clips of each subset."""


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="fma",
            summary="the FMA dataset as published: fma_metadata/ and one of fma_small ... fma_full",
            create=create,
            fits=lambda path: (path / "fma_metadata").is_dir(),
            argument="DIR",
            details={
                "Source": "Defferrard et al. 2017, FMA: a dataset for music analysis, "
                "github.com/mdeff/fma",
                "Roles": "test: reference; validation and half of training: distractors; "
                "the other half: train (train_share sets this share)",
                "Groups": "artists; intervals are over groups",
                "Recorded queries": "queries.csv in DIR, with columns query, reference, start_s",
            },
        )
    ]


@hookimpl
def fpbench_tasks() -> Iterable[Entry[Task]]:
    return [
        Entry(
            name=f"fma-{subset}-v1",
            summary=f"the {clips} clips of fma_{subset}; {queries} queries of one second in "
            "generated noise and simulated rooms",
            create=partial(_read_task, subset),
            details={
                "Data": f"{size}, fma_{subset}.zip and fma_metadata.zip of github.com/mdeff/fma",
                "Licence": "Creative Commons, by track; some are non-commercial",
                "Time": "not measured",
                "Run with": "--dataset fma:DIR",
                "Status": "not run by the maintainers, so the hashes of data and queries are open",
            },
        )
        for subset, (size, queries, clips) in _SIZES.items()
    ]


def _read_task(subset: str, _: Settings) -> Task:
    file = resources.files(__name__).joinpath("tasks", f"fma-{subset}-v1.toml")
    return task_from_toml(file.read_text("utf-8"))


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.fma.dataset import open_dataset

    return open_dataset(settings)
