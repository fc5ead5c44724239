"""Is what went into the basket what was scanned? Scale and side camera beside the scans, and questions to the shopper.

A question is asked once, and ends by an answer, a scan, or by the thing being taken out. While the scale cannot be
believed nothing is asked: nobody is accused by a cell that drifts.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import anyio
import msgspec

from device_drivers.api import WeightRead
from edge_agent.app import Held, Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.basket import Unit
from edge_agent.roles.matter import matter_of
from edge_agent.roles.saying import Saying
from firmware_specs.desired import Row
from firmware_specs.events import BasketAnswered, BasketQuestioned, ItemWeighed
from firmware_specs.rules.selling import PLAIN
from firmware_specs.rules.weight import ProductWeight, Weight, Weights, weight_of
from vision.basket import Check, Said, Scanned, Seen, Settling, Step, Verdict, Weighed, weight_odds

TICK_S: Final = 0.5
SILENT_S: Final = 5.0
"""A scale that has said nothing for so long weighs nothing."""

MOST_QUESTIONS: Final = 20
AWAITED_S: Final = 30.0
"""So long a cart waits for what is sold by weight to be laid in."""

_LEAST_DIVISIONS: Final = 20
"""Nothing lighter is sold by weight on a scale of class III (OIML R 76-1, table 3)."""

_SAME_G: Final = 25.0
"""What comes out within so much of what a question is about is that thing."""

_FITS: Final = 0.0
"""Log odds from which a late scan explains what went in before it."""

_LEAST_CHANCE: Final = 0.003
"""A look that does not fit counts for no less: of eighty things 1.5 units against, where a question needs 2.2."""

_KEPT: Final = "basket-questions"

Answer = Literal["removed", "taken-out", "scanned", "insisted", "left"]


class NoQuestionError(Exception):
    """There is no such question any more."""


class NotWeighedError(Exception):
    """This cart cannot sell by weight now; `code` is for programs, the text says why."""

    def __init__(self, code: Literal["weighed", "scale"], message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Awaited:
    gtin: str
    until_s: float


class Question(msgspec.Struct, frozen=True):
    """Something that the shopper is asked."""

    id: str
    trip: str
    verdict: str
    gtin: str
    name: dict[str, str]
    change_g: float | None
    at_ms: int
    insisted: bool = False


@dataclass(frozen=True, slots=True)
class _Last:
    gtin: str
    expected: Weight | None


class Weighing:
    """The basket check of one cart.

    Args:
        row_of: a product's row in the book in force, by its GTIN.
        trip: the trip under way, begun where there is none; empty where none may begin.
        sell: called with a product that was waited for and the grams that went in.
        monotonic_s: monotonic seconds, the clock of `WeightRead.read_s`.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        row_of: Callable[[str], Row | None],
        trip: Callable[[], str],
        sell: Callable[[str, int], None],
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._surroundings = surroundings
        self._row_of = row_of
        self._trip = trip
        self._sell = sell
        self._awaited: _Awaited | None = None
        self._monotonic_s = monotonic_s
        self._saying = Saying(surroundings)
        self._has_scale = "scale" in surroundings.drivers
        self._is_watched = self._has_scale or "side" in surroundings.drivers
        self._sight: dict[str, Any] | None = None
        self._learnt: dict[str, ProductWeight] = {}
        self._settling = Settling()
        self._check = Check()
        self._read: WeightRead | None = None
        self._last: _Last | None = None
        kept = surroundings.recall(_KEPT)
        self._questions: tuple[Question, ...] = () if not kept else msgspec.json.decode(kept, type=tuple[Question, ...])

    @property
    def unresolved(self) -> int:
        """Questions of this trip without an answer that the scale bears out."""
        return len(self._questions)

    def take_weights(self, held: Held) -> None:
        """Expect these weights from now on. Raises MatterRefusedError; then the ones before stay."""
        self._learnt = {one.gtin: one for one in matter_of(held, Weights).products}

    def added(self, unit: Unit) -> None:
        """Take note of a unit that was scanned."""
        if not self._is_watched:
            return
        row = self._row_of(unit.gtin)
        learnt = self._learnt.get(unit.gtin) if unit.pack == PLAIN else None
        expected = None if row is None else weight_of(row, unit.pack, learnt)
        self._last = _Last(unit.gtin, expected)
        now_s = self._monotonic_s()
        weight, spread = expected if expected is not None else (None, 0.0)
        self._go_on(self._check.after(Scanned(unit.gtin, now_s, weight, spread)))
        self._answer_late(expected, now_s)

    def ended(self) -> None:
        """Take note that the trip ended: what was not answered was left."""
        for question in self._questions:
            if not question.insisted:
                self._say(question, "left")
        self._check, self._last, self._awaited = Check(), None, None
        self._keep(())

    def weigh_in(self, gtin: str) -> int | None:
        """Return the grams of what lies in the basket unscanned, for a product that is sold by weight.

        None where nothing does: then the next thing that goes in is sold as this product. Raises NotWeighedError.
        """
        read = self._read
        if read is None or not read.division_g:
            raise NotWeighedError("weighed", "it is sold by weight: weigh it, and scan the scale's code")
        if self._status() not in ("rest", "moving"):
            raise NotWeighedError("scale", "the cart's scale cannot be believed now: weigh it at the counter")
        asked = [one.change_g for one in self._questions if one.verdict == Verdict.SCAN and one.change_g is not None]
        lying_g = self._check.unscanned_g or (asked[-1] if asked else None)
        grams = None if lying_g is None else self._sellable(lying_g)
        if grams is None:
            self._awaited = _Awaited(gtin, self._monotonic_s() + AWAITED_S)
            self._surroundings.changed()
        return grams

    def wait_no_more(self) -> None:
        """Forget what was to be laid in."""
        self._awaited = None
        self._surroundings.changed()

    def weigh(self, read: WeightRead) -> None:
        """Take what the scale says."""
        before = self._status()
        self._read = read
        self._settling, step = self._settling.after(read.grams, read.read_s, is_stable=read.is_stable)
        if step is not None:
            self._stepped(step)
        if self._status() != before:
            why = self._status()
            self._saying.fault("scale", None if why in ("rest", "moving") else (read.fault or "the load cell drifts"))
            self._surroundings.changed()

    def saw(self, chances: Mapping[str, float], *, inward: bool, others: int) -> None:
        """Take what the side camera saw go by.

        Args:
            chances: of the products that it can tell, by GTIN.
            others: how many things it tells apart.
        """
        best = max(chances, key=lambda gtin: chances[gtin], default=None)
        self._sight = {"inward": inward, "gtin": best, "p": None if best is None else round(chances[best], 4)}
        # A hand may hide a thing, so that a look that does not fit is doubt, not proof: alone it asks nothing.
        told = tuple((gtin, max(chance, _LEAST_CHANCE)) for gtin, chance in chances.items())
        self._go_on(self._check.after(Seen(told, inward, self._monotonic_s(), others)))
        self._surroundings.changed()

    def insist(self, question: str) -> None:
        """Take the shopper's word that all is right; a colleague may look. Raises NoQuestionError, OutboxFullError."""
        found = self._find(question)
        self._surroundings.say(self._answered(found, "insisted"))
        sure = msgspec.structs.replace(found, insisted=True)
        self._keep(tuple(sure if each.id == found.id else each for each in self._questions))

    def removed(self, question: str) -> str:
        """Return the product of a question that is answered by taking it off the list; its GTIN.

        Raises NoQuestionError.
        """
        found = self._find(question)
        if not found.gtin:
            raise NoQuestionError("nothing was scanned there: take it out, or scan it")
        return found.gtin

    def close(self, question: str, answer: Answer) -> None:
        """End a question."""
        self._close(self._find(question), answer)

    def state(self) -> dict[str, Any] | None:
        """Return `basket_check` of the local API; None for a cart with neither scale nor side camera."""
        if not self._is_watched:
            return None
        last = self._last
        return {
            "status": self._status(),
            "fault": "" if self._read is None else self._read.fault,
            "grams": None if self._settling.level_g is None else round(self._settling.level_g),
            "sight": self._sight,
            "last": None if last is None else last.gtin,
            "expected_g": None if last is None or last.expected is None else round(last.expected.grams),
            "awaited": self._awaited_json(),
            "questions": [msgspec.to_builtins(one) for one in self._questions if not one.insisted],
        }

    async def run(self) -> None:
        """Ask what is late until cancelled."""
        while self._is_watched:
            await anyio.sleep(TICK_S)
            self._saying.flush()
            if self._awaited is not None and self._monotonic_s() > self._awaited.until_s:
                self.wait_no_more()
            self._go_on(self._check.at(self._monotonic_s()))

    # ---- inside

    def _status(self) -> str:
        if not self._has_scale:
            return "none"
        if self._read is None or self._monotonic_s() - self._read.read_s > SILENT_S:
            return "silent"
        if self._read.fault:
            return "fault"
        if self._settling.drifts:
            return "drifts"
        return "moving" if self._read.is_stable is False else "rest"

    def _stepped(self, step: Step) -> None:
        if step.change_g < 0 and self._taken_out(-step.change_g):
            return
        awaited, grams = self._awaited, self._sellable(step.change_g)
        if awaited is not None and grams is not None and self._monotonic_s() <= awaited.until_s:
            self._awaited = None
            # Its scan comes first, so that this step is what the scan waits for.
            self._sell(awaited.gtin, grams)
        # Asked of by the time at which it came to rest; told when that was certain.
        self._go_on(self._check.after(Weighed(step.change_g, self._monotonic_s(), step.sigma_g)))
        self._surroundings.changed()

    def _sellable(self, grams: float) -> int | None:
        # As a scale shows it: in whole divisions, and nothing below its least load.
        division_g = 0.0 if self._read is None else self._read.division_g
        if not division_g or grams < _LEAST_DIVISIONS * division_g:
            return None
        return round(round(grams / division_g) * division_g)

    def _awaited_json(self) -> dict[str, Any] | None:
        if self._awaited is None:
            return None
        row = self._row_of(self._awaited.gtin)
        return {"gtin": self._awaited.gtin, "name": {} if row is None else dict(row.name)}

    def _taken_out(self, grams: float) -> bool:
        for question in self._questions:
            if question.change_g is not None and abs(question.change_g - grams) <= _SAME_G:
                self._close(question, "taken-out")
                return True
        return False

    def _answer_late(self, expected: Weight | None, now_s: float) -> None:
        # What went in before was asked for, and this scan may be of it.
        for question in self._questions:
            if question.verdict != Verdict.SCAN or question.change_g is None:
                continue
            if expected is None or weight_odds(question.change_g, expected.grams, expected.spread_g) > _FITS:
                self._close(question, "scanned")
                self._go_on(self._check.after(Weighed(question.change_g, now_s)))
                return

    def _go_on(self, after: tuple[Check, tuple[Said, ...]]) -> None:
        self._check, said = after
        for one in said:
            if one.verdict is Verdict.FINE:
                self._fine(one)
            else:
                self._ask(one)

    def _fine(self, said: Said) -> None:
        trip = self._trip()
        if said.change_g is None or not trip:
            return
        weighed = ItemWeighed(
            at_ms=self._surroundings.now_ms(), trip=trip, gtin=said.gtin, weight_g=round(said.change_g, 1)
        )
        try:
            self._surroundings.say(weighed)
        except OutboxFullError:
            # It would have taught the store a weight; the next one will.
            return

    def _ask(self, said: Said) -> None:
        trip = self._trip()
        if len(self._questions) >= MOST_QUESTIONS or not trip:
            return
        row = self._row_of(said.gtin) if said.gtin else None
        question = Question(
            id=f"q-{secrets.token_hex(6)}",
            trip=trip,
            verdict=said.verdict.value,
            gtin=said.gtin,
            name={} if row is None else dict(row.name),
            change_g=said.change_g,
            at_ms=self._surroundings.now_ms(),
        )
        self._saying.say(
            BasketQuestioned(
                at_ms=question.at_ms,
                trip=question.trip,
                question=question.id,
                verdict=question.verdict,
                gtin=question.gtin or None,
                odds=round(said.odds, 2),
                change_g=None if said.change_g is None else round(said.change_g, 1),
            )
        )
        self._keep((*self._questions, question))

    def _find(self, question: str) -> Question:
        found = next((one for one in self._questions if one.id == question), None)
        if found is None:
            raise NoQuestionError("this question is answered already")
        return found

    def _close(self, question: Question, answer: Answer) -> None:
        self._say(question, answer)
        self._keep(tuple(one for one in self._questions if one.id != question.id))

    def _say(self, question: Question, answer: Answer) -> None:
        self._saying.say(self._answered(question, answer))

    def _answered(self, question: Question, answer: Answer) -> BasketAnswered:
        return BasketAnswered(
            at_ms=self._surroundings.now_ms(), trip=question.trip, question=question.id, answer=answer
        )

    def _keep(self, questions: tuple[Question, ...]) -> None:
        if questions == self._questions:
            return
        self._questions = questions
        self._surroundings.remember(_KEPT, msgspec.json.encode(questions))
        self._surroundings.changed()
