"""Promotions of a store: made, tried on its last baskets, ended, and what came of them."""

from typing import Any

import msgspec
from fastapi import APIRouter

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.prices import EffectBaskets
from cloud_broker.api.bodies.promotions import NewPromotion, PromotionItem, PromotionTry
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.prices.effect import recent_baskets
from cloud_broker.prices.promotions import (
    drop_promotion,
    named_rows,
    promotion_views,
    promotions_of,
    put_promotion,
    saved,
)
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from firmware_specs.rules import promotions as rules
from firmware_specs.rules.promotions import Promotion, PromotionError

router = APIRouter(tags=["prices"])


@router.get("/api/stores/{store}/promotions", response_model=list[PromotionItem])
def all_promotions(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the store's promotions, newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return promotion_views(connection, store, now_ms())


@router.put("/api/stores/{store}/promotions/{promotion}", response_model=PromotionItem)
def put(store: str, promotion: str, body: NewPromotion, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Make or change a promotion; carts and tills hold it as soon as they hear of it."""
    need_store(person, store)
    wanted = _promotion(body, promotion)
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        try:
            put_promotion(connection, cloud.library, store, wanted, by=person.name)
        except PromotionError as exc:
            raise _refusal(exc) from exc
        found = promotion_views(connection, store, now_ms())
    _tell(cloud, store)
    return next(each for each in found if each["promotion"]["id"] == promotion)


@router.delete("/api/stores/{store}/promotions/{promotion}", status_code=204)
def drop(store: str, promotion: str, cloud: Cloud, person: Manager) -> None:
    """Take a promotion away."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        drop_promotion(connection, cloud.library, store, promotion, by=person.name)
    _tell(cloud, store)


@router.post("/api/stores/{store}/promotions/try", response_model=PromotionTry)
def try_it(store: str, body: NewPromotion, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Return what the store's last baskets would have cost with it, at its start, and change nothing."""
    need_store(person, store)
    wanted = _promotion(body, str(body.promotion.get("id", "")))
    now = now_ms()
    with reading(cloud.engine) as connection:
        book = cloud.library.current(connection, store, now)
        others = [each for each in promotions_of(connection, store) if each.id != wanted.id]
        recent = recent_baskets(connection, store)
    try:
        rules.check([wanted], named_rows(book, wanted))
        rules.check([*others, wanted])
    except PromotionError as exc:
        raise _refusal(exc) from exc
    baskets = [
        rules.Basket(
            op=trip,
            now_ms=max(now, wanted.starts_ms),
            units=[
                rules.Unit(
                    gtin=row.gtin,
                    price_minor=sold.pack_minor or row.price_minor,
                    category=row.category,
                    quantity=quantity,
                )
                for sold, quantity in basket.items()
                if (row := book.get(sold.gtin)) is not None
            ],
            tiers=list(wanted.tiers),
            coupons=[wanted.coupon] if wanted.coupon else [],
        )
        for trip, basket in recent.items()
    ]
    before, after, touched = saved(baskets, wanted, others)
    found = EffectBaskets(count=len(baskets), touched=touched, before_minor=before, after_minor=after)
    return {"baskets": found.model_dump()}


def _promotion(body: NewPromotion, named: str) -> Promotion:
    try:
        # Strict by hand: a key that the contract does not know is a mistake, not a later version.
        promotion = msgspec.convert({**body.promotion, "id": named}, Promotion)
    except msgspec.ValidationError as exc:
        what, _, place = str(exc).partition(" - at ")
        field = place.strip("`").removeprefix("$.")
        raise ApiError(422, "invalid", f"{field}: {what[:1].lower()}{what[1:]}" if field else what, field) from exc
    strange = sorted(set(body.promotion) - set(msgspec.to_builtins(promotion)))
    if strange:
        raise ApiError(422, "invalid", f"{strange[0]}: unknown key; remove it or correct its name", strange[0])
    return promotion


def _refusal(exc: PromotionError) -> ApiError:
    return ApiError(422, "promotion", f"{exc.field}: {exc.remedy}", exc.field)


def _tell(cloud: Context, store: str) -> None:
    cloud.send()
    cloud.tell(Notice("promotions", store, {}))
