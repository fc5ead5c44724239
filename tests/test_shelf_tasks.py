"""What photos of shelves and looks at dates do to a store's tasks, and who is asked when nobody sees to them."""

from datetime import date

import pytest

from cloud_broker.registry.devices import UnknownError
from cloud_broker.shelves.audits import NEAR_DAYS, close_bay
from cloud_broker.shelves.bays import put_bay, remove_bay, views
from cloud_broker.state.engine import reading
from cloud_broker.tasks.tasks import done_tasks, drop_task, escalated_to, open_tasks, overdue_tasks, view
from firmware_specs.events import DateChecked, Place, ProductFound, ShelfAudited
from tests.fakes.bays import bay, plan
from tests.fakes.cloud_state import Cloud
from tests.fakes.store import CATALOGUE

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
PRODUCTS = [product.gtin for product in plan().products]


@pytest.fixture
def gateway(state_cloud: Cloud) -> str:
    with state_cloud.engine.begin() as connection:
        put_bay(connection, state_cloud.publisher, "demo", bay(), "manager")
    return state_cloud.enrol("gateway")


def audited(number: int, *products: ProductFound, at_ms: int = 0, extra: list[Place] | None = None) -> ShelfAudited:
    wrong = sum(len(each.gaps) + len(each.wrong) for each in products)
    return ShelfAudited(
        at_ms=at_ms or number * 1_000,
        audit=f"audit-{number}",
        bay="bay-1",
        version=1,
        by="ann",
        facings=len(plan().facings),
        right=len(plan().facings) - wrong,
        products=list(products),
        extra=extra or [],
    )


def gap(gtin: str, missing: int, planned: int) -> ProductFound:
    places = [Place(shelf=1, position=number + 1) for number in range(missing)]
    return ProductFound(gtin=gtin, planned=planned, gaps=places)


def told(cloud: Cloud, at_ms: int = 10_000) -> dict[str, tuple[str, str]]:
    """Return the open tasks' causes by what they are about, with the places or dates that they name."""
    with reading(cloud.engine) as connection:
        return {task.about: (task.kind, task.cause) for task in open_tasks(connection, "demo", at_ms)}


def test_a_photo_opens_a_task_for_each_product_and_the_next_one_closes_it(state_cloud: Cloud, gateway: str) -> None:
    first, second, third = PRODUCTS[:3]
    strange = Place(shelf=2, position=3, seen=third)
    misplaced = ProductFound(gtin=second, planned=2, wrong=[strange])
    state_cloud.say(gateway, audited(1, gap(first, 1, 3), misplaced))
    assert told(state_cloud) == {f"bay-1:{first}": ("stock", "gap"), f"bay-1:{second}": ("place", "wrong")}
    # One is seen to; of the other the last pack went meanwhile, which is the same task, and worse.
    state_cloud.say(gateway, audited(2, gap(first, 3, 3)))
    assert told(state_cloud) == {f"bay-1:{first}": ("stock", "out-of-stock")}
    state_cloud.say(gateway, audited(3))
    assert told(state_cloud) == {}
    with reading(state_cloud.engine) as connection:
        done = done_tasks(connection, "demo", 10)
        history = views(connection, "demo")[0]["audits"]
    assert [(task.about, task.proof, task.proof_note) for task in done] == [
        (f"bay-1:{first}", "photo", "audit-3"),
        (f"bay-1:{second}", "photo", "audit-2"),
    ]
    assert [(each["gaps"], each["wrong"]) for each in history] == [(0, 0), (3, 0), (1, 1)]


def test_a_task_says_where_and_what_in_plain_facts(state_cloud: Cloud, gateway: str) -> None:
    first, _, third = PRODUCTS[:3]
    state_cloud.say(
        gateway,
        audited(1, ProductFound(gtin=first, planned=2, wrong=[Place(shelf=2, position=3, seen=third)])),
    )
    with reading(state_cloud.engine) as connection:
        task = view(open_tasks(connection, "demo", 10_000)[0], 10_000)
    names = {each["gtin"]: each["name"] for each in CATALOGUE}
    assert task["facts"] == {
        "bay_name": {"en": "First bay", "zh": "第一组"},
        "name": names[first],
        "places": [[2, 3]],
        "seen": [{"gtin": third, "name": names[third]}],
    }
    assert (task["owner"], task["detail"]) == ("associate", "something else stands in its place: shelf 2 position 3")


def test_a_pack_where_nothing_is_planned_is_one_task(state_cloud: Cloud, gateway: str) -> None:
    extra = [Place(shelf=shelf, position=0, seen=PRODUCTS[0]) for shelf in (2, 4, 2)]
    state_cloud.say(gateway, audited(1, extra=extra))
    assert told(state_cloud) == {f"bay-1:{PRODUCTS[0]}": ("place", "extra")}


def test_a_photo_that_comes_late_or_twice_or_of_no_bay_changes_no_task(state_cloud: Cloud, gateway: str) -> None:
    state_cloud.say(gateway, audited(1, gap(PRODUCTS[0], 1, 2), at_ms=5_000))
    state_cloud.say(gateway, audited(2, at_ms=4_000))
    state_cloud.say(gateway, audited(1, at_ms=5_000))
    assert told(state_cloud) == {f"bay-1:{PRODUCTS[0]}": ("stock", "gap")}
    with state_cloud.engine.begin() as connection:
        remove_bay(connection, state_cloud.publisher, "demo", "bay-1")
        assert [task.proof for task in close_bay(connection, "demo", "bay-1", 6_000)] == ["gone"]
        with pytest.raises(UnknownError, match="no bay 'bay-1'"):
            remove_bay(connection, state_cloud.publisher, "demo", "bay-1")
    state_cloud.say(gateway, audited(3, gap(PRODUCTS[0], 1, 2), at_ms=7_000))
    assert told(state_cloud) == {}


def test_a_date_asks_for_people_before_its_last_day_and_a_later_one_closes_it(state_cloud: Cloud, gateway: str) -> None:
    first = PRODUCTS[0]
    looked_ms = 1_796_083_200_000  # 2026-12-01, midnight UTC
    last_ms = looked_ms + 10 * DAY_MS

    def checked(at_ms: int, on: date | None) -> DateChecked:
        return DateChecked(at_ms=at_ms, bay="bay-1", gtin=first, by="ann", expires_on=on)

    state_cloud.say(gateway, checked(looked_ms, date(2026, 12, 10)))
    near_ms = last_ms - NEAR_DAYS * DAY_MS
    assert told(state_cloud, near_ms - 1) == {}
    assert told(state_cloud, near_ms) == {f"bay-1:{first}": ("date", "near-expiry")}
    # A photo of the shelf proves nothing of dates; the next look does.
    state_cloud.say(gateway, audited(1, at_ms=near_ms))
    assert told(state_cloud, near_ms) != {}
    state_cloud.say(gateway, checked(near_ms + 1, date(2027, 3, 1)))
    assert told(state_cloud, near_ms + 2) == {}
    state_cloud.say(gateway, checked(last_ms, date(2026, 12, 10)))
    assert told(state_cloud, last_ms) == {f"bay-1:{first}": ("date", "expired")}
    state_cloud.say(gateway, checked(last_ms + 5, None))
    assert told(state_cloud, last_ms + 5) == {}


def test_what_nobody_sees_to_becomes_the_manager_s_and_then_hq_s(state_cloud: Cloud, gateway: str) -> None:
    assert [escalated_to(0, HOUR_MS, at) for at in (HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS, 2 * HOUR_MS + 1)] == [
        "",
        "manager",
        "manager",
        "hq",
    ]
    state_cloud.say(gateway, audited(1, gap(PRODUCTS[0], 2, 2)))
    with state_cloud.engine.begin() as connection:
        assert overdue_tasks(connection, 1_000 + HOUR_MS) == []
        late = overdue_tasks(connection, 1_001 + HOUR_MS)
        assert [task.about for task in late] == [f"bay-1:{PRODUCTS[0]}"]
        dropped = drop_task(connection, "demo", late[0].id, 9_000, "manager", "it was just being filled")
        told_of = view(dropped, 9_000)["proof"]
        assert dropped.closed_ms == 9_000
        assert told_of == {"kind": "dropped", "by": "manager", "note": "it was just being filled"}
        with pytest.raises(UnknownError, match="no open task"):
            drop_task(connection, "demo", late[0].id, 9_000, "manager", "again")
