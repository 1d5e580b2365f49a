"""A CSV file that lists audio files and their roles."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="manifest",
            summary="audio files listed in a CSV file with columns path, kind and split",
            create=create,
            fits=lambda path: path.suffix == ".csv" and path.is_file(),
            argument="FILE.csv",
            details={
                "music": "test: reference, generator: distractors, train: train",
                "noise, ir": "test: for queries, train: for training",
                "speech": "listed but not used",
                "Recorded queries": "queries.csv beside it, with columns query, reference, start_s",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.manifest.dataset import open_dataset

    return open_dataset(settings)
