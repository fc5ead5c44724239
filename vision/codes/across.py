"""Codes across frames: what is likely in one and in the next is believed, what each reads otherwise is not."""

import math
from dataclasses import dataclass
from typing import Final

from vision.codes.code import Code, Doubt, Sight
from vision.codes.judge import SURE, code_of

FRAMES: Final = 8
"""Frames for which a guess counts: a pack is before the camera for a quarter of a second or longer."""

TOGETHER: Final = SURE + 4.0
"""What guesses of several frames must weigh together: their errors are not independent."""

_RIVALS: Final = 0.5
"""Share of a guess's weight that no other may reach."""


@dataclass(frozen=True, slots=True)
class _Guess:
    doubt: Doubt
    frame: int


@dataclass(frozen=True, slots=True)
class Votes:
    """Guesses of the last frames; frozen, `after` gives the next state."""

    frame: int = 0
    guesses: tuple[_Guess, ...] = ()

    def after(self, sight: Sight) -> tuple["Votes", tuple[Code, ...]]:
        """Return the state after another frame, and the codes that are believed in it: its own and those voted for."""
        frame = self.frame + 1
        read = {code.text for code in sight.codes}
        kept = [guess for guess in self.guesses if frame - guess.frame < FRAMES and guess.doubt.text not in read]
        kept += [_Guess(doubt, frame) for doubt in sight.doubts if doubt.text]
        elected = [_elected(doubt, kept) for doubt in sight.doubts if doubt.text]
        believed = tuple(code for code in elected if code is not None)
        texts = {code.text for code in believed}
        kept = [guess for guess in kept if guess.doubt.text not in texts]
        return Votes(frame, tuple(kept)), (*sight.codes, *believed)


def _elected(doubt: Doubt, guesses: list[_Guess]) -> Code | None:
    weights: dict[str, float] = {}
    frames: dict[str, set[int]] = {}
    for guess in guesses:
        text = guess.doubt.text
        weights[text] = weights.get(text, 0.0) + guess.doubt.weight
        frames.setdefault(text, set()).add(guess.frame)
    mine = weights[doubt.text]
    rival = max((weight for text, weight in weights.items() if text != doubt.text), default=0.0)
    if len(frames[doubt.text]) < 2 or mine < TOGETHER or rival >= _RIVALS * mine:
        return None
    return code_of(doubt, 1 / (1 + math.exp(-mine)), len(frames[doubt.text]))
