"""What every source keeps, ours and others': run over all that are registered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import PluginError, SourceError
from stillwatch.ingest.read import SCHEMA, find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.source import Document, find_source, find_sources, guess_source, source
from stillwatch.records import CALL_LOG

EXAMPLES = Path(__file__).parent / "examples"
SOURCES = find_sources()
NAMES = [s.name for s in SOURCES]


def example(name: str) -> dict[str, Any]:
    document = json.loads((EXAMPLES / f"{name}.json").read_text())
    assert isinstance(document, dict)
    return document


def rows(name: str, document: Document) -> list[dict[str, Any]]:
    return list(find_source(name).convert(document))


def test_finds_the_sources_that_the_documentation_promises() -> None:
    assert NAMES == ["anthropic", "bedrock", "canonical", "litellm", "openai", "otel"]


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_reads(name: str) -> None:
    assert find_source(name).says.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_guesses_its_own_example_and_nobody_elses(name: str) -> None:
    assert [s.name for s in SOURCES if s.looks_like(example(name))] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_its_example_has_all_required_columns_and_only_known_ones(name: str) -> None:
    (row,) = rows(name, example(name))
    assert set(row) <= {c.name for c in CALL_LOG.columns}
    assert all(row[column] for column in CALL_LOG.required)


@pytest.mark.parametrize("name", NAMES)
def test_ignores_fields_that_it_does_not_know(name: str) -> None:
    document = example(name)
    changed = {**document, "x_new_field": {"deep": [1, None, "x"]}, "zz": 7}
    known = {c.name for c in CALL_LOG.columns}
    (before,), (after,) = rows(name, document), rows(name, changed)
    assert {k: v for k, v in after.items() if k in known} == before


@pytest.mark.parametrize("name", NAMES)
def test_reads_its_example_from_a_file_without_being_told_its_name(name: str, tmp_path: Path) -> None:
    lines, pretty = tmp_path / "log.jsonl", tmp_path / "log.json"
    lines.write_text(json.dumps(example(name)) + "\n")
    pretty.write_text(json.dumps(example(name), indent=2))
    for file in (lines, pretty):
        rejects = Rejects(None)
        (batch,) = list(read_calls(find_inputs([file]), rejects=rejects))
        assert batch.schema.equals(SCHEMA)
        assert batch.num_rows == 1
        assert rejects.summary() == []


@pytest.mark.parametrize("name", NAMES)
def test_lets_no_credential_through(name: str) -> None:
    assert "SECRET" not in json.dumps(rows(name, example(name)))


@pytest.mark.parametrize("name", [n for n in NAMES if n != "canonical"])  # whose rows the reader itself checks
def test_refuses_an_empty_document_with_a_problem_or_takes_it_for_no_call(name: str) -> None:
    try:
        assert rows(name, {}) == []
    except SourceError as problem:
        assert str(problem)  # noqa: PT017 - either outcome is right, but not an empty message


def test_knows_no_source_by_a_strange_name_or_document() -> None:
    with pytest.raises(SourceError, match="known: anthropic, bedrock"):
        find_source("nobody")
    assert guess_source({"some": "thing"}) is None


def test_refuses_a_source_without_a_docstring() -> None:
    def silent(document: Document) -> Iterator[dict[str, object]]:
        yield dict(document)

    with pytest.raises(PluginError, match="docstring"):
        source("silent", looks_like=lambda _: False)(silent)


def test_refuses_a_second_source_of_one_name() -> None:
    def openai(document: Document) -> Iterator[dict[str, object]]:
        """Pretend."""
        yield dict(document)

    with pytest.raises(PluginError, match="rename one"):
        source("openai", looks_like=lambda _: False)(openai)
