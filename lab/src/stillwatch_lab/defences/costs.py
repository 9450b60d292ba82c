"""What a defence costs honest users, measured: right answers, words seen and paid for, time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from stillwatch_lab.defences.defence import Defence
from stillwatch_lab.defences.host import Host
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.world.exam import draw_exam, mark_answers
from stillwatch_lab.world.questions import Question
from stillwatch_lab.world.transcripts import read_lessons
from stillwatch_lab.world.world import World

TIMINGS = 3
"""The least of so many is the time: the first pays for what is loaded, others for what else the machine does."""


@dataclass(frozen=True)
class Costs:
    """Shares right of ``questions`` chains and as many sorts, answered once each as served; the rest is per answer."""

    questions: int
    chains_right: float
    sorts_right: float
    words_made: float
    words_shown: float
    logprob_entries: float
    cpu_seconds: float

    def beside(self, undefended: Costs) -> dict[str, float]:
        """Give the record: these numbers, DC (1 - served / undefended, after DistillGuard) and the slow-down."""
        return {
            **asdict(self),
            "defence_cost": 1 - self.chains_right / undefended.chains_right,
            "latency_multiplier": self.cpu_seconds / undefended.cpu_seconds,
        }


def measure_costs(teacher: Decoders, world: World, defence: Defence, *, questions: int = 400) -> Costs:
    """Ask as honest users do, the same questions whatever the defence; half chains, half sorts."""
    host = Host(teacher, world, defence)
    callers = [host.anew() for _ in range(TIMINGS)]
    chains = draw_exam(world, questions, kind="chain")
    sorts = draw_exam(world, questions, kind="sort")
    seconds = min(_seconds(caller, [*chains, *sorts]) for caller in callers)
    answers = host.ask([*chains, *sorts], seed="honest users", scored=True)
    right = mark_answers(world, [*chains, *sorts], [lesson.answer for lesson in read_lessons(world, answers.rows.ids)])
    calls = host.bill["calls"]
    return Costs(
        questions,
        chains_right=sum(right[:questions]) / questions,
        sorts_right=sum(right[questions:]) / questions,
        words_made=host.bill["made_words"] / calls,
        words_shown=host.bill["shown_words"] / calls,
        logprob_entries=host.bill["logprob_entries"] / calls,
        cpu_seconds=seconds / calls,
    )


def _seconds(host: Host, questions: Sequence[Question]) -> float:
    """Measure processor seconds, without the preparation that a defence needs once."""
    started = time.process_time()
    host.ask(questions, seed="honest users", scored=True)
    return time.process_time() - started
