"""Labels behind one access point: sealed bytes on a train, flash and ink that outlive the process, faults by name."""

import functools
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import numpy as np
import pytest

from device_drivers.api import (
    ConfigureLabel,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LabelSilent,
    LoadImage,
    PlaySound,
    Signal,
    TellLabel,
)
from device_drivers.labels.pawr.driver import PawrLabels
from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.register import AHEAD, Register, RegisterFullError
from device_drivers.labels.virtual.label import Fault, Model
from device_drivers.labels.virtual.radio import VirtualRadio
from firmware_specs.frames.esl import (
    CANCEL,
    BasicState,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    Ping,
    StateBits,
    absolute_time_ms,
)
from firmware_specs.frames.label_image import LabelObject
from firmware_specs.frames.pawr import Timing
from vision.panel import STANDARD

ONE, TWO, THREE = (f"F0:00:00:00:00:0{number}" for number in (1, 2, 3))
OLD, NEW = (bytes(LabelObject(1, 296, 128, bytes((ink,)) * STANDARD.image_bytes)) for ink in (0, 255))
QUICK = Model(refresh_s=0.3)
TIMING = Timing(groups=2)
IDLE = bytes(BasicState(StateBits.SYNCHRONIZED))
PENDING = bytes(BasicState(StateBits.SYNCHRONIZED | StateBits.PENDING_DISPLAY_UPDATE))


@dataclass
class Clock:
    """UTC milliseconds that follow the test's clock, and may be wrong."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return 1_800_000_000_000 + round(anyio.current_time() * 1000) + self.ahead_ms


@dataclass
class Shop:
    """An access point and what hangs in its reach; `answers` by address, the oldest first."""

    folder: Path
    loss: Loss = field(default_factory=Loss)
    model: Model = QUICK
    clock: Clock = field(default_factory=Clock)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.register = Register(self.folder / "labels.sqlite3", TIMING.groups)
        self.radio = VirtualRadio(
            self.folder / "panels", TIMING, [ONE, TWO, THREE], self.model, self.loss, now_ms=self.clock
        )
        self.labels = PawrLabels(self.radio, self.register, TIMING, now_ms=self.clock)

    def emit(self, signal: Signal) -> None:
        if isinstance(signal, LabelSilent):
            self.silent.append(signal.address)
            return
        assert isinstance(signal, LabelAnswered)
        self.answers.setdefault(signal.address, []).append(signal.response)

    @asynccontextmanager
    async def on_air(self) -> AsyncIterator[None]:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(functools.partial(self.labels.run, self.emit), name="labels")
                await until(lambda: self.labels.is_on)
                yield
                tasks.cancel_scope.cancel()
        finally:
            self.register.close()

    async def ask(self, address: str, command: bytes) -> bytes:
        """Tell a command and return the answer."""
        self.answers.pop(address, None)
        await self.labels.do(TellLabel(address, command))
        await until(lambda: address in self.answers)
        return self.answers[address].pop(0)

    async def show(self, address: str, slot: int, after_ms: int = 200) -> bytes:
        return await self.ask(address, bytes(DisplayTimedImage(slot, absolute_time_ms(self.clock() + after_ms))))

    def panel(self, address: str) -> bytes | None:
        return self.radio.label(address).tag.panel


async def until(is_true: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not is_true():
            await anyio.sleep(0.01)


async def test_a_label_shows_an_image_at_its_time_and_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        assert await shop.ask(ONE, bytes(Ping())) == IDLE
        assert await shop.show(ONE, 0) == bytes(DisplayState(0, 0))
        assert await shop.ask(ONE, bytes(Ping())) == PENDING
        assert shop.panel(ONE) is None
        await until(lambda: shop.panel(ONE) == NEW)
        assert await shop.ask(ONE, bytes(Ping())) == IDLE
        assert await shop.ask(TWO, bytes(Ping())) == IDLE
        assert shop.panel(TWO) is None


async def test_labels_are_dealt_out_to_groups_and_each_answers_for_itself(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        for number, address in enumerate((ONE, TWO, THREE)):
            await shop.labels.do(LoadImage(address, number, NEW))
        places = [shop.register.associate(address) for address in (ONE, TWO, THREE)]
        assert [(place.group, place.esl_id) for place in places] == [(0, 0), (1, 0), (0, 1)]
        assert len({bytes(place.response_key) for place in places}) == 3
        for number, address in enumerate((ONE, TWO, THREE)):
            assert await shop.show(address, number) == bytes(DisplayState(0, number))


async def test_an_answer_that_got_lost_costs_a_question_and_no_second_refresh(tmp_path: Path) -> None:
    shop = Shop(tmp_path, loss=Loss(down=0.4, up=0.4))
    async with shop.on_air():
        for address in (ONE, TWO, THREE):
            await shop.labels.do(LoadImage(address, 1, NEW))
            assert await shop.show(address, 1, after_ms=4_000) == bytes(DisplayState(0, 1))
        for address in (ONE, TWO, THREE):
            await until(lambda address=address: shop.panel(address) == NEW)  # type: ignore[misc]
            assert shop.radio.label(address).tag.refreshes == 1


async def test_what_would_be_carried_out_twice_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        with pytest.raises(DeviceRefusedError, match="carried out twice"):
            await shop.labels.do(TellLabel(ONE, bytes(DisplayImage(0))))


async def test_panels_images_keys_and_clocks_outlive_the_process(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, OLD))
        await shop.labels.do(LoadImage(ONE, 1, NEW))
        await shop.show(ONE, 0)
        await until(lambda: shop.panel(ONE) == OLD)
        key = shop.register.associate(ONE).response_key
    again = Shop(tmp_path)
    async with again.on_air():
        assert again.panel(ONE) == OLD
        assert again.register.associate(ONE).response_key == key
        # Without a new connection: it still has its keys, and its clock goes on.
        assert await again.show(ONE, 1) == bytes(DisplayState(0, 1))
        await until(lambda: again.panel(ONE) == NEW)


async def test_what_was_promised_before_a_power_cut_is_pending_after_it_and_then_shown(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        assert await shop.show(ONE, 0, after_ms=1_500) == bytes(DisplayState(0, 0))
    again = Shop(tmp_path)
    async with again.on_air():
        assert await again.ask(ONE, bytes(Ping())) == PENDING
        assert again.panel(ONE) is None
        await until(lambda: again.panel(ONE) == NEW)


async def test_a_timed_switch_can_be_called_off(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        await shop.show(ONE, 0, after_ms=800)
        assert await shop.ask(ONE, bytes(DisplayTimedImage(0, CANCEL))) == bytes(DisplayState(0, 0))
        await anyio.sleep(1.2)
        assert shop.panel(ONE) is None


async def test_a_clock_that_is_off_is_told_and_set_right(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        shop.clock.ahead_ms = -600_000
        refused = bytes(ErrorResponse(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME))
        assert await shop.show(ONE, 0) == refused
        await shop.labels.do(ConfigureLabel(ONE))
        assert await shop.show(ONE, 0) == bytes(DisplayState(0, 0))


async def test_a_dead_label_does_not_answer_and_keeps_its_picture(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        await shop.show(ONE, 0)
        await until(lambda: shop.panel(ONE) == NEW)
        shop.radio.label(ONE).hurt(Fault.DEAD)
        await shop.labels.do(TellLabel(ONE, bytes(Ping())))
        assert await shop.ask(TWO, bytes(Ping())) == IDLE
        with pytest.raises(DeviceUnreachableError, match="does not connect"):
            await shop.labels.do(LoadImage(ONE, 1, OLD))
        # Nobody goes on calling it for ever, and whoever asked is told.
        await until(lambda: shop.silent == [ONE])
        assert not shop.labels.access_point.busy
        assert not shop.answers.get(ONE)
        assert shop.panel(ONE) == NEW
        shop.radio.label(ONE).hurt(None)
        assert await shop.ask(ONE, bytes(Ping())) == IDLE


async def test_a_label_that_has_forgotten_its_access_point_is_silent_once_and_then_configured_anew(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        assert await shop.ask(ONE, bytes(Ping())) == IDLE
        shop.radio.label(ONE).reset()
        await shop.labels.do(TellLabel(ONE, bytes(Ping())))
        await until(lambda: shop.silent == [ONE])
        assert await shop.ask(ONE, bytes(Ping())) == IDLE


async def test_a_slow_label_refreshes_late(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        shop.radio.label(ONE).hurt(Fault.SLOW)
        await shop.show(ONE, 0)
        await anyio.sleep(0.9)
        assert await shop.ask(ONE, bytes(Ping())) == PENDING
        await until(lambda: shop.panel(ONE) == NEW)


async def test_a_label_of_another_access_point_is_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.radio.label(ONE).hurt(Fault.BONDED)
    async with shop.on_air():
        with pytest.raises(DeviceRefusedError, match=f"{ONE} is bonded to another access point"):
            await shop.labels.do(TellLabel(ONE, bytes(Ping())))


async def test_a_label_whose_battery_is_low_says_so_and_draws_no_more(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.on_air():
        await shop.labels.do(LoadImage(ONE, 0, NEW))
        shop.radio.label(ONE).hurt(Fault.LOW)
        assert await shop.show(ONE, 0) == bytes(ErrorResponse(ErrorCode.INSUFFICIENT_BATTERY))
        assert await shop.ask(ONE, bytes(Ping())) == bytes(
            BasicState(StateBits.SYNCHRONIZED | StateBits.SERVICE_NEEDED)
        )
        shop.radio.label(ONE).hurt(None)
        assert await shop.show(ONE, 0) == bytes(DisplayState(0, 0))
        assert await shop.ask(ONE, bytes(Ping())) == PENDING


async def test_what_the_radio_cannot_do_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with pytest.raises(DeviceUnreachableError, match="off"):
        await shop.labels.do(TellLabel(ONE, bytes(Ping())))
    async with shop.on_air():
        with pytest.raises(DeviceUnreachableError, match="not in reach"):
            await shop.labels.do(LoadImage("F0:00:00:00:00:09", 0, OLD))
        for stranger in ("../../etc/passwd", ""):
            with pytest.raises(DeviceRefusedError, match="no Bluetooth address"):
                await shop.labels.do(LoadImage(stranger, 0, OLD))
        with pytest.raises(DeviceRefusedError, match=f"no picture for label {ONE}: 5 bytes"):
            await shop.labels.do(LoadImage(ONE, 0, b"short"))
        for picture, said in (
            (
                LabelObject(6, 296, 128, bytes(9472)),
                "display type 6 is not for label .* 296x128 pixels of display type 1",
            ),
            (LabelObject(1, 250, 122, bytes(3904)), "250x122 pixels .* is not for label"),
        ):
            with pytest.raises(DeviceRefusedError, match=said):
                await shop.labels.do(LoadImage(ONE, 0, bytes(picture)))
        with pytest.raises(DeviceRefusedError, match="has no slot 4: it stores 4 images"):
            await shop.labels.do(LoadImage(ONE, 4, OLD))
        with pytest.raises(DeviceRefusedError, match="no command"):
            await shop.labels.do(TellLabel(ONE, b"\x00"))
        with pytest.raises(DeviceRefusedError, match="no deed"):
            await shop.labels.do(PlaySound("1", np.zeros((1, 1), np.int16), 8000, 0))


def test_the_register_is_its_owners_alone_and_gives_no_randomizer_twice(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite3"
    register = Register(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = register.sync_key
    given = [register.next_count() for _ in range(AHEAD + 10)]
    # As after kill -9: nothing is closed.
    again = Register(path, 1)
    assert again.sync_key == key
    assert again.next_count() > max(given)
    assert given == list(range(AHEAD + 10))


def test_a_full_register_says_how_many_it_carries(tmp_path: Path) -> None:
    register = Register(tmp_path / "labels.sqlite3", 1)
    for number in range(255):
        register.associate(f"F0:00:00:00:01:{number:02X}")
    with pytest.raises(RegisterFullError, match="255 labels in 1 groups"):
        register.associate(TWO)
