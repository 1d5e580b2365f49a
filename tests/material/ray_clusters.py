"""One Ray cluster for all test processes of a session: to start one takes seconds."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

CORES = 8
"""Of the cluster, whatever the machine has: workers wait for each other if there are fewer."""


@contextmanager
def joined_cluster(folder: Path) -> Iterator[None]:
    """Join the cluster of a session, or start it; the process that did waits for the others.

    Args:
        folder: The same for all processes of the session.
    """
    import ray

    address, member = folder / "address", folder / f"{os.getpid()}.member"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with FileLock(folder / "lock"):
        starts = not address.exists()
        if starts:
            # Workers import what lies beside this file, too.
            folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
            ray.init(
                "local",  # not one that somebody has started here
                num_cpus=CORES,
                include_dashboard=False,
                object_store_memory=100 << 20,
                log_to_driver=False,
                logging_level="ERROR",
            )
            address.write_text(ray.get_runtime_context().gcs_address)
        else:
            ray.init(address.read_text(), log_to_driver=False, logging_level="ERROR")
            member.touch()
    try:
        yield
    finally:
        if starts:
            with FileLock(folder / "lock"):
                address.unlink()  # a process that comes later starts one of its own
            while list(folder.glob("*.member")):
                time.sleep(0.05)
        ray.shutdown()
        member.unlink(missing_ok=True)
