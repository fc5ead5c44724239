"""A supermarket to try things in, 24 x 16 m, made up by us: `demo_site` its floor, `demo_products` what it sells.

A shelf's `x_m`, `y_m` is its lower left corner. The company prefixes of the products are made up too.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device_drivers.virtual.surveyor import surveyed
from firmware_specs.desired import Beacon, Point, Shelf, Site, Zone
from firmware_specs.gtin import normal, with_check_digit
from firmware_specs.instore import own_key
from firmware_specs.wire import encode

BEACON_UUID: Final = "7d1f4a60-5c3e-4b8e-9a53-2f6d0b9c8e11"
BEACON_MAJOR: Final = 1
POWER_1M_DBM: Final = -59

STAND_AT: Final = (10.2, 2.4)
STAND_RADIUS_M: Final = 1.5

_WIDTH_M, _HEIGHT_M, _LEVEL = 24.0, 16.0, "g"
_AISLE_SHELVES = 6
_COLUMNS, _ROWS = 5, 4

_ZONES: Final = (
    # id, zh, en, left, bottom, right, top
    ("entrance", "入口", "Entrance", 1.0, 0.6, 6.5, 3.8),
    ("checkout", "收银台", "Checkout", 14.0, 0.6, 22.5, 3.8),
    ("produce", "果蔬", "Produce", 0.8, 5.0, 5.4, 10.5),
    ("bakery", "烘焙", "Bakery", 1.0, 11.8, 7.6, 15.2),
    ("dairy", "乳品", "Dairy", 9.2, 11.8, 16.4, 15.2),
    ("drinks", "酒水饮料", "Drinks", 19.1, 5.0, 23.1, 11.0),
)


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product of the demo store; `gtin` has 14 digits, `price_minor` is in fen."""

    gtin: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    price_minor: int
    measure: str = ""

    @property
    def ean13(self) -> str:
        """The 13 digits on the pack."""
        return self.gtin[1:]


def demo_site(store: str = "demo") -> Site:
    """Return a 24 x 16 m supermarket: six shelves, five aisles, wall shelves, 20 ceiling beacons, seven zones."""
    aisles = [_shelf(f"aisle-{n + 1}", 6.0 + 2.4 * n, 5.0, 0.8, 6.0) for n in range(_AISLE_SHELVES)]
    walls = [
        _shelf("wall-produce", 0.0, 5.0, 0.5, 5.5),
        _shelf("wall-bakery", 1.0, 15.5, 6.6, 0.5),
        _shelf("wall-dairy", 9.2, 15.5, 7.2, 0.5),
        _shelf("wall-drinks", 23.5, 5.0, 0.5, 6.0),
    ]
    return Site(
        store=store,
        version=1,
        name={"zh": "示范超市", "en": "Demo supermarket"},
        width_m=_WIDTH_M,
        height_m=_HEIGHT_M,
        level=_LEVEL,
        shelves=aisles + walls,
        zones=[*(_zone(*row) for row in _ZONES), _stand()],
        beacons=[_beacon(column, row) for row in range(_ROWS) for column in range(_COLUMNS)],
    )


def demo_products() -> tuple[DemoProduct, ...]:
    """Return the 60 products of the demo store; the same ones each time."""
    return tuple(
        DemoProduct(
            gtin=normal(with_check_digit(f"{prefix}{item:05d}")),
            name_zh=name_zh,
            name_en=name_en,
            category=category,
            unit=unit,
            price_minor=price_minor,
        )
        for category, (prefix, rows) in _CATALOGUE.items()
        for item, (name_zh, name_en, unit, price_minor) in enumerate(rows, start=101)
    )


def weighed_products() -> tuple[DemoProduct, ...]:
    """Return what the demo store weighs: its price is for one kilogram, its bags carry the scale's code."""
    return (DemoProduct(own_key(10061), "妃子笑荔枝", "Lychees", "produce", "kg", 3980, "kg"),)


def _shelf(name: str, x_m: float, y_m: float, width_m: float, depth_m: float) -> Shelf:
    return Shelf(id=name, level=_LEVEL, x_m=round(x_m, 2), y_m=y_m, width_m=width_m, depth_m=depth_m)


def _zone(name: str, zh: str, en: str, left: float, bottom: float, right: float, top: float) -> Zone:
    corners = [Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)]
    return Zone(id=name, level=_LEVEL, name={"zh": zh, "en": en}, polygon=corners)


def _stand() -> Zone:
    """A stand of `STAND_RADIUS_M` where something is tried: a circle, as a polygon of its size."""
    turns = [math.tau * number / 16 for number in range(16)]
    corners = [
        Point(
            round(STAND_AT[0] + STAND_RADIUS_M * math.cos(turn), 3),
            round(STAND_AT[1] + STAND_RADIUS_M * math.sin(turn), 3),
        )
        for turn in turns
    ]
    return Zone(id="tasting", level=_LEVEL, name={"zh": "试吃台", "en": "Tasting stand"}, polygon=corners)


def _beacon(column: int, row: int) -> Beacon:
    minor = row * _COLUMNS + column + 1
    return Beacon(
        id=f"beacon-{minor:02d}",
        level=_LEVEL,
        uuid=BEACON_UUID,
        major=BEACON_MAJOR,
        minor=minor,
        x_m=round(_WIDTH_M * (column + 0.5) / _COLUMNS, 2),
        y_m=round(_HEIGHT_M * (row + 0.5) / _ROWS, 2),
        z_m=2.8,
        power_1m_dbm=POWER_1M_DBM,
    )


_Rows = tuple[tuple[str, str, str, int], ...]

_CATALOGUE: Final[dict[str, tuple[str, _Rows]]] = {
    "produce": (
        "6997101",
        (
            ("红富士苹果", "Fuji apples", "1 kg", 1180),
            ("海南香蕉", "Bananas", "1 kg", 690),
            ("赣南脐橙", "Navel oranges", "1 kg", 1280),
            ("巨峰葡萄", "Kyoho grapes", "500 g", 1590),
            ("麒麟西瓜", "Watermelon", "1 kg", 580),
            ("上海青", "Pak choi", "400 g", 350),
            ("西红柿", "Tomatoes", "500 g", 480),
            ("黄瓜", "Cucumbers", "500 g", 420),
            ("土豆", "Potatoes", "1 kg", 460),
            ("香菇", "Shiitake mushrooms", "250 g", 890),
        ),
    ),
    "dairy": (
        "6997202",
        (
            ("全脂鲜牛奶", "Whole milk", "950 ml", 1490),
            ("脱脂牛奶", "Skimmed milk", "950 ml", 1490),
            ("原味酸奶", "Plain yoghurt", "8 x 100 g", 1580),
            ("草莓酸奶", "Strawberry yoghurt", "4 x 100 g", 990),
            ("希腊酸奶", "Greek yoghurt", "150 g", 850),
            ("切片奶酪", "Cheese slices", "166 g", 1680),
            ("马苏里拉奶酪", "Mozzarella", "200 g", 2290),
            ("淡味黄油", "Unsalted butter", "227 g", 2690),
            ("稀奶油", "Whipping cream", "250 ml", 1390),
            ("鲜鸡蛋", "Fresh eggs", "15 pcs", 1890),
        ),
    ),
    "bakery": (
        "6997303",
        (
            ("全麦吐司", "Wholemeal toast", "400 g", 1180),
            ("牛奶吐司", "Milk toast", "400 g", 1080),
            ("法棍", "Baguette", "250 g", 790),
            ("可颂", "Croissants", "4 pcs", 1690),
            ("红豆面包", "Red bean buns", "3 pcs", 990),
            ("蛋挞", "Egg tarts", "4 pcs", 1590),
            ("肉松小贝", "Pork floss rolls", "4 pcs", 2280),
            ("戚风蛋糕", "Chiffon cake", "300 g", 1990),
            ("贝果", "Bagels", "4 pcs", 1790),
            ("葱油饼", "Scallion pancakes", "5 pcs", 1250),
        ),
    ),
    "drinks": (
        "6997404",
        (
            ("饮用天然水", "Spring water", "550 ml", 200),
            ("苏打水", "Soda water", "400 ml", 390),
            ("无糖乌龙茶", "Oolong tea, unsweetened", "500 ml", 550),
            ("茉莉花茶", "Jasmine tea drink", "500 ml", 480),
            ("可乐", "Cola", "330 ml", 280),
            ("橙汁", "Orange juice", "1 l", 1290),
            ("椰子水", "Coconut water", "330 ml", 790),
            ("冷萃咖啡", "Cold brew coffee", "270 ml", 990),
            ("精酿啤酒", "Craft beer", "500 ml", 1180),
            ("干红葡萄酒", "Dry red wine", "750 ml", 6800),
        ),
    ),
    "staples": (
        "6997505",
        (
            ("东北大米", "Northeast rice", "5 kg", 3990),
            ("高筋面粉", "Strong flour", "1 kg", 1150),
            ("挂面", "Dried noodles", "900 g", 890),
            ("花生油", "Peanut oil", "1.8 l", 5280),
            ("生抽酱油", "Light soy sauce", "500 ml", 990),
            ("香醋", "Dark vinegar", "500 ml", 850),
            ("食盐", "Table salt", "400 g", 250),
            ("白砂糖", "Sugar", "1 kg", 980),
            ("豆瓣酱", "Broad bean paste", "500 g", 1290),
            ("速冻水饺", "Frozen dumplings", "1 kg", 2690),
        ),
    ),
    "snacks": (
        "6997606",
        (
            ("原味薯片", "Potato crisps", "104 g", 790),
            ("海苔", "Roasted seaweed", "20 g", 1290),
            ("每日坚果", "Mixed nuts", "175 g", 3290),
            ("黑巧克力", "Dark chocolate", "100 g", 1890),
            ("苏打饼干", "Soda crackers", "400 g", 1090),
            ("牛肉干", "Beef jerky", "100 g", 2890),
            ("山楂片", "Hawthorn slices", "200 g", 690),
            ("果冻", "Fruit jelly", "360 g", 880),
            ("爆米花", "Popcorn", "150 g", 1190),
            ("芝麻糖", "Sesame brittle", "220 g", 1350),
        ),
    ),
}


def write(folder: Path, seed: int) -> None:
    """Write `site.json`, `products.json` and `survey.json`, as the world and a cloud read them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "survey.json").write_bytes(encode(surveyed(demo_site(), seed)))
    (folder / "site.json").write_bytes(encode(demo_site()))
    products = [
        {
            "gtin": product.gtin,
            "name": {"en": product.name_en, "zh": product.name_zh},
            "category": product.category,
            "unit": product.unit,
            "price_minor": product.price_minor,
            "measure": product.measure,
        }
        for product in demo_products() + weighed_products()
    ]
    (folder / "products.json").write_text(json.dumps(products, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the demo store's files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of the radio that the survey hears")
    arguments = parser.parse_args()
    write(arguments.folder, arguments.seed)
