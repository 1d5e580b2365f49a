"""Music made up by rule, so that everything can be tried without owning any."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="demo",
            summary="made-up music, noises and rooms, the same everywhere; kept in the cache",
            create=create,
            details={
                "Contents": "100 reference, 200 distractor and 100 training tracks of 30 s, "
                "28 noises, 24 impulse responses; about 290 MB, made on first use",
                "Licence": "what fpbench makes up is yours (CC0)",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.demo_music.library import open_dataset

    return open_dataset(settings)
