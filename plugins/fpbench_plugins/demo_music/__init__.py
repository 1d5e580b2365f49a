"""Music that a program composes, so that everything can be tried without own music."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


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


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.demo_music.library import open_dataset

    return open_dataset(settings)
