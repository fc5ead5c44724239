"""A virtual device's way to its world: asks where it is and what it sees, steers, and hears the air."""

import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import SocketStream, TaskGroup

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError
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
    client_unpacker,
    pack,
    parse_address,
)
from device_drivers.virtual.world import WALK_MPS, Person, Pose, Product

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0


class WorldClient:
    """One entity's connection, an async context manager; it comes back by itself when the world was away.

    `address` is "host:port", `entity` the device's id. An entity that the world does not know enters at
    the entrance; `is_auto` says whether it then walks by itself, by default when it is a cart by name.
    `hear` is called with the strength in dBm and the bytes of every advertising PDU that this entity
    hears, from the event loop; without it nothing is sent.

    Entering raises DeviceUnreachableError when the world does not answer within `open_s`. Questions raise
    it when they get no answer within `answer_s`, lost connections included.
    """

    def __init__(
        self,
        address: str,
        entity: str,
        *,
        is_auto: bool | None = None,
        hear: Callable[[int, bytes], None] | None = None,
        open_s: float = 3.0,
        answer_s: float = 10.0,
    ) -> None:
        self._host, self._port = parse_address(address)
        auto = "cart" in entity.split("-") if is_auto is None else is_auto
        self._hello = Hello(entity, auto, hear is not None)
        self._hear = hear
        self._open_s = open_s
        self._answer_s = answer_s
        self._stream: SocketStream | None = None
        self._connected = anyio.Event()
        self._sending = anyio.Lock()
        self._waiting: dict[int, tuple[anyio.Event, list[Answer]]] = {}
        self._asked = 0
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        try:
            with anyio.fail_after(self._open_s):
                await self._connect_patiently()
        except TimeoutError as exc:
            await self._hang_up()
            raise DeviceUnreachableError(f"no virtual world at {self._host}:{self._port}") from exc
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._stay, name=f"connection of {self._hello.entity} to the virtual world")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What was raised inside goes on as it is, not wrapped into a group by our own task.
        assert self._tasks is not None
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._hang_up()

    async def pose(self) -> Pose:
        """Return where this entity truly is; for virtual drivers and tests, never for the engine."""
        answer = await self._ask(GetPose)
        assert isinstance(answer, PoseIs)
        return Pose(answer.x_m, answer.y_m, answer.heading_rad, answer.moving)

    async def in_view(self) -> Product | None:
        """Return what the camera of this entity has in front of it."""
        answer = await self._ask(GetView)
        assert isinstance(answer, ViewIs)
        return None if answer.product is None else Product(*answer.product)

    async def people(self) -> tuple[Person, ...]:
        """Return who stands before the camera of this entity."""
        answer = await self._ask(GetPeople)
        assert isinstance(answer, PeopleAre)
        return tuple(Person(*one) for one in answer.people)

    async def walk(self, path: Sequence[tuple[float, float]], speed_mps: float = WALK_MPS) -> float:
        """Set out through these points, in metres, round shelves, and return how many seconds it will take.

        The entity stops steering itself and stays at the end. Raises DeviceRefusedError on points off the site.
        """
        points = [(float(x_m), float(y_m)) for x_m, y_m in path]
        answer = await self._ask(lambda number: Walk(number, points, speed_mps))
        assert isinstance(answer, Done)
        return answer.takes_s

    async def show(self, gtin: str, seconds: float) -> None:
        """Hold a product to the camera; raises DeviceRefusedError on digits that are no GTIN."""
        await self._ask(lambda number: Show(number, gtin, seconds))

    async def auto(self, on: bool) -> None:
        """Let the entity walk round the aisles and hold products to the camera by itself, or stop it."""
        await self._ask(lambda number: Auto(number, on))

    async def _ask(self, question: Callable[[int], Asked]) -> Answer:
        try:
            with anyio.fail_after(self._answer_s):
                while True:
                    answer = await self._ask_once(question)
                    if answer is not None:
                        break
        except TimeoutError as exc:
            raise DeviceUnreachableError(f"the virtual world at {self._host}:{self._port} does not answer") from exc
        if isinstance(answer, Refused):
            raise DeviceRefusedError(answer.reason)
        return answer

    async def _ask_once(self, question: Callable[[int], Asked]) -> Answer | None:
        # None when the connection was lost on the way; every question may be asked twice.
        await self._connected.wait()
        self._asked += 1
        number = self._asked
        answered, answers = self._waiting[number] = (anyio.Event(), [])
        try:
            await self._send(pack(question(number)))
            await answered.wait()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            await anyio.sleep(FIRST_WAIT_S)
        finally:
            del self._waiting[number]
        return answers[0] if answers else None

    async def _send(self, frame: bytes) -> None:
        async with self._sending:
            if self._stream is None:
                raise anyio.ClosedResourceError
            await self._stream.send(frame)

    async def _stay(self) -> None:
        while True:
            await self._listen()
            await self._hang_up()
            logger.warning("%s lost the virtual world at %s:%d", self._hello.entity, self._host, self._port)
            await self._connect_patiently()
            logger.info("%s found the virtual world again", self._hello.entity)

    async def _listen(self) -> None:
        stream, unpacker = self._stream, client_unpacker()
        assert stream is not None
        while True:
            try:
                messages = list(unpacker.feed(await stream.receive()))
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            except ValueError:
                logger.exception("%s does not understand its virtual world", self._hello.entity)
                return
            for message in messages:
                if isinstance(message, Heard):
                    if self._hear is not None:
                        self._hear(message.rssi_dbm, message.pdu)
                elif message.id in self._waiting:
                    answered, answers = self._waiting[message.id]
                    answers.append(message)
                    answered.set()

    async def _connect_patiently(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                self._stream = await anyio.connect_tcp(self._host, self._port)
                await self._send(pack(self._hello))
            except (OSError, anyio.BrokenResourceError):
                await self._hang_up()
                await anyio.sleep(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            else:
                self._connected.set()
                return

    async def _hang_up(self) -> None:
        # An event that somebody may be waiting for is kept, or the next connection would not wake them.
        if self._connected.is_set():
            self._connected = anyio.Event()
        for answered, _ in self._waiting.values():
            answered.set()
        stream, self._stream = self._stream, None
        if stream is not None:
            with anyio.CancelScope(shield=True), suppress(anyio.BrokenResourceError):
                await stream.aclose()
