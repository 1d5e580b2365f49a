"""Workflows give strangers no rights, and run only actions whose content is known."""

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[1] / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


@pytest.fixture(params=FILES, ids=[file.stem for file in FILES])
def workflow(request: pytest.FixtureRequest) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(request.param.read_text())
    return document


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_rights_are_given_to_jobs_alone(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        written = [right for right, value in job["permissions"].items() if value == "write"]
        assert written in ([], ["pull-requests"], ["contents"], ["pages", "id-token"])


def test_actions_are_pinned_by_hash(workflow: dict[Any, Any]) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in used)


def test_no_text_of_an_event_becomes_code(workflow: dict[Any, Any]) -> None:
    scripts = [
        step.get("run", "") + str(step.get("with", {}).get("script", ""))
        for step in steps(workflow)
    ]
    assert not any("${{" in script for script in scripts)


def test_only_the_job_that_runs_nothing_of_a_change_may_write() -> None:
    comment = yaml.safe_load((FOLDER / "comment.yml").read_text())
    assert [step["uses"].split("@")[0] for step in steps(comment)] == ["actions/github-script"]
    submission = yaml.safe_load((FOLDER / "submission.yml").read_text())
    assert submission["jobs"]["review"]["permissions"] == {"contents": "read"}
    checkout = steps(submission)[0]["with"]
    assert checkout["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert checkout["persist-credentials"] is False
    jobs = yaml.safe_load((FOLDER / "board.yml").read_text())["jobs"]
    assert jobs["make"]["permissions"] == {"contents": "read"}
    (script,) = [step["run"] for step in jobs["commit"]["steps"] if "run" in step]
    assert not any(word in script for word in ("pip", "python", "fpbench "))
    published = [step.get("uses", "").split("@")[0] for step in jobs["publish"]["steps"]]
    assert published == ["actions/deploy-pages"]


def test_the_published_board_is_made_with_the_files_that_it_links_to(tmp_path: Path) -> None:
    board = yaml.safe_load((FOLDER / "board.yml").read_text())["jobs"]
    made = board["make"]["steps"]
    place = next(n for n, step in enumerate(made) if "upload-pages" in step.get("uses", ""))
    folder = made[place]["with"]["path"]
    copied, written = (step["run"] for step in made[place - 2 : place])
    assert copied == f"mkdir {folder} && cp -r submissions {folder}/submissions"
    assert made[place - 1]["working-directory"] == folder
    golden = Path(__file__).parent / "golden" / "result_1_0.json"
    (tmp_path / "submissions" / "nafp").mkdir(parents=True)
    (tmp_path / "submissions" / "nafp" / "r.json").write_bytes(golden.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(written)], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == b""
    page = (tmp_path / "index.html").read_text()
    assert "submissions/nafp/r.json" in page
    assert "../" not in page.split("<script")[0]
    assert board["publish"]["needs"] == "make"


def posted(text: str, tmp_path: Path) -> str:
    """The comment that ``comment.yml`` posts for an artifact; GitHub's own part is played here."""
    script = yaml.safe_load((FOLDER / "comment.yml").read_text())["jobs"]["comment"]["steps"][0]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("review.md", text)
    data = json.dumps(archive.getvalue().hex())
    (tmp_path / "play.js").write_text(f"""
        const context = {{ repo: {{ owner: "o", repo: "r" }},
          payload: {{ workflow_run: {{ id: 1, head_sha: "s" }} }} }};
        const core = {{ info: console.error }};
        const github = {{
          paginate: async (list) => list,
          rest: {{
            pulls: {{ list: [{{ number: 7, head: {{ sha: "s" }} }}] }},
            issues: {{ listComments: [],
              createComment: async (one) => process.stdout.write(one.body) }},
            actions: {{
              listWorkflowRunArtifacts: async () =>
                ({{ data: {{ artifacts: [{{ id: 1, size_in_bytes: 9 }}] }} }}),
              downloadArtifact: async () => ({{ data: Buffer.from({data}, "hex") }}),
            }},
          }},
        }};
        (async () => {{ {script["with"]["script"]} }})();
    """)
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    done = subprocess.run([node, tmp_path / "play.js"], capture_output=True, text=True, check=True)
    return done.stdout


HOSTILE = {
    "mention": "@everyone",
    "tag": "<img src=x>",
    "link": "[x](https://example.org)",
    "image": "![x](//example.org/x.png)",
    "defined link": "[x]: https://example.org",
    "address": "https://example.org",
    "short address": "WWW.example.org",
    "issue": "owner/repository#1",
    "short issue": "GH-1",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_posted_text_links_to_nothing(text: str, tmp_path: Path) -> None:
    body = posted(f"{text} (", tmp_path)
    assert text not in body
    assert f"{text} (" in body.replace("\u200b", "")


def test_an_honest_text_is_posted_as_it_is(tmp_path: Path) -> None:
    text = "## Review\n\n* ` /curves/0/points is 1: it is 2 `\n\n| a | b |\n|---|---|\n"
    assert posted(text, tmp_path).endswith(f"\n\n{text}")
