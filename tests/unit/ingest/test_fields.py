from __future__ import annotations

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.fields import (
    first,
    get,
    hash_credential,
    hide_credential,
    items,
    lower_keys,
    mapping,
    need,
    text,
    total,
)


def test_reaches_into_documents_of_any_shape() -> None:
    document = {"a": {"b": [1]}, "a.c": 2, "x": "text"}
    assert (get(document, "a.b"), get(document, "a.c"), get(document, "x.y"), get(7, "a")) == (
        [1],
        2,
        None,
        None,
    )


def test_takes_the_first_that_says_something() -> None:
    assert first({"a": "", "b": [], "c": 0}, "a", "b", "c") == 0
    assert text({"a": " ", "b": True, "c": ["h1", "h2"]}, "a", "b", "c") == "h1"


def test_opens_json_that_is_written_as_text() -> None:
    assert mapping('{"a": 1}') == {"a": 1}
    assert items("[1, 2]") == [1, 2]
    assert mapping("[1]") == mapping("{broken") == {}
    assert items("{}") == items("[broken") == []


def test_adds_what_is_known() -> None:
    assert total(*[1, None, "2", True, float("nan"), 10**400]) == 3
    assert total(None) is None


@pytest.mark.parametrize(
    "name",
    [
        "sk-proj-abc",
        "Bearer abc",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOi.eyJzdWIi.sig",
        "gsk_1",
        "hf_1",
        "basic dXNlcjpwdw==",
    ],
)
def test_hides_names_that_are_credentials(name: str) -> None:
    hidden = hide_credential(name) or ""
    assert hidden.startswith("key:")
    assert len(hidden) == 20


@pytest.mark.parametrize("name", ["team-7", "88dc28d0f030c55e", "skater@example.org", None])
def test_leaves_other_names_alone(name: str | None) -> None:
    assert hide_credential(name) == name


def test_the_scheme_is_no_part_of_the_credential() -> None:
    # printf 'sk-1' | sha256sum
    assert hash_credential("Bearer sk-1") == hash_credential("sk-1") == "key:0f2c10bf3d128c71"
    assert hash_credential(" ") is hash_credential(None) is None


def test_header_names_have_no_case() -> None:
    assert lower_keys({"User-Agent": "x"}) == {"user-agent": "x"}


def test_says_which_column_is_needed_and_where_it_looked() -> None:
    need({"a": 0}, "a")
    with pytest.raises(SourceError, match="no b: looked in the header"):
        need({"a": 1, "b": ""}, "a", "b", looked="the header")
