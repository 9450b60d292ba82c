"""An audit as a page with pictures."""

from __future__ import annotations

from matplotlib.figure import Figure

from stillwatch_lab.audit.audit import Audit
from stillwatch_lab.audit.bias import Bias
from stillwatch_lab.audit.fidelity import Fidelity
from stillwatch_lab.audit.inheritance import Inheritance
from stillwatch_lab.audit.refusals import Refusals
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
    if audit.bias:
        _bias(page, audit.bias)
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
