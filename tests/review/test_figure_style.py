"""matplotlib is imported and used with settings of its own."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from fpbench.review.figure_style import load_matplotlib, own_style

DRAW = """
from fpbench.review.figure_style import own_style
with own_style():
    from matplotlib.figure import Figure
    figure = Figure()
    figure.suptitle("title")
    figure.savefig("figure.png")
import matplotlib, os
print(matplotlib.rcParams["lines.linewidth"], os.environ.get("MPLBACKEND"))
"""


def draw_in(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Draw a figure in a process of its own, whose working directory is the folder."""
    return subprocess.run(
        [sys.executable, "-c", DRAW],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("matplotlibrc", "environment"),
    [
        pytest.param(b"", {"MPLBACKEND": "module://fpbench_no_backend"}, id="backend of Jupyter"),
        pytest.param(b"", {"MPLBACKEND": "nonsense"}, id="no backend"),
        pytest.param(b"font.family: caf\xe9\n", {}, id="settings that are not UTF-8"),
        pytest.param(b"text.usetex: True\nfont.family: none such\n", {}, id="TeX and no font"),
        pytest.param(b"no colon\nnonsense: 3\n", {"MPLCONFIGDIR": "/dev/null/none"}, id="nonsense"),
    ],
)
@pytest.mark.slow
def test_no_setting_of_the_machine_ends_a_figure(
    tmp_path: Path, matplotlibrc: bytes, environment: dict[str, str]
) -> None:
    (tmp_path / "matplotlibrc").write_bytes(matplotlibrc)
    drawn = draw_in(tmp_path, **environment)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert drawn.stdout == f"1.5 {environment.get('MPLBACKEND')}\n"  # the variable stays


@pytest.mark.slow
def test_settings_of_a_notebook_stay_in_force(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\n")
    assert draw_in(tmp_path).stdout.startswith("9.0 ")


def test_a_figure_has_matplotlibs_defaults_and_leaves_the_users() -> None:
    with mpl.rc_context({"text.usetex": True, "font.size": 30}):
        with own_style():
            assert not mpl.rcParams["text.usetex"]
            assert mpl.rcParams["font.size"] == 10
        assert mpl.rcParams["text.usetex"]
        assert load_matplotlib() is mpl
