from __future__ import annotations

from stillwatch.ingest.source import find_source, guess_source


def test_guesses_by_what_a_document_holds() -> None:
    found = guess_source({"schemaType": "ModelInvocationLog"})
    assert found is not None
    assert found.name == "bedrock"


def test_says_in_one_line_what_a_source_reads() -> None:
    assert find_source("litellm").says.startswith("Read LiteLLM's standard logging payload")
