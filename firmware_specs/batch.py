"""How what a device said is never lost: batches up, durable watermarks down.

An event's identity is (device, boot, stream, sequence), given before it enters the outbox. Within a
stream the sequence grows by one over all boots, so that a hole can be seen; it starts again at 1 only
when the device's storage was replaced, under a higher boot. The device keeps an event until a
watermark covers it. `accept` is the cloud's whole decision, pure; a test runs it against lost,
doubled, late and shuffled batches.
"""

from enum import Enum
from typing import Annotated

from msgspec import Meta, Raw, Struct

from firmware_specs.events import AnyEvent, Count, Id
from firmware_specs.wire import VERSION

Sequence = Annotated[int, Meta(ge=1, le=2**62)]
Boot = Annotated[int, Meta(ge=0, le=2**53)]


class Batch(Struct, frozen=True, kw_only=True):
    """Consecutive events of one stream and one boot.

    `first` is the sequence of `events[0]`; `head` the oldest sequence that the device still holds: what
    lies before it was watermarked, or dropped by the stream's policy (`dropped` counts those so far).
    """

    v: Annotated[int, Meta(ge=1)] = VERSION
    boot: Boot
    first: Sequence
    head: Sequence
    dropped: Count = 0
    events: Annotated[list[AnyEvent], Meta(min_length=1, max_length=1000)]

    @property
    def last(self) -> int:
        """The sequence of the last event."""
        return self.first + len(self.events) - 1


class Header(Struct, frozen=True, kw_only=True, gc=False):
    """A batch with its events still in bytes: all that is needed to make them durable."""

    v: Annotated[int, Meta(ge=1)] = VERSION
    boot: Boot
    first: Sequence
    head: Sequence
    dropped: Count = 0
    events: Annotated[list[Raw], Meta(min_length=1, max_length=1000)]


class Watermark(Struct, frozen=True, kw_only=True):
    """The cloud's promise: everything of `stream` up to (`boot`, `seq`) is on disk."""

    stream: Id
    boot: Boot
    seq: Annotated[int, Meta(ge=0)]


# These two are made for every message of the ingest; msgspec makes them several times faster than dataclasses.
class Mark(Struct, frozen=True, gc=False):
    """The cloud's durable position in one stream of one device; (0, 0) before anything came."""

    boot: int = 0
    seq: int = 0


class Verdict(Enum):
    """What the cloud does with a batch."""

    FRESH = "fresh"
    """Store the events from `skip` on and advance."""
    DUPLICATE = "duplicate"
    """Store nothing; say the watermark again."""
    EARLY = "early"
    """An earlier batch is still under way; wait for it, or let the device send from its head again."""
    FORKED = "forked"
    """An older boot holds newer events: two devices use one identity. Store nothing, raise an alarm."""


class Accepted(Struct, frozen=True, gc=False):
    """The decision on one batch: how many leading events are known already, the new mark, and what was lost."""

    verdict: Verdict
    skip: int
    mark: Mark
    lost: int = 0
    restarted: bool = False
    """The device's storage was replaced."""


def accept(mark: Mark, *, boot: int, first: int, count: int, head: int) -> Accepted:
    """Decide on a batch of `count` events from sequence `first`, against the durable `mark`."""
    last = first + count - 1
    if boot < mark.boot:
        verdict = Verdict.DUPLICATE if last <= mark.seq else Verdict.FORKED
        return Accepted(verdict, count, mark)
    if boot == mark.boot and last <= mark.seq:
        return Accepted(Verdict.DUPLICATE, count, mark)
    if boot > mark.boot and first <= mark.seq:
        # Storage was replaced: the sequence began again, everything in the batch is new. What the old storage
        # held nobody can count; what the new one dropped stands in the batch.
        if first > head:
            return Accepted(Verdict.EARLY, 0, mark)
        return Accepted(Verdict.FRESH, 0, Mark(boot, last), restarted=True)
    if first > mark.seq + 1:
        if head <= mark.seq + 1:
            return Accepted(Verdict.EARLY, 0, mark)
        if first > head:
            return Accepted(Verdict.EARLY, 0, mark)
        return Accepted(Verdict.FRESH, 0, Mark(boot, last), lost=first - mark.seq - 1)
    return Accepted(Verdict.FRESH, mark.seq + 1 - first, Mark(boot, last))
