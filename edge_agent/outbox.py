"""The outbox: an event gets its identity at once, reaches the disk with its group, leaves by a watermark.

Bounded: when it is full, streams that drop lose their oldest events, counted; streams that never drop
refuse new work. Only what is on disk is sent, so that an identity is never given twice. When the disk
refuses, this is said once: streams that drop go on in memory (and are sent from there), the others
refuse new work, and what they took before waits in memory; it ends by itself when the disk is back.
Should the device also lose power in that state, the cloud's count of what was lost is too high.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskStatus

from edge_agent.database import StorageError
from edge_agent.outbox_file import Change, Kept, OutboxFile, SegmentRow, StreamRow
from firmware_specs.batch import Watermark
from firmware_specs.events import STREAM_OF, AnyEvent, Event
from firmware_specs.kinds import StreamPolicy
from firmware_specs.wire import VERSION

logger = logging.getLogger(__name__)

GROUP_ROWS = 200
"""So many waiting events are written without waiting for the commit interval."""
SEGMENT_EVENTS = 500
SEGMENT_BYTES = 100_000
TRIM_S = 5.0
"""What was acknowledged is deleted with the next group, or alone after so long: losing it costs a duplicate only."""
RETRY_S = 1.0

_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


class OutboxFullError(Exception):
    """The stream never drops and there is no room, or no disk: refuse the work that the event would record."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An event's identity, together with the device's own name."""

    boot: int
    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A `firmware_specs.batch.Batch`, encoded."""

    stream: str
    boot: int
    first: int
    last: int
    payload: bytes


class _RawBatch(msgspec.Struct, frozen=True, kw_only=True):
    # The fields of Batch, its events encoded already.
    v: int = VERSION
    boot: int
    first: int
    head: int
    dropped: int
    events: list[msgspec.Raw]


@dataclass(slots=True)
class _Segment:
    id: int
    boot: int
    first: int
    count: int = 0
    size: int = 0
    lines: list[bytes] | None = field(default_factory=list)
    """None once it is on disk."""
    is_being_written: bool = False

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(slots=True)
class _Stream:
    policy: StreamPolicy
    last: int = 0
    head: int = 1
    dropped: int = 0
    segments: deque[_Segment] = field(default_factory=deque)
    changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def depth(self) -> int:
        return self.last - self.head + 1

    def tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


def _ignore(_trouble: str | None) -> None:
    pass


class Outbox:
    """All that a device has said and the cloud has not yet promised to keep.

    Args:
        file: where it is kept.
        policies: the kind's streams.
        max_rows: how many events it holds at most, all streams together.
        commit_ms: how long an event waits for company before it is written.
        now_s: unix seconds, for the first boot number of a new file.
        on_trouble: called once with a text when the disk refuses, once with None when it is back.
    """

    def __init__(
        self,
        file: OutboxFile,
        policies: Mapping[str, StreamPolicy],
        *,
        max_rows: int = 100_000,
        commit_ms: int = 50,
        now_s: Callable[[], float] = time.time,
        on_trouble: Callable[[str | None], None] = _ignore,
    ) -> None:
        self._file = file
        self._streams = {name: _Stream(policy) for name, policy in policies.items()}
        self._max_rows = max_rows
        self._commit_s = commit_ms / 1000
        self._now_s = now_s
        self._on_trouble = on_trouble
        self._thread = anyio.CapacityLimiter(1)
        self._flushing = anyio.Lock()
        self._wanted = anyio.Event()
        self._arrived = anyio.Event()
        self._many = anyio.Event()
        self._waiting_rows = 0
        self._next_id = 1
        self._doomed: list[int] = []
        self._unsaved: set[str] = set()
        self._restamps: dict[str, int] = {}
        self._trouble: str | None = None
        self._depth = 0
        self._notes: dict[str, bytes] = {}
        self._unsaved_notes: set[str] = set()
        self._point = 0
        self._durable_point = 0
        self.boot = 0
        """This run's boot number; it grows with each run."""

    # ---- what the device says

    def append(self, event: Event) -> Identity:
        """Take an event and return its identity; it is on disk within the commit interval.

        Raises OutboxFullError when its stream never drops and there is no room or no disk, ValueError when
        the contract does not allow the event.
        """
        line = _encoder.encode(event)
        try:
            _decoder.decode(line)
        except msgspec.ValidationError as exc:
            raise ValueError(f"{type(event).__name__}: {exc}") from exc
        name = STREAM_OF[type(event)]
        stream = self._streams.get(name)
        if stream is None:
            raise ValueError(f"{type(event).__name__}: this kind of device has no stream {name!r}")
        may_drop = stream.policy.when_full == "drop-oldest"
        if not may_drop and self._trouble is not None:
            raise OutboxFullError(f"stream {name} takes no new work, the disk refuses: {self._trouble}")
        if self._depth >= self._max_rows and not self._make_room(stream if may_drop else None) and not may_drop:
            raise OutboxFullError(f"stream {name} takes no new work: {self._depth} events wait for the cloud")
        stream.last += 1
        self._depth += 1
        self._point += 1
        self._open_segment(name, stream, len(line)).append(line)
        segment = stream.segments[-1]
        segment.count += 1
        segment.size += len(line) + 1
        self._waiting_rows += 1
        identity = Identity(self.boot, name, stream.last)
        if self._depth > self._max_rows:
            self._drop_oldest(name, stream)
        self._wanted.set()
        self._arrived.set()
        if self._trouble is not None:
            # No commit will tell the link: it sends from memory now.
            stream.tell()
        if self._waiting_rows >= GROUP_ROWS:
            self._many.set()
        return identity

    @property
    def point(self) -> int:
        """The point in this run up to which events were taken, for `is_durable`."""
        return self._point

    def is_durable(self, point: int) -> bool:
        """Return whether all that was taken up to `point` is on disk, or was dropped and is counted there."""
        return point <= self._durable_point

    def note(self, name: str, value: bytes) -> None:
        """Keep a small value. It reaches the disk in one commit with the events taken just before, or not at all."""
        self._notes[name] = value
        self._unsaved_notes.add(name)
        self._wanted.set()
        self._arrived.set()

    def noted(self, name: str) -> bytes | None:
        """Return a value kept by `note`."""
        return self._notes.get(name)

    def _open_segment(self, name: str, stream: _Stream, size: int) -> list[bytes]:
        if stream.segments:
            newest = stream.segments[-1]
            if (
                newest.lines is not None
                and not newest.is_being_written
                and newest.boot == self.boot
                and newest.count < SEGMENT_EVENTS
                and newest.size + size < SEGMENT_BYTES
            ):
                return newest.lines
        segment = _Segment(self._next_id, self.boot, stream.last)
        self._next_id += 1
        stream.segments.append(segment)
        assert segment.lines is not None
        return segment.lines

    def _make_room(self, first: _Stream | None) -> bool:
        """Drop one event, of `first` if it has any; whatever drops makes room before work is refused."""
        if first is not None and first.depth:
            self._drop_oldest(next(name for name, one in self._streams.items() if one is first), first)
            return True
        for name, stream in self._streams.items():
            if stream.policy.when_full == "drop-oldest" and stream.depth:
                self._drop_oldest(name, stream)
                return True
        return False

    def _drop_oldest(self, name: str, stream: _Stream) -> None:
        stream.dropped += 1
        self._advance(name, stream, stream.head + 1)

    # ---- what the link does

    @property
    def streams(self) -> Mapping[str, StreamPolicy]:
        """The streams and their policies."""
        return {name: stream.policy for name, stream in self._streams.items()}

    @property
    def depth(self) -> int:
        """How many events wait for the cloud."""
        return self._depth

    @property
    def dropped(self) -> int:
        """How many events were ever dropped; some may have reached the cloud before."""
        return sum(stream.dropped for stream in self._streams.values())

    @property
    def trouble(self) -> str | None:
        """Why the disk refuses; None while all is well."""
        return self._trouble

    def head(self, stream: str) -> int:
        """Return the oldest sequence still held; one more than the last given when there is none."""
        return self._streams[stream].head

    def waiting(self, stream: str) -> int:
        """Return how many events of a stream wait for the cloud."""
        return self._streams[stream].depth

    async def wait_sendable(self, stream: str) -> None:
        """Return when the stream holds something that may be sent."""
        held = self._streams[stream]
        while not (held.segments and self._may_send(held.segments[0])):
            await held.changed.wait()

    async def wait_past(self, stream: str, seq: int) -> None:
        """Return when the stream's head has moved past `seq`, or its events were stamped anew."""
        held, boot = self._streams[stream], self.boot
        while held.head <= seq and self.boot == boot:
            await held.changed.wait()

    async def batch(self, stream: str, *, max_events: int = 500, max_bytes: int = 200_000) -> Packed | None:
        """Return the oldest events of a stream as a batch; None when nothing may be sent now."""
        held = self._streams[stream]
        chosen: list[_Segment] = []
        size = 0
        for segment in held.segments:
            if not self._may_send(segment) or (chosen and segment.boot != chosen[0].boot):
                break
            if chosen and (size + segment.size > max_bytes or segment.first - held.head >= max_events):
                break
            chosen.append(segment)
            size += segment.size
        if not chosen:
            return None
        boot, head, start, dropped = chosen[0].boot, held.head, chosen[0].first, held.dropped
        lines = await self._lines(chosen)
        if lines is None:
            return None
        events: list[msgspec.Raw] = []
        size = 0
        for line in lines[head - start :][:max_events]:
            size += len(line) + 1
            if events and size > max_bytes:
                break
            events.append(msgspec.Raw(line))
        if not events:
            return None
        payload = _encoder.encode(_RawBatch(boot=boot, first=head, head=head, dropped=dropped, events=events))
        return Packed(stream, boot, head, head + len(events) - 1, payload)

    async def _lines(self, segments: list[_Segment]) -> list[bytes] | None:
        parts = {segment.id: list(segment.lines) for segment in segments if segment.lines is not None}
        on_disk = [segment.id for segment in segments if segment.lines is None]
        if on_disk:
            try:
                read = await anyio.to_thread.run_sync(self._file.read, on_disk, limiter=self._thread)
            except StorageError as exc:
                self._set_trouble(str(exc))
                return None
            parts |= {number: data.split(b"\n") for number, data in read.items()}
        if any(segment.id not in parts for segment in segments):
            return None
        return [line for segment in segments for line in parts[segment.id]]

    def _may_send(self, segment: _Segment) -> bool:
        return segment.lines is None or (self._trouble is not None and self._file.is_open)

    def acknowledge(self, mark: Watermark) -> None:
        """Forget what the cloud keeps. A mark from a future of ours means that our storage is an older copy:

        the boot then rises above it, and what is held goes out under the new one.
        """
        stream = self._streams.get(mark.stream)
        if stream is None:
            return
        if mark.boot > self.boot or (mark.boot == self.boot and mark.seq > stream.last):
            self._rise_above(mark, stream)
            return
        head = stream.head
        for segment in stream.segments:
            if segment.boot > mark.boot or segment.first > mark.seq:
                break
            head = max(head, min(segment.last, mark.seq) + 1)
        if head > stream.head:
            self._advance(mark.stream, stream, head)

    def _rise_above(self, mark: Watermark, stream: _Stream) -> None:
        logger.warning(
            "the cloud holds stream %s up to boot %d, sequence %d, which this storage never said; boot %d becomes %d",
            mark.stream,
            mark.boot,
            mark.seq,
            self.boot,
            mark.boot + 1,
        )
        self.boot = mark.boot + 1
        for segment in stream.segments:
            segment.boot = self.boot
        self._restamps[mark.stream] = self.boot
        self._wanted.set()
        stream.tell()

    def _advance(self, name: str, stream: _Stream, head: int) -> None:
        while stream.segments and stream.segments[0].last < head:
            gone = stream.segments.popleft()
            if gone.lines is None or gone.is_being_written:
                self._doomed.append(gone.id)
            else:
                self._waiting_rows -= gone.count
        self._depth -= head - stream.head
        stream.head = head
        self._unsaved.add(name)
        self._wanted.set()
        stream.tell()

    # ---- the disk

    async def open(self) -> None:
        """Read what is kept and begin a new boot. Never fails: without a disk it works in memory, and says so."""
        self.boot = int(self._now_s())
        try:
            kept = await anyio.to_thread.run_sync(self._file.open, limiter=self._thread)
        except StorageError as exc:
            self._set_trouble(str(exc))
            return
        self._load(kept)
        try:
            await anyio.to_thread.run_sync(self._file.write, Change(self.boot), limiter=self._thread)
        except StorageError as exc:
            # The number cannot be kept, so that the next run would take it again; the clock sets this one apart.
            self.boot = max(self.boot, int(self._now_s()))
            self._set_trouble(str(exc))

    def _load(self, kept: Kept) -> None:
        """Put what is kept before what was taken meanwhile; that was sent to nobody, so it is numbered anew."""
        if kept.boot is not None:
            self.boot = max(kept.boot, max((row.boot for row in kept.segments), default=0)) + 1
        offset = max((row.id for row in kept.segments), default=0)
        self._next_id += offset
        self._doomed.clear()
        self._notes = {**kept.notes, **self._notes}
        for name, stream in self._streams.items():
            row = kept.streams.get(name, StreamRow())
            held = deque(
                _Segment(one.id, one.boot, one.first, one.count, one.size, None)
                for one in kept.segments
                if one.stream == name
            )
            last = max(row.last, held[-1].last if held else 0)
            while held and held[0].last < row.head:
                self._doomed.append(held.popleft().id)
            head = max(row.head, held[0].first) if held else last + 1
            for segment in stream.segments:
                assert segment.lines is not None
                # What was dropped meanwhile leaves no hole behind: its numbers are given again.
                lines = segment.lines[max(0, stream.head - segment.first) :]
                size = sum(len(line) + 1 for line in lines)
                held.append(_Segment(segment.id + offset, self.boot, last + 1, len(lines), size, lines))
                last += len(lines)
            stream.segments, stream.last, stream.head = held, last, head
            stream.dropped += row.dropped
            stream.tell()
        self._depth = sum(stream.depth for stream in self._streams.values())
        self._waiting_rows = sum(
            one.count for stream in self._streams.values() for one in stream.segments if one.lines is not None
        )

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write in groups until cancelled, then write what is left and close the file."""
        task_status.started()
        try:
            while True:
                if self._trouble is not None:
                    await anyio.sleep(RETRY_S)
                else:
                    await self._wanted.wait()
                    if not self._waiting_rows:
                        with anyio.move_on_after(TRIM_S):
                            await self._arrived.wait()
                    with anyio.move_on_after(self._commit_s):
                        await self._many.wait()
                await self.flush()
        finally:
            with anyio.CancelScope(shield=True):
                await self.flush()
                await anyio.to_thread.run_sync(self._file.close, limiter=self._thread)

    async def flush(self) -> None:
        """Write all that waits, in one transaction; a disk that refuses is noted, never raised."""
        async with self._flushing:
            if not self._file.is_open:
                try:
                    self._load(await anyio.to_thread.run_sync(self._file.open, limiter=self._thread))
                except StorageError as exc:
                    self._set_trouble(str(exc))
                    return
            self._wanted, self._arrived, self._many = anyio.Event(), anyio.Event(), anyio.Event()
            point = self._point
            change, written = self._change()
            if not (
                change.probe or change.inserts or change.deletes or change.streams or change.restamps or change.notes
            ):
                self._durable_point = point
                return
            try:
                await anyio.to_thread.run_sync(self._file.write, change, limiter=self._thread)
            except StorageError as exc:
                self._undo(change, written)
                self._set_trouble(str(exc))
                return
            for name, segment in written:
                segment.lines, segment.is_being_written = None, False
                self._streams[name].tell()
            self._durable_point = point
            self._set_trouble(None)

    def _change(self) -> tuple[Change, list[tuple[str, _Segment]]]:
        inserts, written = [], []
        for name, stream in self._streams.items():
            for segment in stream.segments:
                if segment.lines is not None:
                    row = SegmentRow(segment.id, name, segment.boot, segment.first, segment.count, segment.size)
                    inserts.append((row, b"\n".join(segment.lines)))
                    segment.is_being_written = True
                    self._waiting_rows -= segment.count
                    written.append((name, segment))
        streams = {
            name: StreamRow(self._streams[name].last, self._streams[name].head, self._streams[name].dropped)
            for name in self._unsaved
        }
        inserts.sort(key=lambda insert: insert[0].id)
        change = Change(
            self.boot,
            inserts,
            tuple(self._doomed),
            streams,
            dict(self._restamps),
            {name: self._notes[name] for name in self._unsaved_notes},
            probe=self._trouble is not None,
        )
        self._unsaved_notes.clear()
        self._doomed.clear()
        self._unsaved.clear()
        self._restamps.clear()
        return change, written

    def _undo(self, change: Change, written: list[tuple[str, _Segment]]) -> None:
        self._doomed.extend(change.deletes)
        self._unsaved.update(change.streams)
        self._unsaved_notes.update(change.notes)
        self._restamps = {**change.restamps, **self._restamps}
        for name, segment in written:
            segment.is_being_written = False
            if segment in self._streams[name].segments:
                self._waiting_rows += segment.count
        self._wanted.set()

    def _set_trouble(self, trouble: str | None) -> None:
        changed = (trouble is None) != (self._trouble is None)
        self._trouble = trouble
        if changed:
            self._on_trouble(trouble)
            for stream in self._streams.values():
                stream.tell()
