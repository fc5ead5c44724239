"""The made-up store of the fake page server: its plan, products, devices and people."""

import time
from typing import Any

Json = dict[str, Any]


WIDTH_M, HEIGHT_M = 24.0, 16.0
PRODUCTS = [
    ("dairy", "鲜牛奶 1L", "Fresh milk 1 L", 1290),
    ("dairy", "原味酸奶 4 杯", "Plain yoghurt, 4 cups", 1580),
    ("dairy", "淡味黄油 200g", "Unsalted butter 200 g", 2490),
    ("dairy", "切片奶酪 12 片", "Cheese slices, 12", 1990),
    ("fruit", "红富士苹果 1kg", "Fuji apples 1 kg", 1180),
    ("fruit", "香蕉 1kg", "Bananas 1 kg", 690),
    ("fruit", "赣南脐橙 1kg", "Navel oranges 1 kg", 990),
    ("fruit", "蓝莓 125g", "Blueberries 125 g", 1490),
    ("vegetables", "番茄 500g", "Tomatoes 500 g", 450),
    ("vegetables", "西兰花 1 颗", "Broccoli, each", 590),
    ("vegetables", "土豆 1kg", "Potatoes 1 kg", 380),
    ("bakery", "全麦吐司 400g", "Wholemeal loaf 400 g", 1080),
    ("bakery", "牛角包 4 个", "Croissants, 4", 1690),
    ("drinks", "纯净水 550ml", "Still water 550 ml", 200),
    ("drinks", "无糖乌龙茶 500ml", "Sugar-free oolong tea 500 ml", 500),
    ("drinks", "鲜榨橙汁 1L", "Fresh orange juice 1 L", 1990),
    ("drinks", "精酿啤酒 330ml", "Craft beer 330 ml", 1250),
    ("snacks", "海盐薯片 135g", "Sea-salt crisps 135 g", 890),
    ("snacks", "每日坚果 7 袋", "Daily nuts, 7 packs", 4990),
    ("snacks", "黑巧克力 72% 100g", "Dark chocolate 72 % 100 g", 2690),
    ("staples", "东北大米 5kg", "Northeast rice 5 kg", 4590),
    ("staples", "特级初榨橄榄油 500ml", "Extra virgin olive oil 500 ml", 6990),
    ("staples", "挂面 1kg", "Dried noodles 1 kg", 990),
    ("staples", "酿造酱油 500ml", "Soy sauce 500 ml", 1250),
    ("meat", "去骨鸡腿肉 500g", "Boneless chicken thighs 500 g", 1690),
    ("meat", "猪里脊 400g", "Pork loin 400 g", 2290),
    ("frozen", "速冻水饺 1kg", "Frozen dumplings 1 kg", 2990),
    ("frozen", "香草冰淇淋 500ml", "Vanilla ice cream 500 ml", 3290),
    ("household", "抽纸 3 层 6 包", "Tissues, 6 packs", 1590),
    ("household", "洗洁精 1kg", "Washing-up liquid 1 kg", 1390),
]
KINDS = [
    ("cart", "智能购物车", "Smart cart", ["locate", "reboot"]),
    ("till", "收银台", "Till", ["reboot"]),
    ("gateway", "门店网关", "Store gateway", ["reboot", "locate"]),
    ("speaker", "促销音箱", "Promo speaker", ["locate", "play", "stop", "reboot"]),
    ("broadcast", "门店广播盒", "Broadcast box", ["locate", "play", "stop", "reboot"]),
    ("screen", "导购屏", "Wayfinding screen", ["locate", "reboot"]),
    ("sensor", "传感器", "Sensor", ["reboot"]),
]
ACCOUNTS = [(role, f"{role}-demo", role) for role in ("manager", "associate", "tech", "hq")]
DEVICES = [
    *((f"cart-{n}", "cart", f"{n} 号购物车") for n in (1, 2, 3)),
    ("till-1", "till", "收银台 1"),
    ("gateway-1", "gateway", "门店网关"),
    *((f"speaker-{n}", "speaker", f"{n} 号音箱") for n in (1, 2, 3, 4)),
    ("broadcast-1", "broadcast", "广播盒"),
    ("screen-1", "screen", "入口导购屏"),
    ("screen-2", "screen", "生鲜区导购屏"),
]
ZONES = [
    ("fresh", "生鲜区", "Fresh", (0.6, 11.4, 11.0, 15.4)),
    ("dairy", "乳品区", "Dairy", (12.4, 11.4, 23.4, 15.4)),
    ("drinks", "饮料区", "Drinks", (0.6, 4.6, 11.0, 10.6)),
    ("pantry", "粮油零食区", "Pantry and snacks", (12.4, 4.6, 23.4, 10.6)),
    ("tills", "收银区", "Tills", (0.6, 0.6, 23.4, 3.4)),
]


def now_ms() -> int:
    return int(time.time() * 1000)


def name(zh: str, en: str) -> Json:
    return {"zh": zh, "en": en}


def gtin(number: int) -> str:
    body = f"0690123{number:06d}"
    digits = [int(digit) for digit in body]
    check = -sum(digit * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits)) % 10
    return f"{body}{check}"


def site() -> Json:
    shelves = []
    for x_m in (2.0, 5.0, 8.0, 14.0, 17.0, 20.0):
        shelves.append((x_m, 5.4, 0.9, 4.4))
    for x_m in (2.2, 6.6, 13.6, 18.2):
        shelves.append((x_m, 12.6, 3.2, 0.9))
    return {
        "store": "demo",
        "version": 3,
        "name": name("示范门店", "Demo store"),
        "width_m": WIDTH_M,
        "height_m": HEIGHT_M,
        "level": "1",
        "shelves": [
            {"id": f"s{i}", "level": "1", "x_m": x, "y_m": y, "width_m": w, "depth_m": d}
            for i, (x, y, w, d) in enumerate(shelves)
        ],
        "zones": [
            {
                "id": key,
                "level": "1",
                "name": name(zh, en),
                "polygon": [{"x_m": x, "y_m": y} for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))],
            }
            for key, zh, en, (x0, y0, x1, y1) in ZONES
        ],
        "beacons": [
            {
                "id": f"b{i}",
                "level": "1",
                "uuid": "",
                "major": 1,
                "minor": i,
                "x_m": 2 + i % 4 * 6.6,
                "y_m": 2 + i // 4 * 6,
                "z_m": 2.6,
                "power_1m_dbm": -59,
            }
            for i in range(12)
        ],
    }
