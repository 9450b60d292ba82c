"""What an attacker is to the rest of the lab, and how the ones in this folder are found.

An attacker asks a ``Host``, which is the lab's own teacher in this process. There is no other way to ask anything here,
and none is to be added: what these classes are for is to say what a defence is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

from stillwatch_lab.attackers.students import Harvest, train_students
from stillwatch_lab.defences.host import Host
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.registry import Registry
from stillwatch_lab.world.questions import Question, draw_questions


class Order(NamedTuple):
    """One student to be made: whom to ask, how many queries it may cost, and the seed of everything drawn."""

    host: Host
    queries: int
    seed: str


class Budget(NamedTuple):
    """What a student is, how long it is trained and on which device."""

    shape: Shape
    recipe: Recipe
    device: str = "cpu"


@dataclass(frozen=True)
class Attacker:
    """An attacker gathers what it learns from; ``against`` names the defence it is the counter-move to."""

    name: ClassVar[str] = ""
    against: ClassVar[str] = ""

    def gather(self, order: Order) -> Harvest:
        """Ask the host at most ``order.queries`` times and make of the answers what a student reads."""
        raise NotImplementedError(self.name)

    def distil(self, orders: Sequence[Order], budget: Budget, *, seed: int) -> Decoders:
        """Make all students, side by side."""
        models = Decoders(budget.shape, members=len(orders), seed=seed).to(budget.device)
        return train_students(models, [self.gather(order) for order in orders], budget.recipe, seed=seed)


def ask_as_traffic(order: Order) -> list[Question]:
    """Draw the questions that traffic asks: the naive attacker looks like it."""
    return draw_questions(order.host.world, order.queries, seed=order.seed)


def harvest(order: Order, questions: Sequence[Question], *, scored: bool = False) -> Harvest:
    """Ask them all, once; give rows and scores as they came."""
    answers = order.host.ask(questions, seed=order.seed, scored=scored)
    return Harvest(answers.rows, answers.scores)


A = TypeVar("A", bound=type[Attacker])
_registry: Registry[Attacker] = Registry("attacker", "stillwatch_lab.attackers")


def attacker(name: str, *, against: str = "") -> Callable[[A], A]:
    """Name an attacker, so that the command line and the grid can ask for it."""

    def register(kind: A) -> A:
        kind.name, kind.against = name, against
        _registry.add(name, kind)
        return kind

    return register


def find_attackers() -> dict[str, type[Attacker]]:
    """Find every attacker of this folder, by name."""
    return _registry.find()


def make_attacker(name: str) -> Attacker:
    """Make an attacker by name. Raises LabSettingsError for one that there is not."""
    return _registry.kind(name)()
