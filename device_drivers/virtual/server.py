"""The virtual world as a process: keeps the truth, answers devices, carries the air to those who listen."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketStream, TaskStatus

from device_drivers.virtual import world as truth
from device_drivers.virtual.air import Air
from device_drivers.virtual.beacons import beacons_on_air
from device_drivers.virtual.link import AirLink
from device_drivers.virtual.protocol import (
    Answer,
    Asked,
    Auto,
    Done,
    GetPeople,
    GetPose,
    GetView,
    Heard,
    Hello,
    PeopleAre,
    PoseIs,
    Refused,
    Show,
    ViewIs,
    Walk,
    pack,
    world_unpacker,
)

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Frames kept for a client that does not read; then the oldest go, as on the air."""


@dataclass(eq=False)
class _Guest:
    """One connection. Several may be of the same entity."""

    entity: str = ""
    listens: bool = False
    waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    something: anyio.Event = field(default_factory=anyio.Event)

    def send(self, frame: bytes) -> None:
        self.waiting.append(frame)
        self.something.set()


class WorldServer:
    """The entities of one world and the connections to it; `now` is monotonic seconds."""

    def __init__(self, world: truth.World, now: Callable[[], float]) -> None:
        self._world = world
        self._air = Air(world.site, world.seed)
        self._now = now
        self._beacons = {beacon.id: beacon for beacon in world.site.beacons}
        self._sent = dict.fromkeys(self._beacons, 0)
        self._entities: dict[str, truth.Entity] = {}
        self._guests: set[_Guest] = set()

    async def run(self, host: str, port: int, *, task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; says "host:port" when it listens and the beacons are on the air.

        Raises OSError when it cannot listen there.
        """
        async with await anyio.create_tcp_listener(local_host=host, local_port=port) as listener:
            async with beacons_on_air(self._world.site, AirLink(self._transmit), self._world.seed):
                bound = listener.extra(anyio.abc.SocketAttribute.local_port)
                task_status.started(f"{host}:{bound}")
                await listener.serve(self._welcome)

    def _transmit(self, beacon_id: str, pdu: bytes) -> None:
        packet = self._sent[beacon_id]
        self._sent[beacon_id] = packet + 1
        beacon, now_s = self._beacons[beacon_id], self._now()
        heard: dict[str, bytes | None] = {}
        for guest in self._guests:
            if not guest.listens:
                continue
            if guest.entity not in heard:
                here = truth.pose(self._entity(guest.entity, now_s), now_s)
                at = (here.x_m, here.y_m)
                rssi_dbm = self._air.heard_dbm(beacon, packet, guest.entity, at, here.heading_rad)
                heard[guest.entity] = None if rssi_dbm is None else pack(Heard(rssi_dbm, pdu))
            frame = heard[guest.entity]
            if frame is not None:
                guest.send(frame)

    def _entity(self, name: str, now_s: float) -> truth.Entity:
        entity = truth.advance(self._world, self._entities[name], now_s)
        self._entities[name] = entity
        return entity

    async def _welcome(self, stream: SocketStream) -> None:
        guest = _Guest()
        self._guests.add(guest)
        try:
            async with stream, anyio.create_task_group() as tasks:
                tasks.start_soon(self._speak, stream, guest, name="speak to a guest of the world")
                await self._listen(stream, guest)
                tasks.cancel_scope.cancel()
        finally:
            self._guests.discard(guest)

    async def _listen(self, stream: SocketStream, guest: _Guest) -> None:
        unpacker = world_unpacker()
        while True:
            try:
                messages = list(unpacker.feed(await stream.receive()))
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return
            except ValueError as exc:
                logger.warning("a connection of %r was closed: %s", guest.entity, exc)
                return
            for message in messages:
                if isinstance(message, Hello):
                    self._greet(guest, message)
                elif guest.entity:
                    guest.send(pack(self._answer(guest.entity, message)))
                else:
                    guest.send(pack(Refused(message.id, "say Hello first")))

    async def _speak(self, stream: SocketStream, guest: _Guest) -> None:
        while True:
            await guest.something.wait()
            guest.something = anyio.Event()
            frames = b"".join(guest.waiting)
            guest.waiting.clear()
            try:
                await stream.send(frames)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

    def _greet(self, guest: _Guest, hello: Hello) -> None:
        if hello.entity not in self._entities:
            logger.info("%s enters the virtual store", hello.entity)
            born = truth.born(self._world, hello.entity, is_auto=hello.is_auto, at_s=self._now())
            self._entities[hello.entity] = born
        guest.entity, guest.listens = hello.entity, hello.listens

    def _answer(self, name: str, asked: Asked) -> Answer:
        now_s = self._now()
        entity = self._entity(name, now_s)
        try:
            match asked:
                case GetPose(id):
                    here = truth.pose(entity, now_s)
                    return PoseIs(id, here.x_m, here.y_m, here.heading_rad, here.moving)
                case GetView(id):
                    seen = truth.in_view(entity)
                    return ViewIs(id, None if seen is None else (seen.gtin, seen.name_en, seen.name_zh, seen.seed))
                case GetPeople(id):
                    others = [self._entity(other, now_s) for other in self._entities if other != name]
                    seen_by = truth.before(entity, others, now_s)
                    return PeopleAre(id, [(one.across, one.distance_m, one.seed) for one in seen_by])
                case Walk(id, path, speed_mps):
                    entity = truth.walk(self._world, entity, path, speed_mps, now_s)
                case Show(id, gtin, seconds):
                    entity = truth.show(self._world, entity, gtin, seconds, now_s)
                case Auto(id, on):
                    entity = truth.steer_itself(entity, on, now_s)
        except ValueError as exc:
            return Refused(asked.id, str(exc))
        self._entities[name] = entity
        return Done(id, entity.doing.end_s - now_s if isinstance(asked, Walk) else 0.0)
