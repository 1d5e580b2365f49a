"""Music that a program composes, so that everything can be tried without own music."""

from collections.abc import Iterable
from importlib import resources

from fpbench import Dataset, Entry, Settings, Task, hookimpl, task_from_toml


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="demo",
            summary="generated music, noises and rooms, the same everywhere; kept in the cache",
            create=create,
            details={
                "Contents": "100 reference, 200 distractor and 100 training tracks of 30 s, "
                "28 noises, 24 impulse responses; about 290 MB, generated on first use",
                "Licence": "public domain (CC0)",
            },
        )
    ]


@hookimpl
def fpbench_tasks() -> Iterable[Entry[Task]]:
    return [
        Entry(
            name="demo-v1",
            summary="generated music; 1 000 queries of one second in noise and reverberation",
            create=lambda _: task_from_toml(
                resources.files(__name__).joinpath("tasks", "demo-v1.toml").read_text("utf-8")
            ),
            details={
                "Data": "290 MB, generated; no download",
                "Licence": "public domain (CC0)",
                "Time": "about 20 minutes on two cores",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.demo_music.library import open_dataset

    return open_dataset(settings)
