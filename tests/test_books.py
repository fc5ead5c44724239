"""The books on a device's disk: editions taken, stepped and undone; power cuts and damage leave whole books or none."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError
from edge_agent.roles.books.shelf import BookShelf
from edge_agent.roles.books.tables import Tables
from firmware_specs.desired import Row
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.columns import BookError, columns_of
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.edition import Edition, Planned, Step
from firmware_specs.pricebook.merge import merge
from firmware_specs.pricebook.table import Table, table_bytes
from tests.fakes.books import BLOBS, kept
from tests.fakes.power import Recorder
from tests.fakes.surroundings import NOW_MS, STORE, FakeSurroundings, held

GTINS = [f"{number:014d}" for number in range(1, 30)]


class Cloud:
    """Publishes editions of one store: a table, steps to newer ones, and prices that differ."""

    def __init__(self) -> None:
        self.rows = {gtin: Row(gtin=gtin, name={"en": gtin}, price_minor=1000, floor_minor=1000) for gtin in GTINS}
        self.steps: list[Step] = []
        self.version = 0
        self._put_table(columns_of(self.rows.values()))

    def _put_table(self, columns: object) -> None:
        self.table = Table(table_bytes(columns))  # type: ignore[arg-type]
        self.sha256 = hashlib.sha256(table_bytes(self.table.columns)).hexdigest()
        self.snapshot = kept(snapshot.pack(self.table.columns))
        self.changed: dict[str, Row] = {}

    def price(self, gtin: str, price_minor: int) -> None:
        """Change a price for the next edition."""
        self.changed[gtin] = replace(self.rows[gtin], price_minor=price_minor, floor_minor=min(price_minor, 1000))
        self.rows[gtin] = self.changed[gtin]

    def rebase(self) -> None:
        """Make the newest rows the table of the next edition."""
        before, sha256 = self.table, self.sha256
        delta = Delta.of(tuple(self.changed.values()))
        self._put_table(merge(before, delta))
        step = kept(deltas.pack(before, sha256, delta))
        self.steps = [*self.steps, Step(from_table=sha256, to_table=self.sha256, delta=step)]

    def edition(self, *later: tuple[int, str, int]) -> Edition:
        """Return the next edition; `later` names prices for later as (effective_ms, gtin, price_minor)."""
        rows, books = dict(self.changed), []
        for effective_ms, gtin, price_minor in [(NOW_MS, "", 0), *later]:
            if gtin:
                rows[gtin] = replace(self.rows[gtin], price_minor=price_minor, floor_minor=price_minor)
            self.version += 1
            delta = kept(deltas.pack(self.table, self.sha256, Delta.of(tuple(rows.values()))))
            books.append(Planned(version=self.version, effective_ms=effective_ms, delta=delta))
        return Edition(
            store=STORE,
            version=self.version,
            currency="CNY",
            table=self.sha256,
            snapshot=self.snapshot,
            steps=self.steps[-7:],
            books=books,
        )


def handed(edition: Edition) -> Held:
    return held("pricebook", edition, effective_ms=edition.books[-1].effective_ms)


class Device:
    """A device's shelf; `asked` are the hashes of the blobs that it fetched."""

    def __init__(self, folder: Path) -> None:
        self.surroundings = FakeSurroundings(folder, "till")
        self.asked: list[str] = []
        fetch = self.surroundings.fetch

        async def noted(sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
            self.asked.append(sha256)
            return await fetch(sha256, size)

        self.surroundings.fetch = noted  # type: ignore[method-assign]
        self.shelf = BookShelf(self.surroundings)

    async def take(self, edition: Edition) -> None:
        await self.shelf.prepare(handed(edition))
        self.shelf.take(handed(edition))
        self.shelf.switch()

    def restart(self) -> None:
        self.shelf = BookShelf(self.surroundings)
        self.shelf.switch()

    def prices(self) -> dict[str, int]:
        book = self.shelf.in_force
        return {} if book is None else {gtin: row.price_minor for gtin, row in book.rows.items()}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


async def test_a_snapshot_is_fetched_once_and_changes_after_it_are_deltas(cloud: Cloud, device: Device) -> None:
    await device.take(cloud.edition())
    assert cloud.snapshot.sha256 in device.asked
    device.asked.clear()
    cloud.price(GTINS[3], 900)
    edition = cloud.edition()
    await device.take(edition)
    assert device.asked == [edition.books[0].delta.sha256]
    assert device.prices()[GTINS[3]] == 900


async def test_who_missed_tables_makes_them_by_steps_without_a_snapshot(cloud: Cloud, device: Device) -> None:
    await device.take(cloud.edition())
    for price_minor in (900, 800, 700):
        cloud.price(GTINS[3], price_minor)
        cloud.rebase()
        cloud.edition()
    device.asked.clear()
    await device.take(cloud.edition())
    assert device.prices()[GTINS[3]] == 700
    assert device.asked[:3] == [step.delta.sha256 for step in cloud.steps]
    assert cloud.snapshot.sha256 not in device.asked
    device.shelf.forget_before()
    assert Tables(device.surroundings.folder / "books").here == {cloud.sha256}


async def test_a_step_that_does_not_fit_costs_a_snapshot_and_no_more(cloud: Cloud, device: Device) -> None:
    await device.take(cloud.edition())
    cloud.price(GTINS[3], 900)
    cloud.rebase()
    cloud.steps = [replace(cloud.steps[0], delta=kept(b"AISLEPD1 nonsense"))]
    await device.take(cloud.edition())
    assert device.prices()[GTINS[3]] == 900
    assert cloud.snapshot.sha256 in device.asked


async def test_a_planned_price_is_held_and_comes_at_its_time_over_a_restart(cloud: Cloud, device: Device) -> None:
    await device.take(cloud.edition((NOW_MS + 60_000, GTINS[0], 500), (NOW_MS + 90_000, GTINS[1], 400)))
    device.surroundings.clock.pass_s(59)
    device.restart()
    assert (device.prices()[GTINS[0]], device.prices()[GTINS[1]]) == (1000, 1000)
    device.surroundings.clock.pass_s(2)
    device.restart()
    assert (device.prices()[GTINS[0]], device.prices()[GTINS[1]]) == (500, 1000)
    device.surroundings.clock.pass_s(30)
    device.restart()
    assert (device.prices()[GTINS[0]], device.prices()[GTINS[1]]) == (500, 400)


async def test_a_planned_price_that_was_undone_never_comes_even_where_the_clock_is_slow(
    cloud: Cloud, device: Device
) -> None:
    await device.take(cloud.edition((NOW_MS - 600_000, GTINS[0], 500)))
    device.surroundings.clock.ms = NOW_MS - 900_000
    device.restart()
    fresh = Device(device.surroundings.folder / "other")
    fresh.surroundings.clock.ms = NOW_MS - 900_000
    await fresh.take(cloud.edition((NOW_MS - 600_000, GTINS[0], 500)))
    await fresh.take(cloud.edition())
    fresh.surroundings.clock.ms = NOW_MS - 300_000
    fresh.shelf.switch()
    assert fresh.prices() == {}, "only the undone book's time has come by this clock"
    fresh.surroundings.clock.ms = NOW_MS
    fresh.shelf.switch()
    assert fresh.prices()[GTINS[0]] == 1000


async def test_wrong_bytes_under_a_right_name_are_refused_and_the_book_in_force_stays(
    cloud: Cloud, device: Device
) -> None:
    await device.take(cloud.edition())
    cloud.price(GTINS[3], 900)
    other = Cloud()
    other.price(GTINS[3], 1)
    other.rebase()
    for wrong in (
        replace(cloud.edition(), table=other.sha256),
        replace(other.edition(), version=cloud.version + 1, table=cloud.sha256, steps=[]),
        replace(cloud.edition(), snapshot=other.snapshot, table="ab" * 32, steps=[]),
    ):
        with pytest.raises(MatterRefusedError):
            await device.take(wrong)
        assert device.prices()[GTINS[3]] == 1000
        device.restart()
        assert device.prices()[GTINS[3]] == 1000


async def test_a_disk_that_refuses_is_tried_again_and_nothing_is_confirmed_meanwhile(
    cloud: Cloud, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    await device.take(cloud.edition())
    cloud.price(GTINS[3], 900)
    cloud.rebase()
    edition = cloud.edition()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("edge_agent.roles.books.tables.write_durably", full)
        with pytest.raises(BlobUnavailableError, match="No space left"):
            await device.take(edition)
    with monkeypatch.context() as patched:
        patched.setattr("edge_agent.roles.books.shelf.write_durably", full)
        await device.take(edition)
        assert device.shelf.newest is not None
        assert device.shelf.newest.version < edition.version
    device.shelf.switch()
    assert device.prices()[GTINS[3]] == 900


async def test_a_damaged_table_is_dropped_with_its_books_and_made_again(cloud: Cloud, device: Device) -> None:
    edition = cloud.edition()
    await device.take(edition)
    path = device.surroundings.folder / "books" / f"{cloud.sha256}.table"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    device.restart()
    assert device.prices() == {}
    await device.take(edition)
    assert device.prices()[GTINS[0]] == 1000


async def test_whatever_a_power_cut_leaves_is_a_whole_book_no_older_than_what_was_confirmed(
    cloud: Cloud, tmp_path: Path
) -> None:
    device = Device(tmp_path / "device")
    truth: dict[int, dict[str, int]] = {}
    confirmed: list[tuple[int, int]] = []
    random = Random(5)
    with Recorder(tmp_path / "device" / "books") as recorder:
        for turn in range(20):
            cloud.price(random.choice(GTINS), random.randrange(100, 999))
            if turn % 4 == 3:
                cloud.rebase()
            edition = cloud.edition()
            truth[edition.version] = {gtin: row.price_minor for gtin, row in cloud.rows.items()}
            await device.take(edition)
            assert device.shelf.in_force is not None
            confirmed.append((len(recorder.operations), device.shelf.in_force.version))
            device.shelf.forget_before()
    assert len(recorder.operations) > 90
    for cut in range(len(recorder.operations) + 1):
        for again in range(4):
            left = tmp_path / f"cut-{cut}-{again}"
            recorder.after(cut, random, left / "books")
            found = Device(left)
            found.restart()
            promised = max((version for at, version in confirmed if at <= cut), default=0)
            book = found.shelf.in_force
            version = 0 if book is None else book.version
            assert version >= promised, f"cut {cut}: book {version}, confirmed was {promised}"
            if book is not None:
                assert found.prices() == truth[version]


def test_a_table_whose_bytes_are_others_is_never_there(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    cloud = Cloud()
    with pytest.raises(BookError, match="it makes table"):
        tables.install("ab" * 32, BLOBS[cloud.snapshot.sha256])
    assert list(tmp_path.iterdir()) == []
