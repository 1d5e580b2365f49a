"""Fingerprints made by another program, in the file format of NAFP and its successors."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="embeddings",
            summary="ready-made fingerprints: query, db and dummy_db as .mm, .npy, .fbin or .npz",
            create=create,
            fits=lambda path: any(path.glob("db.*")) and any(path.glob("query.*")),
            argument="DIR",
            details={
                "Files": "query, db and dummy_db as .mm with its shape in *_shape.npy, .npy, .fbin "
                "or .npz; never modified",
                "Rows": "without tracks, row i of query is the degraded row i of db; dummy_db has "
                "the distractors",
                "Tracks": "tracks.csv with columns file, track, start_s and a line for each row, "
                "or arrays track, start_s and tracks in .npz files",
                "Groups": "tracks that may be alike, such as those of one artist, in a column "
                "group of tracks.csv; intervals are over groups",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.embeddings.dataset import open_dataset

    return open_dataset(settings)
