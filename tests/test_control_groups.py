"""Limits of control groups of both versions, at every level, are read as the kernel writes them."""

from pathlib import Path

import pytest

from fpbench.control_groups import ControlGroup, control_groups

V2 = "30 23 0:26 {mounted} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "33 23 0:27 {mounted} /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def folders(root: Path, controller: str) -> list[tuple[int, str]]:
    groups = control_groups(controller, root)
    return [(group.version, group.folder.relative_to(root).as_posix()) for group in groups]


def test_a_nested_group_has_the_limits_of_all_groups_above(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/job.scope\n",
            "proc/self/mountinfo": "23 1 8:1 / / rw - ext4 /dev/sda rw\n" + V2.format(mounted="/"),
        },
    )
    inner = ["sys/fs/cgroup/user.slice/job.scope", "sys/fs/cgroup/user.slice", "sys/fs/cgroup"]
    assert folders(tmp_path, "cpu") == folders(tmp_path, "memory") == [(2, name) for name in inner]


def test_the_first_version_has_a_hierarchy_for_each_controller(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "9:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n0::/docker/ab\n",
            "proc/self/mountinfo": V1.format(mounted="/docker/ab", name="memory")
            + V1.format(mounted="/", name="cpu,cpuacct"),
        },
    )
    # Of the memory, only the part of this container is mounted.
    assert folders(tmp_path, "memory") == [(1, "sys/fs/cgroup/memory")]
    above = ["cpu,cpuacct/docker/ab", "cpu,cpuacct/docker", "cpu,cpuacct"]
    assert folders(tmp_path, "cpu") == [(1, f"sys/fs/cgroup/{name}") for name in above]


@pytest.mark.parametrize("path", ["/docker/other", "/../../job"])
def test_a_path_of_the_host_means_what_is_mounted(tmp_path: Path, path: str) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": f"0::{path}\n",
            "proc/self/mountinfo": V2.format(mounted="/docker/ab"),
        },
    )
    assert folders(tmp_path, "cpu") == [(2, "sys/fs/cgroup")]


@pytest.mark.parametrize("text", ["", "x\n", "0:\n", "::::\n- - -\n"])
def test_other_systems_have_no_groups(tmp_path: Path, text: str) -> None:
    assert folders(tmp_path, "cpu") == []
    write(tmp_path, {"proc/self/cgroup": text, "proc/self/mountinfo": text})
    assert folders(tmp_path, "cpu") == []


@pytest.mark.parametrize(
    ("version", "files", "cores"),
    [
        (2, {"cpu.max": "150000 100000\n"}, 1.5),
        (2, {"cpu.max": "max 100000\n"}, None),
        (2, {}, None),
        (1, {"cpu.cfs_quota_us": "400000\n", "cpu.cfs_period_us": "100000\n"}, 4.0),
        (1, {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_cores_are_quota_over_period(
    tmp_path: Path, version: int, files: dict[str, str], cores: float | None
) -> None:
    write(tmp_path, files)
    assert ControlGroup(tmp_path, version).cores() == cores


@pytest.mark.parametrize(
    ("version", "files", "free"),
    [
        (
            2,
            {
                "memory.max": "1000\n",
                "memory.current": "700\n",
                "memory.stat": "anon 400\ninactive_file 200\nactive_file 50\n",
            },
            550,
        ),
        (2, {"memory.max": "1000\n", "memory.current": "1200\n"}, 0),
        (2, {"memory.max": "max\n", "memory.current": "700\n"}, None),
        (
            1,
            {
                "memory.limit_in_bytes": "1000\n",
                "memory.usage_in_bytes": "700\n",
                "memory.stat": "inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 0\n",
            },
            400,
        ),
        (2, {}, None),
    ],
)
def test_free_memory_does_not_count_cached_files(
    tmp_path: Path, version: int, files: dict[str, str], free: int | None
) -> None:
    write(tmp_path, files)
    assert ControlGroup(tmp_path, version).free_bytes() == free
