"""Open music from public repositories of games, as a dataset that anybody can build again."""

from collections.abc import Iterable
from importlib import resources

from fpbench import Dataset, DatasetBuilder, Entry, Settings, Task, hookimpl, task_from_toml

_LICENCES = "CC0, CC-BY, CC-BY-SA and GPL, by file; none is non-commercial"


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="open-music",
            summary="260 recordings from public repositories, with noise and rooms",
            create=create_dataset,
            argument="DIR",
            details={
                "Contents": "46 reference, 85 distractor and 129 training tracks, 8.4 hours; "
                "569 noises, 36 impulse responses",
                "Licence": _LICENCES,
                "How to get it": "fpbench data build open-music-v1 --out DIR",
                "Groups": "what is attributed to the same people; intervals are over groups",
            },
        )
    ]


@hookimpl
def fpbench_builders() -> Iterable[Entry[DatasetBuilder]]:
    return [
        Entry(
            name="open-music-v1",
            summary="260 recordings of music, 569 noises and 36 impulse responses",
            create=create_builder,
            details={
                "Data": "9.4 hours, about 135 MB; sources of 1 to 2 GB are downloaded",
                "Licence": _LICENCES,
                "Sources": "27 public Git repositories, at fixed commits",
            },
        )
    ]


@hookimpl
def fpbench_tasks() -> Iterable[Entry[Task]]:
    return [
        Entry(
            name="open-music-v1",
            summary="music of games; 1 000 queries of one second in recorded noise and rooms",
            create=lambda _: task_from_toml(
                resources.files(__name__).joinpath("tasks", "open-music-v1.toml").read_text("utf-8")
            ),
            details={
                "Data": "135 MB, built from public repositories: "
                "fpbench data build open-music-v1 --out DIR",
                "Licence": _LICENCES,
                "Time": "about 30 minutes on two cores, estimated",
                "Run with": "--dataset open-music:DIR",
                "Status": "verified by the maintainers: results are of their copy of the set; "
                "nobody else is known to have built it yet",
            },
        )
    ]


def create_dataset(settings: Settings) -> Dataset:
    from fpbench_plugins.open_music.dataset import open_dataset

    return open_dataset(settings)


def create_builder(settings: Settings) -> DatasetBuilder:
    from fpbench_plugins.open_music.building import open_builder

    return open_builder(settings)
