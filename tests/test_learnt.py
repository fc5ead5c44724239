"""What a store learns, in the cloud: questions and how they ended, what goods weigh, items that were taught."""

import numpy as np
import pytest
from sqlalchemy import func, select

from cloud_broker.baskets.questions import views
from cloud_broker.baskets.weights import KEPT, is_news, learnt, newest_weighing, publish_weights
from cloud_broker.items.taught import publish_items, stamps
from cloud_broker.items.taught import views as taught_views
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import heads, weighings
from firmware_specs.events import BasketAnswered, BasketQuestioned, ItemForgotten, ItemTaught, ItemWeighed
from firmware_specs.items import TaughtItems
from firmware_specs.rules.weight import ProductWeight, Weights
from firmware_specs.wire import decode
from tests.fakes.cloud_state import Cloud
from tests.fakes.store import CATALOGUE

GTIN = CATALOGUE[0]["gtin"]


def weighed(trip: int, grams: float, gtin: str = GTIN) -> ItemWeighed:
    return ItemWeighed(at_ms=1_000 + trip, trip=f"t-{trip}", gtin=gtin, weight_g=grams)


def test_a_question_is_kept_once_and_its_answer_with_it(state_cloud: Cloud) -> None:
    cart = state_cloud.enrol("cart")
    asked = BasketQuestioned(
        at_ms=5_000, trip="t-1", question="q-1", verdict="please-check", gtin=GTIN, odds=-7.5, change_g=431.0
    )
    late = BasketQuestioned(at_ms=6_000, trip="t-1", question="q-2", verdict="please-scan", change_g=88.0)
    state_cloud.say(cart, asked, asked, late)
    state_cloud.say(cart, BasketAnswered(at_ms=7_000, trip="t-1", question="q-1", answer="removed"))
    # One that nobody asked, as after a restore of the cloud, changes nothing.
    state_cloud.say(cart, BasketAnswered(at_ms=7_000, trip="t-1", question="q-9", answer="removed"))
    with reading(state_cloud.engine) as connection:
        second, first = views(connection, "demo", 10)
    assert (second["id"], second["answer"], second["name"]) == ("q-2", None, {})
    assert (first["answer"], first["answered_ms"], first["name"]) == ("removed", 7_000, CATALOGUE[0]["name"])


def test_a_weight_is_learnt_from_enough_trips_and_one_swap_teaches_nothing(state_cloud: Cloud) -> None:
    cart = state_cloud.enrol("cart")
    state_cloud.say(cart, *(weighed(trip, 500 + trip) for trip in range(4)))
    # The same shopper again and again is one voice.
    state_cloud.say(cart, *(weighed(3, 900) for _ in range(6)))
    with reading(state_cloud.engine) as connection:
        assert learnt(connection, "demo") == []
    state_cloud.say(cart, weighed(5, 503), weighed(6, 1_400), weighed(7, 501))
    with reading(state_cloud.engine) as connection:
        (found,) = learnt(connection, "demo")
        assert set(newest_weighing(connection)) == {"demo"}
    assert found.gtin == GTIN
    assert found.weight_g == pytest.approx(502, abs=2)
    assert found.spread_g < 10
    assert is_news([found], [])
    assert not is_news([found], [found])
    assert is_news([ProductWeight(gtin=GTIN, weight_g=530, spread_g=3)], [found])
    with state_cloud.engine.begin() as connection:
        publish_weights(connection, state_cloud.publisher, "demo", [found])
        query = select(heads.c.sha256).where(heads.c.matter == "weights")
        told = decode(state_cloud.publisher.blobs.get(connection.execute(query).scalar_one()), Weights)
    assert told.products == [found]


def test_only_the_last_weighings_of_a_product_are_kept(state_cloud: Cloud) -> None:
    cart = state_cloud.enrol("cart")
    other = CATALOGUE[1]["gtin"]
    state_cloud.say(cart, weighed(0, 100, other), *(weighed(trip, 500) for trip in range(KEPT + 10)))
    # A new wrapping is learnt once it is most of what is kept.
    state_cloud.say(cart, *(weighed(100 + trip, 540) for trip in range(KEPT // 2 + 1)))
    with reading(state_cloud.engine) as connection:
        counts = dict(
            connection.execute(select(weighings.c.gtin, func.count()).group_by(weighings.c.gtin)).tuples().all()
        )
        (found,) = learnt(connection, "demo")
    assert counts == {GTIN: KEPT, other: 1}
    assert found.weight_g == 540


def test_what_a_store_taught_is_kept_told_and_forgotten(state_cloud: Cloud) -> None:
    gateway = state_cloud.enrol("gateway")
    direction = np.array([0.6, 0.8], "<f4").tobytes()

    def taught(gtin: str, at_ms: int, spread: float) -> ItemTaught:
        return ItemTaught(
            at_ms=at_ms, gtin=gtin, by="ann", pictures=4, model_sha256="ab" * 32, direction=direction, spread=spread
        )

    other = CATALOGUE[1]["gtin"]
    state_cloud.say(gateway, taught(GTIN, 1_000, 0.2), taught(other, 2_000, 0.1), taught(GTIN, 3_000, 0.05))
    with state_cloud.engine.begin() as connection:
        before = stamps(connection)
        publish_items(connection, state_cloud.publisher, "demo")
        query = select(heads.c.sha256).where(heads.c.matter == "items")
        told = decode(state_cloud.publisher.blobs.get(connection.execute(query).scalar_one()), TaughtItems)
        shown = taught_views(connection, "demo")
    assert [(item.gtin, item.spread, item.direction) for item in told.items] == [
        (GTIN, 0.05, direction),
        (other, 0.1, direction),
    ]
    assert [(one["gtin"], one["pictures"]) for one in shown] == [(GTIN, 4), (other, 4)]
    assert shown[0]["name"] == CATALOGUE[0]["name"]
    state_cloud.say(gateway, ItemForgotten(at_ms=4_000, gtin=GTIN, by="ann"))
    with reading(state_cloud.engine) as connection:
        assert stamps(connection) != before
        assert [one["gtin"] for one in taught_views(connection, "demo")] == [other]
