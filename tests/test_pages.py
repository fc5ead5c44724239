"""Every page of the running demo: both languages, every size it is made for, by the rules of accessibility."""

import re
import time
from dataclasses import dataclass

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from cloud_broker.demo.props import melody
from dashboards import folder as pages_folder
from tests.demo import SIZES, STORE, Demo, Visit, eventually, visiting

pytestmark = pytest.mark.timeout(300)

AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOUR_MS = 3_600_000
TOUCH_PX = 44
"""WCAG 2.2, 2.5.5: the size of a target that a thumb hits."""

SMALL_TARGETS = """least => {
    const own = element => element.closest('label') ?? element.closest('.search') ?? element;
    return [...document.querySelectorAll('button, a[href], input, select, summary')]
        .filter(one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter(one => !one.closest('[inert], .skip'))
        .map(one => [one.ariaLabel || one.textContent.trim() || one.name || one.type, own(one).getBoundingClientRect()])
        .filter(([, box]) => box.width < least || box.height < least)
        .map(([name, box]) => `${name}: ${Math.round(box.width)}×${Math.round(box.height)}`);
}"""

SAID = """() => {
    const copy = document.body.cloneNode(true);
    for (const one of copy.querySelectorAll('.language, script, noscript')) one.remove();
    return copy.textContent;
}"""
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Family:
    """Pages that one kind of person sees in one sitting; `paths` after the server's address."""

    server: str
    paths: tuple[str, ...]
    sizes: tuple[str, ...] = ("desk", "phone")
    role: str | None = None
    touch: bool = False


FAMILIES = {
    "home": Family("pages", ("/", "/manager", "/tech", "/hq")),
    "home, signed in": Family("pages", ("/",), role="hq"),
    "manager": Family(
        "pages",
        ("/manager", "/manager#/prices", "/manager#/labels", "/manager#/sound", "/manager#/offers"),
        role="manager",
    ),
    "manager's dialogs": Family("pages", ("/manager#/prices/{gtin}", "/manager#/labels/{label}"), role="manager"),
    "tech": Family("pages", ("/tech", "/tech#/devices", "/tech#/devices/speaker-1"), role="tech"),
    "hq": Family("pages", ("/hq", "/hq#/security", "/hq#/dead-letters", "/hq#/fleet/cart-1"), role="hq"),
    "cart": Family("cart-2", ("/",), sizes=("phone", "desk"), touch=True),
    "kiosk": Family("screen-1", ("/",), sizes=("kiosk", "desk"), touch=True),
    "till": Family("till-1", ("/",)),
    "speaker": Family("speaker-1", ("/",)),
    "gateway": Family("gateway-1", ("/",)),
}


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core, the accessibility checker, as a script."""
    script = pages_folder() / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("missing: axe-core; run npm ci in dashboards/")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lived_in(demo: Demo) -> dict[str, str]:
    """What a day leaves behind: a change, a sound and its slot, an open claim, something in the basket."""
    product = demo.labelled(11)
    demo.claim("screen", "Screen at the fish counter")
    with demo.person("manager") as manager:
        store = f"/api/stores/{STORE}"
        body = {"gtin": product["gtin"], "price_minor": product["price_minor"] + 30, "reason": "pages"}
        manager.post(f"{store}/prices", json=body).raise_for_status()
        files = {"file": ("gong.wav", melody(0.5), "audio/wav")}
        asset = manager.post(f"{store}/assets", files=files, data={"title": "Gong"}).raise_for_status().json()
        later_ms = int(time.time() * 1000) + HOUR_MS
        slot = {"asset_sha256": asset["sha256"], "start_ms": later_ms, "every_s": 900, "until_ms": later_ms + HOUR_MS}
        manager.post(f"{store}/schedule", json=slot).raise_for_status()
    cart = demo.url("cart-2")
    demo.tell("cart-2", "/api/virtual/show", gtin=product["gtin"])

    def has_read() -> bool:
        basket = httpx.get(f"{cart}/api/state", timeout=20).json()["basket"]
        return product["gtin"] in [line["gtin"] for line in basket]

    eventually("the cart has read the product", has_read, within_s=20)
    return {"gtin": product["gtin"], "label": product["label"]}


async def settled(page: Page) -> None:
    """Wait until nothing on the page is still loading."""
    await page.locator("main").first.wait_for()
    await expect(page.locator(".skeleton")).to_have_count(0, timeout=20_000)


async def speak(page: Page, language: str) -> None:
    """Switch the page's language with its own buttons; beneath a dialog, by what they remember."""
    if await page.locator("dialog").count():
        await page.evaluate("language => localStorage.setItem('aisle.language', language)", language)
        await page.reload()
        await page.get_by_role("dialog").wait_for()
    else:
        await page.locator(f".language button[lang={language}]").click()
    locale = {"zh": "zh-CN", "en": "en-GB"}[language]
    await expect(page.locator("html")).to_have_attribute("lang", locale)
    await settled(page)


async def check(page: Page, axe: str, *, touch: bool) -> list[str]:
    """Return what is wrong with a page as it stands."""
    found: list[str] = []
    over_px = await page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
    )
    if over_px > 0:
        found.append(f"scrolls sideways by {over_px} px")
    if touch:
        found += [f"small target: {small}" for small in await page.evaluate(SMALL_TARGETS, TOUCH_PX)]
    # An evaluated script is the tester's, not the page's: the Content-Security-Policy stays in force.
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    result = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], iframes: false})", AXE_RULES
    )
    for violation in result["violations"]:
        found.append(f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}")
    return found


async def check_everywhere(visit: Visit, axe: str, family: Family, where: str, found: dict[str, list[str]]) -> None:
    """Check a page that is open, in both languages at each of its sizes."""
    page = visit.page
    for language in ("zh", "en"):
        await speak(page, language)
        for size in family.sizes:
            width, height = SIZES[size]
            await page.set_viewport_size({"width": width, "height": height})
            wrong = await check(page, axe, touch=family.touch)
            if wrong:
                found[f"{where} {language} {size}"] = wrong
        if language == "en":
            chinese = sorted(set(CHINESE.findall(await page.evaluate(SAID))))
            if chinese:
                found[f"{where}: Chinese on the English page"] = chinese


def unexpected(visit: Visit, family: Family) -> list[str]:
    """Return what the console said, but for "nobody is signed in", which is an answer."""
    answer = "/api/session"
    return [said for said in visit.complaints if family.role is not None or not ("401" in said and answer in said)]


async def enter(visit: Visit, demo: Demo, family: Family) -> None:
    """Sign in without the page, which another test does by hand."""
    if family.role is not None:
        who = {"name": family.role, "password": demo.people[family.role]}
        answer = await visit.context.request.post(f"{visit.url}/api/session", data=who, headers={"x-aisle": "1"})
        assert answer.ok
        await visit.page.reload()
        visit.complaints.clear()


@pytest.mark.parametrize("name", FAMILIES)
async def test_a_page_is_whole_and_accessible(
    chromium: Browser, demo: Demo, lived_in: dict[str, str], axe: str, name: str
) -> None:
    family = FAMILIES[name]
    found: dict[str, list[str]] = {}
    async with visiting(chromium, demo.url(family.server)) as visit:
        await enter(visit, demo, family)
        for path in family.paths:
            await visit.open(path.format(**lived_in))
            if "{" in path:
                await visit.page.get_by_role("dialog").wait_for()
            await settled(visit.page)
            await check_everywhere(visit, axe, family, path, found)
        if complaints := unexpected(visit, family):
            found["console"] = complaints
    assert found == {}


async def test_a_carts_other_views_are_whole_and_accessible(
    chromium: Browser, demo: Demo, lived_in: dict[str, str], axe: str
) -> None:
    family = FAMILIES["cart"]
    found: dict[str, list[str]] = {}
    async with visiting(chromium, demo.url("cart-2"), size="phone") as visit:
        page = visit.page
        await settled(page)
        for index, view in enumerate(("basket", "map", "find", "try it")):
            await page.locator(".cart-tabs button").nth(index).click()
            await check_everywhere(visit, axe, family, view, found)
            await page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
        assert unexpected(visit, family) == []
    assert found == {}


async def test_a_touched_screen_is_whole_and_accessible(
    chromium: Browser, demo: Demo, lived_in: dict[str, str], axe: str
) -> None:
    family = FAMILIES["kiosk"]
    found: dict[str, list[str]] = {}
    async with visiting(chromium, demo.url("screen-1"), size="kiosk") as visit:
        page = visit.page
        await page.locator(".attract-touch").click()
        await expect(page.locator(".kiosk-result").first).to_be_visible()
        await check_everywhere(visit, axe, family, "search", found)
        await page.locator(".kiosk-search input").click()
        await page.locator(".keys").wait_for()
        await check_everywhere(visit, axe, family, "keyboard", found)
        await page.locator(".kiosk-result").first.click()
        await page.locator(".map-pin").wait_for()
        await check_everywhere(visit, axe, family, "found", found)
        assert unexpected(visit, family) == []
    assert found == {}


async def test_a_language_once_chosen_stays(chromium: Browser, demo: Demo) -> None:
    async with visiting(chromium, demo.url(), "/", language="en") as visit:
        page = visit.page
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.get_by_role("button", name="中文").click()
        await expect(page.get_by_role("heading", name="登录")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    async with visiting(chromium, demo.url(), "/", language="zh") as visit:
        await expect(visit.page.get_by_role("heading", name="登录")).to_be_visible()


async def test_the_clouds_own_address_says_where_a_carts_page_lives(chromium: Browser, demo: Demo) -> None:
    async with visiting(chromium, demo.url(), "/cart", size="phone") as visit:
        await expect(visit.page.get_by_text("This page lives on a device")).to_be_visible()
