"""A catalogue of any size from a seed: GTIN-13s in runs of company prefixes, names in Chinese and English, prices.

Names are put together from words, so they compress better than real ones: the bench's notes say by how much.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.pricebook.columns import Columns

_BRANDS: Final = 4000
_SIZES: Final = (50, 100, 125, 180, 200, 240, 250, 330, 400, 500, 600, 750, 1000, 1250, 1500, 2000, 2500, 5000)
_NOUNS: Final = {
    "milk": "牛奶", "yoghurt": "酸奶", "bread": "面包", "rice": "大米", "noodles": "面条", "tea": "茶叶",
    "coffee": "咖啡", "juice": "果汁", "water": "矿泉水", "beer": "啤酒", "soy sauce": "酱油", "vinegar": "香醋",
    "oil": "食用油", "sugar": "白糖", "salt": "食盐", "biscuits": "饼干", "chocolate": "巧克力", "candy": "糖果",
    "crisps": "薯片", "nuts": "坚果", "shampoo": "洗发水", "soap": "香皂", "detergent": "洗衣液", "tissues": "纸巾",
    "toothpaste": "牙膏", "dumplings": "水饺", "ham": "火腿", "sausage": "香肠", "tofu": "豆腐", "eggs": "鸡蛋",
}  # fmt: skip
_KINDS: Final = {
    "fresh": "鲜", "organic": "有机", "classic": "经典", "light": "低脂", "spicy": "香辣", "sweet": "甜味",
    "family": "家庭装", "premium": "精选", "mini": "迷你", "original": "原味", "green": "绿色", "golden": "金装",
}  # fmt: skip
_SYLLABLES: Final = ("ba", "lo", "mi", "tan", "ver", "qin", "sol", "hua", "ren", "ko", "pa", "shu", "di", "long", "fei")
_SIGNS: Final = "康华美佳乐福润达源丰泰和兴顺安宝利民"


@dataclass(frozen=True, slots=True)
class Day:
    """A night's work: what changed in a catalogue."""

    changed: NDArray[np.int64]
    columns: Columns


def gtins(count: int, random: np.random.Generator) -> "NDArray[np.int64]":
    """Return `count` valid GTIN-13s, ascending, in runs of company prefixes."""
    prefixes = np.unique(random.integers(690_0000, 699_9999, _BRANDS, dtype=np.int64))
    per = -(-count * 12 // 10 // len(prefixes))
    items = random.integers(0, max(100_000, per * 2), (len(prefixes), per), dtype=np.int64) % 100_000
    bodies = np.unique((prefixes[:, None] * 100_000 + items).ravel())
    bodies = np.sort(random.choice(bodies, count, replace=False))
    total = np.zeros(count, np.int64)
    for place in range(12):
        total += (bodies // 10**place % 10) * (3 if place % 2 == 0 else 1)
    return np.asarray(bodies * 10 + (-total) % 10, np.int64)


def catalogue(count: int, seed: int = 1) -> Columns:
    """Return a store's columns."""
    random = np.random.default_rng(seed)
    gtin = gtins(count, random)
    prefix = (gtin // 1_000_000).tolist()
    noun = random.integers(0, len(_NOUNS), count).tolist()
    kind = random.integers(0, len(_KINDS), count).tolist()
    size = random.integers(0, len(_SIZES), count)
    kinds, nouns = list(_KINDS.items()), list(_NOUNS.items())
    english, chinese, ends_en, ends_zh = [], [], [], []
    at_en = at_zh = 0
    sizes = size.tolist()
    for row in range(count):
        latin, han = _brand(prefix[row])
        grams = _SIZES[sizes[row]]
        (kind_en, kind_zh), (noun_en, noun_zh) = kinds[kind[row]], nouns[noun[row]]
        en = f"{latin} {kind_en} {noun_en} {grams} g".encode()
        zh = f"{han}{kind_zh}{noun_zh}{grams}克".encode()
        at_en += len(en)
        at_zh += len(zh)
        english.append(en)
        chinese.append(zh)
        ends_en.append(at_en)
        ends_zh.append(at_zh)
    price = _prices(random, count)
    member = np.where(random.random(count) < 0.3, price * 95 // 100, 0)
    promotions = tuple(sorted({""} | {f"promo-{number}" for number in range(1, 3000)}))
    promoted = np.where(random.random(count) < 0.08, random.integers(1, 3000, count), 0)
    categories = tuple(sorted(_NOUNS))
    placed = np.array([categories.index(en) for en in _NOUNS], np.uint16)
    units = tuple(sorted(f"{grams} g" for grams in _SIZES))
    unit_of = np.array([units.index(f"{grams} g") for grams in _SIZES], np.uint16)
    return Columns(
        gtin=gtin,
        numbers={
            "price_minor": price.astype(np.uint32),
            "floor_minor": price.astype(np.uint32),
            "member_minor": member.astype(np.uint32),
            "was_minor": np.zeros(count, np.uint32),
            "content_milli": np.array(_SIZES, np.uint32)[size],
        },
        places={
            "category": placed[np.array(noun)],
            "unit": unit_of[size],
            "measure": np.zeros(count, np.uint16),
            "promotions": promoted.astype(np.uint16),
        },
        texts={"category": categories, "unit": units, "measure": ("kg",), "promotions": promotions},
        name_ends={"en": np.array(ends_en, np.uint32), "zh": np.array(ends_zh, np.uint32)},
        names={"en": b"".join(english), "zh": b"".join(chinese)},
    )


def repriced(before: Columns, share: float, seed: int = 2) -> Day:
    """Return the catalogue after a share of its prices changed by up to a third, to new endings."""
    random = np.random.default_rng(seed)
    count = len(before.gtin)
    changed = np.sort(random.choice(count, max(1, int(count * share)), replace=False))
    was = before.numbers["price_minor"].astype(np.int64)
    price, floor = was.copy(), before.numbers["floor_minor"].astype(np.int64)
    price[changed] = np.maximum(10, _ended(was[changed] * random.uniform(0.67, 1.33, len(changed)), random))
    same = price[changed] == was[changed]
    price[changed[same]] += 10
    floor[changed] = np.minimum(was[changed], floor[changed])
    numbers = {**before.numbers, "price_minor": price.astype(np.uint32), "floor_minor": floor.astype(np.uint32)}
    return Day(changed, replace(before, numbers=numbers))


def _prices(random: np.random.Generator, count: int) -> "NDArray[np.int64]":
    return np.maximum(50, _ended(np.exp(random.normal(7.2, 0.9, count)), random))


def _ended(price: "NDArray[np.float64]", random: np.random.Generator) -> "NDArray[np.int64]":
    # Most prices end in 90 or 99 of 100, some in 50 or 00.
    endings = np.array([90, 99, 90, 50, 0], np.int64)[random.integers(0, 5, len(price))]
    return np.asarray(price.astype(np.int64) // 100 * 100 + endings, np.int64)


_known: dict[int, tuple[str, str]] = {}


def _brand(prefix: int) -> tuple[str, str]:
    if prefix not in _known:
        parts, rest = [], prefix
        for _ in range(3):
            rest, part = divmod(rest, len(_SYLLABLES))
            parts.append(part)
        latin = "".join(_SYLLABLES[part] for part in parts).capitalize()
        _known[prefix] = (latin, "".join(_SIGNS[(part * 7 + prefix) % len(_SIGNS)] for part in parts[:2]))
    return _known[prefix]
