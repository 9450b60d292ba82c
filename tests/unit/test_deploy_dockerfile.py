"""The Dockerfile, as far as it can be judged without an engine."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    if line
]
LAST_STAGE = INSTRUCTIONS[max(i for i, (name, *_) in enumerate(INSTRUCTIONS) if name == "FROM") :]
IGNORED = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


def given(name: str, instructions: list[tuple[str, ...]] = INSTRUCTIONS) -> list[str]:
    return [words[1] for words in instructions if words[0] == name]


def test_only_known_instructions_are_used() -> None:
    known = "FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD"
    assert {name for name, *_ in INSTRUCTIONS} <= set(known.split())


def test_the_base_is_a_named_version_that_the_project_runs_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    for base in given("FROM"):
        image = base.split()[0]
        assert re.fullmatch(rf"python:{re.escape(oldest)}-slim-[a-z]+", image), image


def test_the_program_runs_as_a_numbered_user_that_is_not_root() -> None:
    # By number: Kubernetes' runAsNonRoot cannot tell what a name stands for.
    assert given("USER", LAST_STAGE) == ["10001:10001"]
    names = [name for name, *_ in LAST_STAGE]
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])


def test_what_is_copied_is_there_and_let_through() -> None:
    let_through = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    assert IGNORED[1] == "*"
    for copied in given("COPY"):
        if copied.startswith("--from="):
            continue
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in let_through, source


def test_dependencies_are_installed_by_hash_and_ours_brings_no_others() -> None:
    installs = [part for run in given("RUN") for part in run.split("&&") if "pip install" in part]
    assert [("--require-hashes" in i, "--no-deps" in i) for i in installs] == [(True, False), (False, True)]
    assert all("--no-cache-dir" in i for i in installs)


def test_the_locked_dependencies_have_what_postgresql_and_envoy_need() -> None:
    locked = (ROOT / "requirements/service.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, flags=re.MULTILINE))
    assert {"psycopg", "psycopg-binary", "grpcio", "opentelemetry-sdk", "sqlalchemy", "uvicorn"} <= names
    assert locked.count("--hash=sha256:") > len(names)


@pytest.mark.parametrize("set_name", ["test", "run"])
def test_the_image_has_the_versions_that_are_tested(set_name: str) -> None:
    def versions(name: str) -> dict[str, str]:
        locked = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        pins = re.findall(r"^([a-z0-9-]+)==([^ ]+)(.*)\\$", locked, flags=re.MULTILINE)
        return {package + marker: version for package, version, marker in pins}

    service, other = versions("service"), versions(set_name)
    assert {n: v for n, v in service.items() if n in other and other[n] != v} == {}


def test_no_secret_is_baked_in() -> None:
    assert not re.search(r"(?i)(secret|token|password|api_key)\s*=", TEXT)


def test_commands_are_lists_so_that_signals_reach_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert json.loads(given("ENTRYPOINT")[0]) == list(project["scripts"])
    assert json.loads(given("CMD")[0])[0] == "gateway"
    assert json.loads(given("HEALTHCHECK")[0].split("CMD", 1)[1])[0] == "python"


def test_the_admin_port_is_not_published() -> None:
    assert given("EXPOSE") == ["8080"]


def test_there_is_a_writable_folder_for_compiled_kernels() -> None:
    assert "NUMBA_CACHE_DIR=/var/cache/stillwatch" in " ".join(given("ENV", LAST_STAGE))
    assert any("install -d -o stillwatch" in run and "/var/cache/stillwatch" in run for run in given("RUN", LAST_STAGE))
