from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

import orjson
import pytest

from stillwatch.simulate import bundled_scenarios, read_scenario
from stillwatch.simulate.block import traffic_kinds
from stillwatch.simulate.crews import varied

PLANTED = [n for n in bundled_scenarios() if n not in {"hard-negatives", "innocent"}]
SIZES = {"A": (4000, 16_000), "B": (5380, 207_000), "C": (273, 229_000), "D": (180, 1_071_000), "E": (400, 40_000)}
"""Accounts and calls of the profiles."""


def user_text(call: dict) -> str:
    if call["messages"] is None:
        return call["prompt"]
    return next(m["content"] for m in orjson.loads(call["messages"]) if m["role"] == "user")


def addresses(calls: list[dict]) -> set[str]:
    return {c["client_address"] for c in calls}


@pytest.mark.parametrize("name", list(bundled_scenarios()))
def test_bundled_scenario_is_read(name: str) -> None:
    scenario = read_scenario(name)
    assert scenario.name == name
    assert any(b.campaign for b in scenario.blocks) == (name in PLANTED)


@pytest.mark.parametrize("name", [n for n in bundled_scenarios() if n != "demo"])
def test_every_scenario_but_the_demo_has_all_honest_kinds(name: str) -> None:
    assert {b.kind for b in read_scenario(name).blocks} >= set(traffic_kinds()) - {"campaign", "reseller"}


@pytest.mark.parametrize("profile", SIZES)
def test_profile_has_its_size(profile: str) -> None:
    planted = [b for b in read_scenario(f"profile-{profile.lower()}").blocks if b.campaign]
    assert [(b.accounts, b.calls) for b in planted] == [SIZES[profile]]


def test_february_has_the_published_sizes() -> None:
    blocks = read_scenario("february-2026").blocks
    planted = [b for b in blocks if b.campaign]
    honest = [b for b in blocks if not b.campaign]
    assert sorted(b.calls for b in planted) == [150_000, 3_400_000, 13_000_000]
    assert sum(b.accounts for b in planted) == 24_000
    assert sum(b.accounts for b in honest) >= 1_000_000
    assert sum(b.calls for b in honest) >= 50_000_000


def test_hard_negatives_are_five_thousand_accounts() -> None:
    assert sum(b.accounts for b in read_scenario("hard-negatives").blocks) >= 5000


def test_innocent_traffic_is_another_mixture_with_every_seed() -> None:
    scenario = read_scenario("innocent")
    mixtures = [varied(scenario, seed) for seed in range(8)]
    assert len({tuple(b.kind for b in m.blocks) for m in mixtures}) > 1
    assert len({sum(b.accounts for b in m.blocks) for m in mixtures}) == len(mixtures)
    assert varied(scenario, 3) == mixtures[3]


def test_profile_c_uses_its_accounts_in_turn(composed: Callable) -> None:
    made = composed("profile-c", scale=0.02, kinds=("campaign",))
    days = defaultdict(set)
    for call in made.calls:
        days[call["account"]].add(call["started_at"].timestamp() / 86400)
    spans = [max(d) - min(d) for d in days.values()]
    assert max(spans) <= 3
    assert max(max(d) for d in days.values()) - min(min(d) for d in days.values()) > 13


def test_profile_e_mixes_one_to_fifty_per_cent_into_each_account(composed: Callable) -> None:
    made = composed("profile-e", kinds=("reseller",))
    shares = [r["campaign_calls"] / r["calls"] for r in made.truth.values() if r["calls"] > 100]
    assert 0 < min(shares) < 0.03
    assert 0.4 < max(shares) <= 0.51


def test_two_campaigns_and_innocents_share_the_proxy_pool(composed: Callable) -> None:
    made = composed("two-in-one-proxy-pool", kinds=("campaign", "proxy_customer"))
    a, b, honest = (addresses(made.of(label)) for label in ("campaign:A", "campaign:B", "proxy_customer"))
    assert len(a & b) > 40
    assert len(a & honest) > 40


def test_two_campaigns_share_no_card_and_no_item(composed: Callable) -> None:
    made = composed("two-in-one-proxy-pool", kinds=("campaign", "proxy_customer"))
    cards = [{made.accounts[x]["payment_fingerprint"] for x in made.members(f"campaign:{c}")} for c in "AB"]
    assert not cards[0] & cards[1]
    texts = [{user_text(c) for c in made.of(f"campaign:{x}")} for x in "AB"]
    assert not texts[0] & texts[1]


@pytest.fixture
def pool_change(composed: Callable) -> tuple[list[dict], list[dict], list[dict]]:
    """Answered calls of the first pool, its refused ones, and the calls of the second pool."""
    made = composed("pool-change", kinds=("campaign",))
    refused = [c for c in made.calls if c["status"] == 403]
    banned = {c["account"] for c in refused}
    first = [c for c in made.calls if c["account"] in banned and c["status"] == 200]
    return first, refused, [c for c in made.calls if c["account"] not in banned]


def test_a_ban_ends_the_first_pool_and_the_second_takes_over(pool_change: tuple) -> None:
    first, refused, second = pool_change
    ban = max(c["started_at"] for c in first)
    assert min(c["started_at"] for c in refused) >= ban
    assert 0 < (min(c["started_at"] for c in second) - ban).total_seconds() < 3 * 3600


def test_the_second_pool_goes_on_with_the_next_items(pool_change: tuple) -> None:
    first, _, second = pool_change
    assert not {user_text(c) for c in first} & {user_text(c) for c in second}


def test_the_second_pool_has_cards_of_its_own(composed: Callable, pool_change: tuple) -> None:
    made = composed("pool-change", kinds=("campaign",))
    cards = [{made.accounts[c["account"]]["payment_fingerprint"] for c in part} for part in pool_change[::2]]
    assert not cards[0] & cards[1]


def test_probing_and_harvest_are_one_operators(composed: Callable) -> None:
    made = composed("probe-then-scale", kinds=("campaign",))
    first = min(c["started_at"] for c in made.calls)
    probing = {c["account"] for c in made.calls if (c["started_at"] - first).days < 3}
    cards = [{made.accounts[a]["payment_fingerprint"] for a in part} for part in (probing, set(made.truth) - probing)]
    assert cards[0] & cards[1]
    assert len(probing) == 30


def test_a_benchmark_has_one_prefix_over_companies_that_are_strangers(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("benchmark_run",))
    prefixes = defaultdict(set)
    for call in made.calls:
        prefixes[user_text(call)[:150]].add(call["account"])
    holders = max(prefixes.values(), key=len)
    organizations = {made.accounts[a]["organization"] for a in holders}
    assert len(holders) >= 20
    assert len(organizations) == len(holders)


def test_a_class_shares_its_assignment(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("university_class",))
    sheet = Counter(user_text(c).partition("?")[0].partition("\n")[0] for c in made.calls)
    assert sum(n >= 5 for n in sheet.values()) >= 10
    assert len({made.accounts[a]["email_domain"] for a in made.truth}) == 2


def test_judges_grade_answers_that_are_there(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("llm_judge", "judge_framework"))
    assert all(len(user_text(c)) > 60 for c in made.calls)
    assert len({user_text(c)[-80:] for c in made.of("judge_framework")}) < len(made.of("judge_framework"))


def test_ephemeral_agents_change_their_address(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("ci_agent",))
    one = Counter(c["account"] for c in made.calls).most_common(1)[0][0]
    assert len(addresses([c for c in made.calls if c["account"] == one])) > 5


def test_strangers_of_one_app_share_its_client_and_nothing_else(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("popular_app", "agent_framework"))
    clients = [{c["user_agent"] for c in made.of(k)} for k in ("popular_app", "agent_framework")]
    assert [len(c) for c in clients] == [1, 1]
    assert clients[0] != clients[1]
    cards = [r["payment_fingerprint"] for r in made.accounts.values() if r["payment_fingerprint"]]
    assert len(set(cards)) == len(cards)


def test_declared_companies_say_who_they_are(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("declared_aggregator", "enterprise_migration"))
    owners = [
        {made.accounts[a]["organization"] for a in made.members(k)}
        for k in ("declared_aggregator", "enterprise_migration")
    ]
    assert [len(o) for o in owners] == [1, 1]
    assert owners[0] != owners[1]


def test_a_company_that_declared_nothing_has_one_card_one_mail_domain_and_no_name(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("undeclared_company",))
    rows = [made.accounts[a] for a in made.truth]
    assert {(r["organization"], r["payment_fingerprint"], r["email_domain"]) for r in rows} == {
        (None, rows[0]["payment_fingerprint"], rows[0]["email_domain"])
    }
    assert rows[0]["payment_fingerprint"]


def test_newcomers_sign_up_within_half_a_day_with_papers_of_their_own(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("online_course",))
    created = [made.accounts[a]["created_at"] for a in made.truth]
    cards = [c for a in made.truth if (c := made.accounts[a]["payment_fingerprint"])]
    assert (max(created) - min(created)).total_seconds() <= 43_200
    assert len(set(cards)) == len(cards)


def test_strangers_with_one_published_tool_have_clients_of_their_own(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("thinking_tool",))
    assert len({c["user_agent"] for c in made.calls}) > 3
    assert len(addresses(made.calls)) > 0.8 * len(made.truth)


def test_a_published_judge_is_run_once_and_within_a_day(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("published_judge",))
    times = defaultdict(list)
    for call in made.calls:
        times[call["account"]].append(call["started_at"])
    assert max((max(t) - min(t)).total_seconds() for t in times.values()) <= 86_400


def test_households_share_one_address(composed: Callable) -> None:
    made = composed("hard-negatives", kinds=("household",))
    homes = defaultdict(set)
    for call in made.calls:
        homes[call["client_address"]].add(call["account"])
    assert Counter(map(len, homes.values())).most_common(1)[0][0] == 3


def test_traffic_is_in_many_languages(composed: Callable) -> None:
    text = "".join(user_text(c) for c in composed("demo").of("human"))
    scripts = {
        "latin": "\u00e9",
        "han": "\u7684",
        "cyrillic": "\u0438",
        "hangul": "\uc5d0",
        "arabic": "\u0627",
        "devanagari": "\u0930",
    }
    assert [name for name, letter in scripts.items() if letter not in text] == []


def test_every_seed_words_its_campaigns_anew(composed: Callable) -> None:
    said = []
    for seed in (1, 2, 3):
        made = composed("evasion", scale=0.1, seed=seed, kinds=("campaign",))
        said.append({orjson.loads(c["messages"])[0]["content"][:40] for c in made.calls})
    assert all(len(a & b) < len(a) / 2 for a, b in pairwise(said))
