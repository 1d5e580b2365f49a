"""Any folder of audio files as a dataset."""

from collections.abc import Iterable
from pathlib import Path

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="folder",
            summary="audio files below a folder, divided into reference and distractors",
            create=create,
            fits=Path.is_dir,
            argument="DIR",
            details={
                "Sub-folders": "reference distractors train noise ir train_noise train_ir, "
                "written so, all optional; without the first two, a hash of names divides the "
                "music in half",
                "Groups": "sub-folders of these folders, if there are several; intervals are over "
                "groups",
                "Recorded queries": "queries.csv with columns query, reference, start_s; or query/ "
                "and db/ with equal names",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.folders.dataset import open_dataset

    return open_dataset(settings)
