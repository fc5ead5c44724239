"""A device's own positioning: takes what is heard and told in the order of time, and answers at any moment.

The belief goes on in steps of half a second of its own; a question between two steps is answered from a step that is
then forgotten, so that asking changes nothing.
"""

import math

from positioning.engine import Move, State, start, step
from positioning.estimate import Estimate, estimate
from positioning.evidence import Packet
from positioning.model import Model

STEP_S = 0.5


class Tracker:
    """Follows one device. What comes from before the last step is dated to it; what has no time is ignored."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._state: State | None = None
        self._packets: list[Packet] = []
        self._moves: list[Move] = []
        self._latest_s = self._waiting_s = -math.inf

    def hear(self, packet: Packet) -> None:
        """Take a packet; one of a beacon that is not of the site is ignored."""
        if packet.beacon in self.model.order and self._comes(packet.heard_s):
            self._packets.append(packet)
            self._waiting_s = self._latest_s

    def move(self, told: Move, at_s: float) -> None:
        """Take what odometry told; distances below zero and what is no number are ignored."""
        if math.isfinite(told.moved_m) and math.isfinite(told.heading_rad) and told.moved_m >= 0 and self._comes(at_s):
            self._moves.append(told)
            self._waiting_s = self._latest_s

    def state(self, now_s: float) -> State:
        """Return the belief at a moment, at the latest of those heard of where it lies before them."""
        if not math.isfinite(now_s):
            now_s = self._latest_s if math.isfinite(self._latest_s) else 0.0
        self._comes(now_s)
        if self._state is None:
            return start(self.model, now_s)
        now_s = max(now_s, self._latest_s)
        if now_s - self._state.at_s >= STEP_S - 1e-9:
            self._go_on(now_s)
            return self._state
        if not self._packets and not self._moves:
            return self._state
        return step(self.model, self._state, self._packets, self._moves, now_s)

    def estimate(self, now_s: float) -> Estimate:
        """Return where the device is at a moment."""
        return estimate(self.model, self.state(now_s))

    def _comes(self, at_s: float) -> bool:
        """Go on to the time of something new; False where it has none."""
        if not math.isfinite(at_s):
            return False
        if self._state is None:
            self._state = start(self.model, at_s)
        self._latest_s = max(self._latest_s, at_s)
        if self._latest_s - self._state.at_s > STEP_S and (self._packets or self._moves):
            self._go_on(max(self._state.at_s + STEP_S, self._waiting_s))
        return True

    def _go_on(self, now_s: float) -> None:
        assert self._state is not None
        if now_s - self._state.at_s > 2 * STEP_S:
            # What ended a long silence was heard at its end.
            self._state = step(self.model, self._state, (), (), now_s - STEP_S)
        self._state = step(self.model, self._state, self._packets, self._moves, now_s)
        self._packets, self._moves = [], []
