"""A table that lists audio files and their roles."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="manifest",
            summary="audio files listed in a table (CSV) with columns path, kind and split",
            create=create,
            fits=lambda path: path.suffix.lower() in (".csv", ".tsv") and path.is_file(),
            argument="FILE.csv",
            details={
                "Table": "separated by comma, semicolon, tab or |, in UTF-8 or UTF-16; paths are "
                "relative to it, absolute, or from ~",
                "music": "test: reference, generator: distractors, train: train",
                "noise, ir": "test: for queries, train: for training",
                "speech": "listed but not used",
                "Groups": "tracks that may be alike, such as those of one artist, in a column "
                "group, or else attribution; intervals are over groups",
                "Recorded queries": "queries.csv beside it, with columns query, reference, start_s",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.manifest.dataset import open_dataset

    return open_dataset(settings)
