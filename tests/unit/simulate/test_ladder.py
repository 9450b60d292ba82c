"""One test for each step of the evasion ladder: it does what docs/simulate.md says, and the step before does not."""

from collections import Counter, defaultdict
from collections.abc import Callable

import orjson
import pytest
from traffic_read_back import Composed

LABEL = "campaign:A"


def step(composed: Callable, ladder: int) -> Composed:
    return composed("evasion", scale=0.25, ladder=ladder, kinds=("campaign", "human", "llm_judge"))


def most_accounts_on_one_address(made: Composed) -> int:
    holders = defaultdict(set)
    for call in made.of(LABEL):
        holders[call["client_address"]].add(call["account"])
    return max(map(len, holders.values()))


def distinct(made: Composed, column: str) -> int:
    return len({made.accounts[a][column] for a in made.members(LABEL)})


def busiest_to_quietest(made: Composed) -> float:
    """How much an account's own day varies: share of its calls in its busiest 12 hours of the day."""
    shares = []
    by_account = defaultdict(Counter)
    for call in made.attack:
        by_account[call["account"]][call["started_at"].hour] += 1
    for hours in by_account.values():
        total = sum(hours.values())
        shares.append(max(sum(hours[(h + i) % 24] for i in range(12)) for h in range(24)) / total)
    return sum(shares) / len(shares)


def fixed_texts(made: Composed) -> set[str]:
    """System texts and first words of the campaign's calls."""
    said = [orjson.loads(c["messages"]) for c in made.attack]
    return {s[0]["content"][:60] for s in said if s[0]["role"] == "system"}


def test_step_0_shares_addresses_cards_and_devices(composed: Callable) -> None:
    made = step(composed, 0)
    assert most_accounts_on_one_address(made) > 20
    assert distinct(made, "payment_fingerprint") < 12
    assert distinct(made, "device_fingerprint") < 12


def test_step_1_gives_every_account_an_address_card_and_device_of_its_own(composed: Callable) -> None:
    made = step(composed, 1)
    assert most_accounts_on_one_address(made) == 1
    assert distinct(made, "payment_fingerprint") == distinct(made, "device_fingerprint") == len(made.members(LABEL))


def test_step_1_shares_no_address_with_innocents(composed: Callable) -> None:
    made = step(composed, 1)
    mine = {c["client_address"] for c in made.of(LABEL)}
    assert not mine & {c["client_address"] for c in made.calls if c["account"] not in made.members(LABEL)}


def test_step_2_follows_human_days(composed: Callable) -> None:
    machine, human = step(composed, 1), step(composed, 2)
    assert busiest_to_quietest(human) > busiest_to_quietest(machine) + 0.05


def test_step_3_paraphrases_the_template(composed: Callable) -> None:
    before, after = fixed_texts(step(composed, 2)), fixed_texts(step(composed, 3))
    assert len(before) <= 2
    assert len(after) >= 10


@pytest.mark.parametrize("ladder", [4, 5])
def test_steps_4_and_5_mix_nine_calls_of_people_to_each_of_the_campaign(composed: Callable, ladder: int) -> None:
    made = step(composed, ladder)
    assert len(made.of(LABEL)) == 10 * len(made.attack)
    assert {r["calls"] / r["campaign_calls"] for a, r in made.truth.items() if r["label"] == LABEL} == {10}


def test_step_3_mixes_nothing(composed: Callable) -> None:
    made = step(composed, 3)
    assert len(made.of(LABEL)) == len(made.attack)


def test_step_4_covers_with_the_campaigns_own_client(composed: Callable) -> None:
    made = step(composed, 4)
    clients = defaultdict(set)
    for call in made.of(LABEL):
        clients[call["account"]].add((call["user_agent"], call["tls_fingerprint"], call["temperature"]))
    assert max(map(len, clients.values())) == 1


def test_step_5_leaves_four_calls_an_account(composed: Callable) -> None:
    made = step(composed, 5)
    assert {made.truth[a]["campaign_calls"] for a in made.members(LABEL)} <= {1, 2, 3, 4, 5, 6, 7}
    assert len(made.attack) == 4 * len(made.members(LABEL))


def test_steps_keep_the_honest_traffic_as_it_is(composed: Callable) -> None:
    def honest(made: Composed) -> list[str]:
        return sorted(c["messages"] for c in made.of("llm_judge"))

    assert honest(step(composed, 0)) == honest(step(composed, 5))
