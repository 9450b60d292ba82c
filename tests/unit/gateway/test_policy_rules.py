"""What a rules file may say, and what is refused, with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.conditions import When
from stillwatch.gateway.nouns import Action, Mode
from stillwatch.gateway.policy import Rules
from stillwatch.gateway.rule_values import RULE, WHEN
from stillwatch.gateway.rules import RuleDefaults, parse_rules, read_rules
from stillwatch.records import Family

ROOT = Path(__file__).parents[3]
PACE = '[[rules]]\nname = "p"\naction = "pace"\namount = 20\nreason = "r"\ndays = 3\n[rules.when]\ncampaign = true\n'


def parsed(text: str, **defaults: object) -> Rules:
    return parse_rules(text.encode(), path=Path("rules.toml"), defaults=RuleDefaults(**defaults))  # type: ignore[arg-type]


def faults(text: str, **defaults: object) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        parsed(text, **defaults)
    return str(raised.value).splitlines()


def written(action: str, when: str = "campaign = true", *keys: str) -> str:
    lines = ["[[rules]]", 'name = "x"', f'action = "{action}"', 'reason = "r"', *keys, "[rules.when]", when]
    return "\n".join(lines)


def test_the_example_is_right_and_in_shadow() -> None:
    rules = read_rules(ROOT / "docs/examples/rules.toml")
    assert {rule.action for rule in rules.rules} == set(Action)
    assert {rule.mode for rule in rules.rules} == {Mode.SHADOW}


def test_the_docs_name_every_key() -> None:
    said = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    assert not [key for key in (*RULE, *WHEN) if f"`{key}`" not in said]


def test_the_rules_in_the_docs_are_right() -> None:
    blocks = (ROOT / "docs/policy.md").read_text(encoding="utf-8").split("```toml\n")[1:]
    texts = [block.partition("```")[0] for block in blocks]
    assert [len(parsed(text).rules) for text in texts if "[[rules]]" in text] == [1, 1]


def test_an_empty_file_has_no_rules() -> None:
    assert parsed("# nothing yet\n").rules == ()


def test_rules_start_in_shadow() -> None:
    assert parsed(PACE).rules[0].mode is Mode.SHADOW


def test_values_are_read_with_their_units() -> None:
    keys = """
campaign = true
min_bits = { content = 3, network = 1.5 }
hours = ["22:00", 06:30:00]
weekdays = ["sat", "sun"]
not_before = 2026-01-01
not_after = 2026-01-02T12:00:00+01:00
younger_than_days = 3
"""
    when = parsed(written("strip_logprobs", keys, "days = 1")).rules[0].when
    assert when == When(
        campaign=True,
        min_bits={Family.CONTENT: 3.0, Family.NETWORK: 1.5},
        minutes=(1320, 390),
        weekdays=frozenset({5, 6}),
        not_before=1_767_225_600.0,
        not_after=1_767_351_600.0,
        younger_than_days=3.0,
    )


def test_a_fault_names_file_line_rule_and_key() -> None:
    text = PACE + "\n" + PACE.replace('"p"', '"second"').replace("campaign = true", "campain = true")
    assert faults(text) == [
        "rules.toml:17: rule 'second': campain: no such key (did you mean campaign?); known: " + ", ".join(WHEN)
    ]


def test_every_fault_is_told_at_once() -> None:
    said = faults(PACE.replace("20", "true").replace("days = 3", 'days = "x"'))
    assert [line.split(":")[1] for line in said] == ["4", "6"]


@pytest.mark.parametrize("key", ["country", "client_country", "nationality", "language", "Locale"])
def test_no_rule_may_look_at_what_people_are(key: str) -> None:
    for text in (PACE + f'{key} = ["xx"]\n', PACE.replace("[rules.when]", f'{key} = "xx"\n[rules.when]')):
        (said,) = faults(text)
        assert "never evidence" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules = 3", "[[rules]]"),
        ("[[rule]]", "did you mean rules?"),
        ("[[rules", "not TOML"),
        ('[[rules]]\nname = "x"\nwhen = 3', "write [rules.when]"),
        (PACE + PACE, "the same name"),
        (written("pace", "campaign = true", "days = 1"), "amount: is missing"),
        (written("pace", "campaign = true", "days = 1", "amount = 0"), "more than 0"),
        (written("lower_limits", "campaign = true", "days = 1", "amount = 1.0"), "between 0 and 1"),
        (written("cap_n", "campaign = true", "days = 1", "amount = 1.5"), "whole number"),
        (written("strip_logprobs", "campaign = true", "days = 1", "amount = 1"), "has no amount"),
        (written("pace", "campaign = true", "amount = 1"), "every effect ends"),
        (written("pace", 'plan = ["free"]', "amount = 1", "days = 1"), "write until"),
        (
            written("pace", "campaign = true\nmin_families = 1", "amount = 1", "days = 1", 'mode = "enforce"'),
            "one kind",
        ),
        (written("pace", "campaign = true\nmin_families = 6", "amount = 1", "days = 1"), "there are 5"),
        (written("suspend", "campaign = true", "days = 1"), "where to appeal"),
        (written("suspend", 'plan = ["free"]', "until = 2030-01-01", 'url = "https://a.b"'), "needs evidence"),
        (written("ask_verification", "campaign = true", "days = 1"), "where to verify"),
        (written("ask_verification", "", "until = 2030-01-01", 'url = "https://a.b"'), "stops every call"),
        (
            written("suspend", "campaign = true", "days = 1", 'url = "https://a.b"', 'silent_reason = "x"'),
            "cannot be silent",
        ),
        (written("allow", "campaign = true", "until = 2030-01-01"), "no reason to allow"),
        (written("allow", "campaign = false\nmin_share = 0.1", "until = 2030-01-01"), "no reason to allow"),
        (written("pace", "campaign = false", "until = 2030-01-01", "amount = 1"), "only allow"),
        (written("cap_n", "younger_than_days = 1\nolder_than_days = 1", "until = 2030-01-01", "amount = 1"), "never"),
        (
            written("cap_n", "not_before = 2026-01-02\nnot_after = 2026-01-02", "until = 2030-01-01", "amount = 1"),
            "never applies",
        ),
        (written("pace", 'verification = ["gold"]', "amount = 1", "until = 2030-01-01"), "known: none, education"),
        (written("pace", "verification = []", "amount = 1", "until = 2030-01-01"), "a list of words"),
        (written("pace", "min_share = 1.1", "amount = 1", "days = 1"), "from 0 to 1"),
        (written("pace", "min_strength_bits = nan", "amount = 1", "days = 1"), "a number"),
        (written("pace", "min_share = true", "amount = 1", "days = 1"), "a number"),
        (written("pace", "stream = 1", "amount = 1", "until = 2030-01-01"), "true or false"),
        (written("pace", 'hours = ["24:00", "06:00"]', "amount = 1", "until = 2030-01-01"), "a time of the day"),
        (written("pace", 'not_before = "2026-01-01"', "amount = 1", "until = 2030-01-01"), "without quotes"),
        (written("pace", "campaign = true", "amount = 1", "days = 1", 'url = "javascript:x"'), "https://"),
        (written("pace", "campaign = true", "amount = 1", "days = 1", r'url = "https://a.b\r\nx"'), "write"),
        (written("sack", "campaign = true", "days = 1"), "known: allow"),
    ],
)
def test_what_cannot_be_right_is_refused(text: str, says: str) -> None:
    assert says in "\n".join(faults(text))


def test_a_reason_with_line_breaks_is_refused() -> None:
    assert "does not print" in faults(PACE.replace('"r"', r'"a\r\nx-header: b"'))[0]


def test_the_settings_lend_their_addresses() -> None:
    rules = parsed(
        written("suspend", "campaign = true", "days = 1")
        + "\n"
        + written("ask_verification", "campaign = true", "days = 1").replace('"x"', '"y"'),
        appeal_url="https://a.example",
        verification_url="https://v.example",
    )
    assert [rule.url for rule in rules.rules] == ["https://a.example", "https://v.example"]


def test_a_model_that_nobody_can_call_is_refused() -> None:
    text = written("pace", 'model = ["big"]', "amount = 1", "until = 2030-01-01")
    assert parsed(text).rules
    assert "no model is called 'big'" in faults(text, models=frozenset({"large"}))[0]


def test_the_version_names_the_text() -> None:
    assert parsed(PACE).version == parsed(PACE).version != parsed(PACE + "# more\n").version


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rules(tmp_path / "none.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(SettingsError, match="larger than"):
        read_rules(tmp_path / "large.toml")


def test_the_import_contract_covers_all_that_decides() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [c for c in settings["tool"]["importlinter"]["contracts"] if "policy" in c["name"]]
    assert contract["source_modules"] == ["stillwatch.gateway.policy", "stillwatch.gateway.conditions"]
