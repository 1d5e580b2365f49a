"""Workflows give strangers no rights, and run only actions whose content is known."""

import re
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
        assert written in ([], ["pull-requests"])


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
