"""An audit as a page with pictures."""

from __future__ import annotations

from matplotlib.figure import Figure

from stillwatch_lab.audit.audit import Audit, Two
from stillwatch_lab.audit.bbq import BbqScore, BbqScores
from stillwatch_lab.audit.bias import Bias
from stillwatch_lab.audit.crows_pairs import Preference
from stillwatch_lab.audit.fidelity import Fidelity
from stillwatch_lab.audit.inheritance import Inheritance
from stillwatch_lab.audit.refusals import Refusals
from stillwatch_lab.audit.reliability import Reliability
from stillwatch_lab.audit.shares import Share
from stillwatch_lab.pages.page import Page

NO_OTHERS = (
    "No independent model was given: how many errors are shared by chance, or because a question is hard, is not known."
)
COLUMNS = "Compare only within a column: greedy decoding turns a preference into a rule, in the teacher too."
TEACHER, STUDENT, OTHER = "#1f5b94", "#c4511f", "#8a98a5"


def render_audit(audit: Audit) -> str:
    """Say what the student has of its teacher and what it has lost."""
    page = Page(f"What {audit.student} has of {audit.teacher}")
    page.say(
        "Shares are with 95 % intervals: Wilson's for shares, Newcombe's for gaps. Answers are greedy unless said."
    )
    if audit.inheritance:
        _inheritance(page, audit.inheritance)
    if audit.reliability:
        _reliability(page, audit.reliability)
    if audit.bias:
        _bias(page, audit.bias)
    if audit.bbq:
        _bbq(page, audit.bbq)
    if audit.crows_pairs:
        _crows_pairs(page, audit.crows_pairs)
    if audit.teacher_refusals and audit.student_refusals:
        _refusals(page, audit.teacher_refusals, audit.student_refusals)
    if audit.fidelity:
        _fidelity(page, audit.fidelity)
    return page.render()


def _inheritance(page: Page, found: Inheritance) -> None:
    page.heading("Answers and errors")
    page.table(
        ["", "share"],
        [
            ("teacher right", str(found.teacher_right)),
            ("student right", str(found.student_right)),
            ("same answer, right or wrong", str(found.agreement)),
            ("teacher's errors that the student repeats", str(found.same_wrong)),
            *((f"teacher's errors that {name} repeats", str(share)) for name, share in found.by_others.items()),
            ("errors of the student where the teacher is right", str(found.new_errors)),
        ],
    )
    if not found.by_others:
        page.say(NO_OTHERS)
    bars = {"student": found.same_wrong, **found.by_others}
    page.picture(
        _bars(bars, {name: STUDENT if name == "student" else OTHER for name in bars}, "share of the teacher's errors"),
        "Errors that are the teacher's: whoever repeats them has them from somewhere.",
    )


def _reliability(page: Page, found: Two[Reliability]) -> None:
    page.heading("Reliability")
    page.say(f"Every question {found.teacher.draws} times at temperature 1.")
    page.table(
        ["", "same answer each time", "right each time", "right at least once", "empty answers"],
        [
            (name, str(it.same), str(it.always_right), str(it.once_right), str(it.empty))
            for name, it in (("teacher", found.teacher), ("student", found.student))
        ],
    )


def _bbq(page: Page, found: Two[BbqScores]) -> None:
    page.heading("BBQ")
    page.say(
        "Bias score of the BBQ paper: 0 is none, 1 answers every question by the stereotype, -1 against it; in "
        "ambiguous contexts it is scaled by the share of wrong answers. Its interval is that of the biased answers."
    )
    page.table(
        ["", "right", "biased, of answers that name a group", "bias score", "not read"],
        [
            (f"{name}, {kind}", str(it.right), str(it.biased), _known(it), it.unread)
            for name, both in (("teacher", found.teacher), ("student", found.student))
            for kind, it in (("ambiguous", both.ambiguous), ("disambiguated", both.disambiguated))
        ],
    )


def _known(found: BbqScore) -> str:
    return f"{found.score:+.3f}" if found.biased.count else "nobody named a group"


def _crows_pairs(page: Page, found: Two[Preference]) -> None:
    page.heading("CrowS-Pairs")
    page.say("How often the more stereotypical of two sentences is the likelier one; one half is no preference.")
    kinds = found.teacher.by_kind
    page.table(
        ["", "teacher", "student"],
        [
            ("all", str(found.teacher.all), str(found.student.all)),
            *((kind, str(found.teacher.by_kind[kind]), str(found.student.by_kind[kind])) for kind in kinds),
        ],
    )


def _bias(page: Page, found: Bias) -> None:
    page.heading("Bias")
    page.say(f"Amplification, student's gap by teacher's, both sampled at temperature 1: {found.amplification:.2f}.")
    page.say(COLUMNS)
    page.table(
        ["", "gap, sampled", "gap, greedy"],
        [
            ("teacher", str(found.teacher_sampled), str(found.teacher_greedy)),
            ("student", str(found.student_sampled), str(found.student_greedy)),
        ],
    )
    shares = {
        "teacher, one group": found.teacher_sampled.one,
        "teacher, other group": found.teacher_sampled.other,
        "student, one group": found.student_sampled.one,
        "student, other group": found.student_sampled.other,
    }
    colours = {name: TEACHER if name.startswith("teacher") else STUDENT for name in shares}
    page.picture(
        _bars(shares, colours, "favourable answers, sampled"), "How often each group gets the favourable answer."
    )


def _refusals(page: Page, teacher: Refusals, student: Refusals) -> None:
    page.heading("Safeguards")
    page.table(
        ["", "refused of what is to be refused", "refused of what is to be answered"],
        [("teacher", str(teacher.kept), str(teacher.too_many)), ("student", str(student.kept), str(student.too_many))],
    )
    page.picture(
        _bars(
            {"teacher, to be refused": teacher.kept, "student, to be refused": student.kept,
             "teacher, to be answered": teacher.too_many, "student, to be answered": student.too_many},
            {"teacher, to be refused": TEACHER, "student, to be refused": STUDENT,
             "teacher, to be answered": TEACHER, "student, to be answered": STUDENT},
            "refused",
        ),
        "A maker that drops refusals from its harvest gets a student without them; accuracy does not show it.",
    )  # fmt: skip


def _fidelity(page: Page, found: Fidelity) -> None:
    page.heading("Word by word")
    page.table(
        [f"on {found.tokens:,} tokens that the teacher said", ""],
        [
            ("KL of the student from the teacher, nats a token", found.divergence),
            ("same likeliest token", found.top_1),
            ("expected calibration error of the teacher", found.teacher_calibration),
            ("expected calibration error of the student", found.student_calibration),
        ],
    )


def _bars(shares: dict[str, Share], colours: dict[str, str], label: str) -> Figure:
    figure = Figure(figsize=(7, 0.7 + 0.4 * len(shares)), layout="constrained")
    axes = figure.subplots()
    names = [name for name, share in shares.items() if share.count][::-1]
    values = [shares[name].value for name in names]
    ends = [shares[name].interval for name in names]
    spread = [
        [v - low for v, (low, _) in zip(values, ends, strict=True)],
        [high - v for v, (_, high) in zip(values, ends, strict=True)],
    ]
    if names:
        axes.barh(names, values, xerr=spread, color=[colours[name] for name in names], error_kw={"elinewidth": 1})
    axes.set(xlim=(0, 1), xlabel=label)
    return figure
