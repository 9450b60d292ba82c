"""Changes applied: what is published, when, by whom, for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registers import (
    AMEND,
    AUTHOR,
    CHANGES,
    CLAIMS,
    DRAFT,
    ENTITY,
    NOW,
    OFFICIAL,
    OTHER,
    REVIEWER,
    Story,
    at_status,
    evidence,
)
from stillwatch.errors import RegistryError
from stillwatch.registry.changes import (
    AddEvidence,
    Corroborate,
    Decide,
    Draft,
    Expire,
    GiveNotice,
    OpenReview,
    Publish,
    Renew,
    TakeAnswer,
    Withdraw,
)
from stillwatch.registry.nouns import Ground, Kind, Stance
from stillwatch.registry.rules import DAY
from stillwatch.registry.statuses import Status, Step

YEAR = 365 * DAY


def publish(story: Story, *, by: str = REVIEWER, days: int = 365) -> None:
    story.do(Publish("Sound.", story.at + days * DAY), by=by)


def answer(stance: Stance, text: str = "Our words.") -> TakeAnswer:
    return TakeAnswer("its counsel", stance, text)


def test_nothing_is_notified_without_evidence() -> None:
    story = Story()
    story.do(DRAFT)
    with pytest.raises(RegistryError, match="notice: no evidence"):
        story.notice()


def test_nothing_is_published_before_the_deadline_without_an_answer() -> None:
    story = Story()
    story.notified()
    story.at += 30 * DAY - 1
    with pytest.raises(RegistryError, match=r"may still answer, for 1 more day"):
        publish(story)
    story.at += 1
    publish(story)
    assert story.entry is not None
    assert (story.entry.status, story.entry.answer_at(story.at)) == (Status.ALLEGED, "none")


@pytest.mark.parametrize(
    ("stance", "status"),
    [(Stance.DISPUTES, Status.CONTESTED), (Stance.COMMENTS, Status.ALLEGED), (Stance.ADMITS, Status.ALLEGED)],
)
def test_an_answer_ends_the_wait_and_a_dispute_is_published_as_one(stance: Stance, status: Status) -> None:
    story = Story()
    story.notified()
    story.do(answer(stance), days=1)
    publish(story)
    assert story.entry is not None
    assert story.entry.status is status
    assert story.entry.answers[0].text == "Our words."


def test_an_answer_to_an_earlier_notice_is_none_to_a_later_one() -> None:
    story = Story()
    story.notified()
    story.do(answer(Stance.COMMENTS), days=1)
    story.do(AddEvidence(evidence(2)), days=1)
    story.notice()
    with pytest.raises(RegistryError, match="may still answer"):
        publish(story)


@pytest.mark.parametrize("change", [AddEvidence(evidence(2)), AMEND])
def test_what_is_added_after_the_notice_needs_another(change: AddEvidence) -> None:
    story = Story()
    story.notified()
    story.do(change, days=31)
    assert story.entry is not None
    assert story.entry.status is Status.DRAFT
    with pytest.raises(RegistryError, match="not for an entry that is draft"):
        publish(story)


def test_a_deadline_of_less_than_thirty_days_is_refused() -> None:
    story = Story()
    story.do(DRAFT)
    story.do(AddEvidence(evidence()))
    with pytest.raises(RegistryError, match="less than 30 days"):
        story.do(GiveNotice("letter", story.at + 30 * DAY - 1))


@pytest.mark.parametrize("helped", [AUTHOR, "helper"])
def test_whoever_wrote_it_or_brought_evidence_does_not_publish_it(helped: str) -> None:
    story = Story()
    story.do(DRAFT)
    story.do(AddEvidence(evidence()), by="helper")
    story.notice()
    with pytest.raises(RegistryError, match="somebody else must review"):
        story.do(Publish("Sound.", story.at + 60 * DAY), by=helped, days=31)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_term_is_a_year_at_most(days: int) -> None:
    story = Story()
    story.notified()
    story.at += 31 * DAY
    with pytest.raises(RegistryError, match="within 365 days"):
        publish(story, days=days)


def test_a_person_is_published_only_from_an_official_list() -> None:
    person = replace(DRAFT, entity=replace(ENTITY, kind=Kind.PERSON))
    with pytest.raises(RegistryError, match="GDPR article 10"):
        Story().published(person, evidence())
    assert Story().published(person, evidence(), OFFICIAL).status is Status.ALLEGED


def test_two_providers_of_one_owner_or_that_repeat_each_other_are_one() -> None:
    for second in (
        evidence(2, owner="Provider 1"),
        evidence(2, owner="provider 1"),
        evidence(2, repeats=evidence(1).bundle),
        OFFICIAL,
    ):
        story = Story()
        story.published(DRAFT, evidence(1), second)
        with pytest.raises(RegistryError, match="1 independent provider"):
            story.do(Corroborate("Both."), by=REVIEWER)
    assert at_status(Status.CORROBORATED).entry is not None


def test_evidence_that_came_after_publication_counts_only_once_the_party_was_told() -> None:
    story = Story()
    story.published()
    story.do(AddEvidence(evidence(2)))
    with pytest.raises(RegistryError, match="not told of all the evidence"):
        story.do(Corroborate("Both."), by=REVIEWER)
    story.notice()
    with pytest.raises(RegistryError, match="may still answer"):
        story.do(Corroborate("Both."), by=REVIEWER)
    assert story.do(Corroborate("Both."), by=REVIEWER, days=30).status is Status.CORROBORATED


def test_an_entry_is_not_listed_officially_without_the_list() -> None:
    story = Story()
    story.published()
    with pytest.raises(RegistryError, match="no official list"):
        story.do(CHANGES[Step.LIST], by=REVIEWER)


def test_an_entry_expires_and_nothing_but_that_can_be_done_then() -> None:
    story = Story()
    entry = story.published(days=60)
    with pytest.raises(RegistryError, match="time is not over"):
        story.do(Expire())
    story.at += 60 * DAY
    assert entry.status_at(story.at) is Status.EXPIRED
    for step in (Step.CORROBORATE, Step.APPEAL, Step.EVIDENCE, Step.RENEW):
        with pytest.raises(RegistryError, match="time is over"):
            story.do(CHANGES[step], by=REVIEWER)
    assert story.do(Expire()).status is Status.EXPIRED


def test_only_new_evidence_of_which_the_party_was_told_renews_a_term() -> None:
    story = Story()
    story.published()
    with pytest.raises(RegistryError, match="no new evidence"):
        story.do(Renew("Still true.", story.at + YEAR), by=REVIEWER, days=300)
    story.do(AddEvidence(evidence(2)))
    story.notice()
    renewed = story.do(Renew("Seen again.", story.at + 30 * DAY + YEAR), by=REVIEWER, days=30)
    assert renewed.expires_at == story.at + YEAR
    with pytest.raises(RegistryError, match="no new evidence"):
        story.do(Renew("And again.", story.at + YEAR), by=REVIEWER)


def test_no_entry_stands_for_more_than_five_years() -> None:
    story = Story()
    story.published()
    for number in range(2, 6):
        story.do(AddEvidence(evidence(number)), days=320)
        story.notice()
        story.do(Renew("Again.", story.at + 30 * DAY + YEAR), by=REVIEWER, days=30)
    story.do(AddEvidence(evidence(6)), days=320)
    story.notice()
    with pytest.raises(RegistryError, match="five years at most"):
        story.do(Renew("Again.", story.at + 30 * DAY + YEAR), by=REVIEWER, days=30)


@pytest.mark.parametrize("reviewer", [AUTHOR, REVIEWER])
def test_an_appeal_is_decided_by_neither_the_author_nor_who_published(reviewer: str) -> None:
    story = at_status(Status.UNDER_REVIEW)
    with pytest.raises(RegistryError, match="somebody else"):
        story.do(Decide(Status.UPHELD, "No."), by=reviewer)


def test_an_appeal_has_grounds_and_a_clock() -> None:
    story = Story()
    story.published()
    with pytest.raises(RegistryError, match="at least one ground"):
        story.do(OpenReview((), "Why not."), by=OTHER)
    entry = story.do(CHANGES[Step.APPEAL])
    assert entry.appeals[0].grounds == (Ground.FACTS_WRONG,)
    assert entry.appeals[0].decide_by == story.at + 30 * DAY


def test_a_withdrawal_says_why() -> None:
    story = at_status(Status.UNDER_REVIEW)
    entry = story.do(Decide(Status.WITHDRAWN, "They were hacked."), by=OTHER)
    assert (entry.status, entry.ended_because) == (Status.WITHDRAWN, "They were hacked.")


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        (Decide(Status.ALLEGED, "x"), "decide: not for"),
        (Decide(Status.CORRECTED, "x"), "corrections go with"),
        (Decide(Status.UPHELD, "x", AMEND), "corrections go with"),
        (Decide(Status.CORRECTED, "x", struck=("0" * 64,)), "no bundle of this entry"),
        (Decide(Status.CORRECTED, "x", replace(AMEND, entity=replace(ENTITY, name="Another Ltd"))), "no name of this"),
        (Decide(Status.CORRECTED, "x", replace(AMEND, entity=replace(ENTITY, kind=Kind.PERSON))), "not a Person"),
        (Decide(Status.CORRECTED, "x", replace(AMEND, claims=(replace(CLAIMS[0], confidence=96),))), "surer"),
        (Decide(Status.CORRECTED, "x", replace(AMEND, claims=(replace(CLAIMS[0], rung="training-use"),))), "surer"),
    ],
)
def test_a_decision_that_accuses_anew_is_refused(decision: Decide, why: str) -> None:
    story = at_status(Status.UNDER_REVIEW)
    with pytest.raises(RegistryError, match=why):
        story.do(decision, by=OTHER)


def test_a_struck_bundle_counts_no_longer() -> None:
    story = Story()
    story.published(DRAFT, evidence(1), evidence(2))
    story.do(CHANGES[Step.APPEAL])
    entry = story.do(Decide(Status.CORRECTED, "One was retracted.", struck=(evidence(1).bundle,)), by=OTHER)
    assert [e.provider for e in entry.evidence] == ["Provider 2"]
    with pytest.raises(RegistryError, match="1 independent"):
        story.do(Corroborate("Both."), by="third reviewer")
    with pytest.raises(RegistryError, match="no new evidence"):
        story.do(Renew("x", story.at + YEAR), by="third reviewer")
    story.do(CHANGES[Step.APPEAL])
    with pytest.raises(RegistryError, match="no evidence is left"):
        story.do(Decide(Status.CORRECTED, "x", struck=(evidence(2).bundle,)), by="third reviewer")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (AddEvidence(evidence(1)), "attached already"),
        (AddEvidence(evidence(2, bundle="ab")), "no SHA-256"),
        (AddEvidence(evidence(2, bundle="AB" * 32)), "no SHA-256"),
        (AddEvidence(evidence(2, origin="")), "origin and index"),
        (AddEvidence(evidence(2, index=None)), "origin and index"),
        (AddEvidence(evidence(2, repeats="x")), "no SHA-256"),
        (AddEvidence(replace(OFFICIAL, url="")), "needs its address"),
        (answer(Stance.COMMENTS, " "), "give its text"),
        (TakeAnswer("x", Stance.COMMENTS, url="https://q.example", sha256="1"), "no SHA-256"),
        (GiveNotice("letter", NOW + 90 * DAY, "x"), "no SHA-256"),
    ],
)
def test_what_cannot_be_checked_later_is_refused(change: AddEvidence, why: str) -> None:
    story = Story()
    story.notified()
    with pytest.raises(RegistryError, match=why):
        story.do(change)


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (replace(DRAFT, claims=()), "claims: none"),
        (replace(DRAFT, claims=(replace(CLAIMS[0], rung="guilt"),)), "rung 'guilt'"),
        (replace(DRAFT, claims=(replace(CLAIMS[0], confidence=101),)), "between 0 and 100"),
        (replace(DRAFT, entity=replace(ENTITY, country="ZZZ")), "country"),
        (replace(DRAFT, entity=replace(ENTITY, domains=("https://x.example/",))), "bare domain"),
        (replace(DRAFT, entity=replace(ENTITY, lei="1")), "ISO 17442"),
        (replace(DRAFT, entity=replace(ENTITY, uscc="1")), "GB 32100"),
    ],
)
def test_a_draft_that_cannot_be_an_entry_is_refused(draft: Draft, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        Story().do(draft)


def test_changes_are_in_the_order_of_time_and_by_somebody() -> None:
    story = Story()
    story.notified()
    with pytest.raises(RegistryError, match="dated before"):
        story.do(Withdraw("x"), days=-1)
    with pytest.raises(RegistryError, match="by whom"):
        story.do(Withdraw("x"), by=" ")


def test_who_is_dead_answers_no_more_but_an_answer_reaches_a_review() -> None:
    story = at_status(Status.UNDER_REVIEW)
    assert story.do(answer(Stance.DISPUTES)).status is Status.UNDER_REVIEW


def test_erasing_must_say_whether_it_was_public() -> None:
    story = at_status(Status.WITHDRAWN)
    with pytest.raises(RegistryError, match="whether the entry was public"):
        story.do(CHANGES[Step.ERASE])
    assert story.do(replace(CHANGES[Step.ERASE], was_public=True)).is_erased  # type: ignore[call-arg]
