"""The pages in a real browser before a store made up in memory: every page, both languages, three sizes."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from dashboards import folder
from dashboards.libs import SERVED, LibraryMissingError, relative_imports
from tests.demo import CHROMIUM_ARGUMENTS

ROOT = Path(__file__).resolve().parents[1]
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"phone": (390, 844), "kiosk": (1080, 1920), "desk": (1440, 900)}
LOOKED_AT = {
    "home": ("phone", "desk"),
    "cart": ("phone", "desk"),
    "kiosk": ("kiosk", "desk"),
    "status": ("phone",),
    "gateway": ("phone", "desk"),
}
"""The sizes at which the pages of a server are used."""
PAGES = [
    ("home", "/", None),
    ("home", "/manager", None),
    ("home", "/manager", "manager"),
    ("home", "/manager#/prices", "manager"),
    ("home", "/manager#/labels/label-3", "manager"),
    ("home", "/manager#/labels/templates", "manager"),
    ("home", "/manager#/labels/templates/offer-bwr", "manager"),
    ("home", "/manager#/shelves", "manager"),
    ("home", "/manager#/sound", "manager"),
    ("home", "/manager#/offers", "manager"),
    ("home", "/floor", "associate"),
    ("home", "/floor#/done", "associate"),
    ("home", "/tech", "tech"),
    ("home", "/tech#/labels", "tech"),
    ("home", "/tech#/positioning", "tech"),
    ("home", "/tech#/devices", "tech"),
    ("home", "/tech#/devices/till-1", "tech"),
    ("home", "/hq", "hq"),
    ("home", "/hq#/models", "hq"),
    ("home", "/hq#/security", "hq"),
    ("home", "/hq#/dead-letters", "hq"),
    ("cart", "/", None),
    ("cart", "/#/survey", None),
    ("cart", "/#/camera", None),
    ("kiosk", "/", None),
    ("status", "/", None),
    ("gateway", "/", None),
    ("gateway", "/#pass=a-pass&bay=", None),
    ("gateway", "/#pass=a-pass&bay=bay-1", None),
    ("gateway", "/?#pass=a-pass&bay=&to=items", None),
]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Fake:
    """A fake server process with one home page; it may be ended and started again at its address."""

    home: str
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.fakes.pages_server", "--port", str(self.port), "--home", self.home]
        self.process = subprocess.Popen(command, cwd=ROOT)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        pytest.fail(f"the fake {self.home} server did not start")

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def wreck(self, **how: Any) -> None:
        """See `/fake/break`."""
        body = json.dumps(how).encode()
        request = urllib.request.Request(f"{self.url}/fake/break", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()


@pytest.fixture(scope="session")
def fakes() -> Iterator[dict[str, Fake]]:
    """One fake server for each home page."""
    if not (folder() / "lib" / "preact.js").is_file():
        pytest.skip("missing: the pages' libraries; run npm ci in dashboards/ and python -m dashboards.libs")
    servers = {home: Fake(home) for home in ("home", "cart", "kiosk", "status", "gateway")}
    for server in servers.values():
        server.start()
    yield servers
    for server in servers.values():
        server.end()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, the accessibility checker, as a script."""
    script = folder() / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("missing: axe-core; run npm ci in dashboards/")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The distribution's Chromium, headless."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("missing: chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Visit:
    """A page in its own context, with everything that went wrong on it."""

    page: Page
    context: BrowserContext
    complaints: list[str]


@contextlib.asynccontextmanager
async def visiting(
    browser: Browser, server: Fake, path: str, *, role: str | None = None, language: str = "en", size: str = "desk"
) -> AsyncIterator[Visit]:
    """Open a page, signed in if asked, in a language, at a size."""
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    await context.add_init_script(
        f"localStorage.getItem('aisle.language') ?? localStorage.setItem('aisle.language', '{language}')"
    )
    if role is not None:
        await context.request.post(f"{server.url}/api/session", data={"name": role, "password": f"{role}-demo"})
    page = await context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    try:
        await page.goto(server.url + path)
        yield Visit(page, context, complaints)
    finally:
        await context.close()


async def settled(page: Page) -> None:
    """Wait until nothing on the page is still loading."""
    await page.locator("main").first.wait_for()
    await expect(page.locator(".skeleton")).to_have_count(0)


async def check(page: Page, axe: str) -> list[str]:
    """Return what axe finds and whether the page scrolls sideways."""
    found: list[str] = []
    over_px = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if over_px > 0:
        found.append(f"scrolls sideways by {over_px} px")
    await page.evaluate(axe)
    result = await page.evaluate("rules => axe.run(document, {runOnly: rules})", AXE_RULES)
    for violation in result["violations"]:
        found.append(f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}")
    return found


@pytest.mark.parametrize(("home", "path", "role"), PAGES)
async def test_a_page_is_whole_and_accessible_in_both_languages_at_its_sizes(
    browser: Browser, fakes: dict[str, Fake], axe: str, home: str, path: str, role: str | None
) -> None:
    found: dict[str, list[str]] = {}

    async def look(language: str, size: str) -> None:
        async with visiting(browser, fakes[home], path, role=role, language=language, size=size) as visit:
            await settled(visit.page)
            # Not being signed in is an answer, which the browser notes as an error.
            complaints = [said for said in visit.complaints if "401" not in said]
            found[f"{language} {size}"] = [*complaints, *await check(visit.page, axe)]

    async with anyio.create_task_group() as group:
        for language in ("zh", "en"):
            for size in LOOKED_AT[home]:
                group.start_soon(look, language, size)
    assert {where: what for where, what in found.items() if what} == {}


async def test_a_language_once_chosen_is_remembered(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/manager", role="manager") as visit:
        await visit.page.get_by_role("button", name="中文").click()
        await expect(visit.page.get_by_role("link", name="价签", exact=True)).to_be_visible()
        await visit.page.reload()
        await expect(visit.page.get_by_role("link", name="价签", exact=True)).to_be_visible()
        assert await visit.page.locator("html").get_attribute("lang") == "zh-CN"


async def test_every_word_is_there_in_both_languages_with_the_same_blanks(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    modules = [f"/ui/words/{path.name}" for path in sorted((folder() / "ui" / "words").glob("*.js"))]
    async with visiting(browser, fakes["home"], "/") as visit:
        words = await visit.page.evaluate(
            """async modules => {
                const found = [];
                for (const address of modules) {
                    for (const [group, words] of Object.entries(await import(address)))
                        for (const [key, word] of Object.entries(words))
                            found.push([`${address} ${group}.${key}`, word]);
                }
                return found;
            }""",
            modules,
        )
    assert len(words) > 200

    def blanks(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    wrong = [
        name
        for name, word in words
        if not word.get("zh")
        or not word.get("en")
        or (blanks(word["zh"]) != blanks(word["en"]) and "message" not in word["zh"])
    ]
    assert wrong == []


def test_every_word_that_a_page_says_stands_in_the_dictionary() -> None:
    ui = folder() / "ui"
    wrong = []
    for source in [*ui.glob("pages/**/*.js"), *ui.glob("parts/**/*.js"), *ui.glob("core/*.js")]:
        text = source.read_text(encoding="utf-8")
        for name, target in re.findall(r"import (\w+)[^;]*? from '([^']*words/\w+\.js)'", text):
            known = (source.parent / target).resolve().read_text(encoding="utf-8")
            wrong += [
                f"{source.name}: {name}.{key}"
                for key in re.findall(rf"(?<!/)\b{name}\.(\w+)", text)
                if not re.search(rf"^\s+{key}: ", known, re.MULTILINE)
            ]
    assert wrong == []


async def test_a_demo_account_signs_in_with_one_tap(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/", size="phone") as visit:
        await visit.page.get_by_role("button", name="Field tech").click()
        await expect(visit.page.get_by_role("heading", name="Hello, Field tech")).to_be_visible()
        await visit.page.get_by_role("link", name="Field tech").click()
        await expect(visit.page.get_by_role("button", name="Make a claim code")).to_be_visible()


async def test_a_price_is_found_changed_and_followed_by_keyboard_alone(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/manager#/prices", role="manager") as visit:
        page = visit.page
        await expect(page.get_by_role("option").first).to_be_visible()
        await page.keyboard.press("/")
        await page.keyboard.type("milk")
        await expect(page.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Change price")
        await expect(dialog.get_by_label("New price")).to_be_focused()
        await page.keyboard.type("11.50")
        await expect(dialog).to_contain_text("−¥1.40")
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        newest = page.locator(".change").first
        await expect(newest).to_contain_text("Fresh milk 1 L")
        await expect(newest).to_contain_text("All confirmed in", timeout=15_000)
        assert await newest.locator(".step-name").all_text_contents() == [
            "Published",
            "Held",
            "Charged",
            "Labels prepared",
            "Labels armed",
            "Labels show",
            "Confirmed",
        ]


async def test_a_slip_of_the_decimal_point_is_asked_about_before_it_is_sent(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/manager#/prices", role="manager") as visit:
        page = visit.page
        await page.get_by_role("option", name="Potatoes").click()
        dialog = page.get_by_role("dialog", name="Change price")
        # Over ten times: the page asks. Between five and ten: this server does, and the page shows it the same way.
        for price, times in (("380.00", "100"), ("30.00", "7.9")):
            await dialog.get_by_label("New price").fill(price)
            await dialog.get_by_role("button", name="Publish").click()
            await expect(dialog).to_contain_text(f"{times} times the price")
        await dialog.get_by_label("I have checked").check()
        await dialog.get_by_role("button", name="Publish").click()
        await expect(dialog).to_have_count(0)
        newest = page.locator(".change").first
        await expect(newest).to_contain_text("All confirmed in", timeout=15_000)
        assert "Released" in await newest.locator(".step-name").all_text_contents()
        await newest.get_by_role("button", name="Undo").click()
        await page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        await expect(page.locator(".change").first).to_contain_text("¥3.80")


async def test_escape_closes_the_dialog_and_the_keyboard_is_back_where_it_was(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/manager#/prices", role="manager") as visit:
        page = visit.page
        search = page.get_by_role("combobox", name="Find a product")
        await search.fill("tomato")
        await expect(page.get_by_role("option")).to_have_count(1)
        await search.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(search).to_be_focused()


async def test_the_map_moves_carts_and_says_what_a_label_is(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/manager", role="manager") as visit:
        page = visit.page
        cart = page.locator('[data-mark="device:cart-2"]')
        await cart.wait_for()
        before = await cart.get_attribute("style")
        await expect(cart).not_to_have_attribute("style", before or "")
        await page.locator('[data-mark="label:label-1"]').click()
        await expect(page.locator(".map-note")).to_contain_text("label-1")
        await page.get_by_role("group", name="Store map").focus()
        await page.keyboard.press("+")
        await expect(page.get_by_role("button", name="Show all")).to_be_enabled()
        await page.keyboard.press("0")
        await expect(page.get_by_role("button", name="Show all")).to_be_disabled()


async def test_a_sound_is_uploaded_scheduled_and_a_wrong_file_refused(
    browser: Browser, fakes: dict[str, Fake], tmp_path: Path
) -> None:
    wrong = tmp_path / "letter.txt"
    wrong.write_text("not a sound")
    async with visiting(browser, fakes["home"], "/manager#/sound", role="manager") as visit:
        page = visit.page
        chooser = page.locator('input[type="file"]')
        await chooser.set_input_files(wrong)
        await page.get_by_role("button", name="Upload", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("not a WAV")
        await chooser.set_input_files(
            {"name": "jingle.wav", "mimeType": "audio/wav", "buffer": b"RIFF" + bytes(64_000)}
        )
        await page.get_by_label("Title").fill("Jingle")
        await page.get_by_role("button", name="Upload", exact=True).click()
        row = page.locator(".row", has_text="Jingle")
        await row.get_by_role("button", name="Schedule").click()
        await page.get_by_role("dialog").get_by_role("button", name="Schedule").click()
        await expect(page.locator(".toast", has_text="Jingle is scheduled")).to_be_visible()


async def test_a_claim_counts_down_until_its_device_appears(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/tech", role="tech", size="phone") as visit:
        page = visit.page
        await page.get_by_text("Promo speaker").click()
        await page.get_by_label("Device name").fill("Speaker by the bakery")
        await page.get_by_role("button", name="Make a claim code").click()
        picture = page.get_by_role("img", name="QR code of claim")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("image => image.naturalWidth") > 100
        await expect(page.get_by_role("timer")).to_contain_text(re.compile(r"expires in \d+:\d\d"))
        await expect(page.get_by_role("heading", name="Speaker by the bakery is enrolled")).to_be_visible(
            timeout=20_000
        )


async def test_a_label_is_paired_with_a_scanner_alone_and_the_slip_taken_back(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/tech#/labels", role="tech", size="phone") as visit:
        page = visit.page
        row = page.locator(".row", has_text="F0:00:00:00:00:03")
        before = await row.locator("b").text_content()
        other = await page.locator(".row", has_text="F0:00:00:00:00:09").locator("small").text_content()
        assert other is not None
        gtin = other.split(" · ")[2]
        await page.get_by_label("1. Scan the product").focus()
        # A scanner types and presses Enter.
        await page.keyboard.type(gtin)
        await page.keyboard.press("Enter")
        await page.keyboard.type("F0:00:00:00:00:FF")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("No such label hangs here")
        await page.keyboard.type("F0:00:00:00:00:03")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast", has_text="label-3 now belongs to")).to_be_visible()
        await expect(row.locator("b")).not_to_have_text(before or "")
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(row.locator("b")).to_have_text(before or "")
        await row.get_by_role("button", name="Flash label-3").click()
        await expect(page.locator(".toast", has_text="label-3 will flash for 20 s")).to_be_visible()


async def test_a_template_is_made_from_another_tried_saved_and_used(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/manager#/labels/templates", role="manager") as visit:
        page = visit.page
        await page.locator("[data-template=offer-bwr]").get_by_role("button", name="Edit a copy").click()
        picture = page.locator(".te-panel > img")
        before = await picture.get_attribute("src")
        element = page.locator(".te-elements .pick").nth(4)
        await element.focus()
        for key in ("ArrowDown", "ArrowRight", "Shift+ArrowLeft"):
            await page.keyboard.press(key)
        await expect(element).to_contain_text("141, 31 · 149×60")
        await expect(picture).not_to_have_attribute("src", before or "")
        await page.keyboard.press("Control+z")
        await expect(element).to_contain_text("141, 31 · 150×60")
        frame = page.locator(".te-frame[data-place='4']")
        grip = await frame.locator(".te-grip").bounding_box()
        assert grip is not None
        await page.mouse.move(grip["x"] + 8, grip["y"] + 8)
        await page.mouse.down()
        await page.mouse.move(grip["x"] - 40, grip["y"] + 8, steps=4)
        await page.mouse.up()
        await expect(element).not_to_contain_text("150×60")
        await page.get_by_role("button", name="Undo").click()
        await expect(element).to_contain_text("141, 31 · 150×60")

        await page.locator(".te-elements .pick", has_text="Text").first.click()
        await page.get_by_label("Smallest").first.fill("23")
        await page.get_by_label("Largest").first.fill("22")
        await expect(page.locator(".te-said")).to_contain_text("min_px 23 is larger than max_px 22")
        await expect(page.get_by_role("button", name="Save the template")).to_be_disabled()
        await page.get_by_label("Smallest").first.fill("16")
        await page.get_by_role("button", name="Check all products").click()
        await expect(page.locator(".te-checked")).to_contain_text("every code reads back")
        await page.get_by_label("Id", exact=True).fill("house")
        await page.get_by_role("button", name="Save the template").click()
        await expect(page.locator(".toast")).to_contain_text("is saved")
        await expect(page.get_by_label("Id", exact=True)).to_be_disabled()

        await page.get_by_role("link", name="Back to the templates").click()
        tile = page.locator("[data-template=house]")
        await tile.get_by_role("button", name="Use on all 13 labels").click()
        await page.get_by_role("dialog").get_by_role("button", name="Use on all 13 labels").click()
        await expect(tile).to_contain_text("on 13 labels")
        assert visit.complaints == [
            "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
        ] * len(visit.complaints)


async def test_what_is_wrong_with_a_label_is_a_task_that_says_what_helps_and_is_taken(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/manager#/labels", role="manager", size="phone") as visit:
        task = visit.page.locator("[data-task=label-9]")
        await expect(task).to_contain_text("replace it")
        await expect(visit.page.locator("[data-task=label-7]")).to_contain_text("Overdue")
        await task.get_by_role("button", name="I see to it").click()
        await expect(task).to_contain_text("manager sees to it")
        await task.get_by_role("button", name="Give back").click()
        await expect(task).not_to_contain_text("manager sees to it")
        await visit.page.get_by_role("button", name=re.compile("Needs service")).first.click()
        await expect(visit.page.locator(".label-tile")).to_have_count(1)


async def test_a_label_is_replaced_hung_and_taken_down_and_an_address_twice_is_named(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/tech#/labels", role="tech") as visit:
        page = visit.page
        await page.get_by_role("button", name="Replace label-4", exact=True).click()
        await page.get_by_label("Code of the label").fill("F0:00:00:00:00:05")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_contain_text(
            "is label-5 already: no two labels may have one address"
        )
        await page.get_by_label("Code of the label").fill("F0:00:00:00:01:05")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast")).to_contain_text("label-4 is replaced")
        await page.get_by_role("button", name="Hang a new label").click()
        await page.get_by_label("Code of the label").fill("F0:00:00:00:01:06")
        await page.get_by_label("Code of the product").fill("6901230000102")
        await page.get_by_role("dialog").get_by_role("button", name="Hang a new label").click()
        await expect(page.locator(".toast").last).to_contain_text("label-41 hangs")
        await page.get_by_label("Find a label").fill("F0:00:00:00:01:06")
        await page.get_by_role("button", name=re.compile("Take label-4.* down")).click()
        await page.get_by_role("dialog").get_by_role("button", name="Take down").click()
        await expect(page.locator(".row .row-text", has_text="F0:00:00:00:01:06")).to_have_count(0)


async def test_a_server_error_is_a_sentence_with_a_way_to_try_again(browser: Browser, fakes: dict[str, Fake]) -> None:
    server = fakes["home"]
    server.wreck(path="/api/stores/demo/snapshot", status=500)
    try:
        async with visiting(browser, server, "/manager", role="manager") as visit:
            await expect(visit.page.get_by_role("alert")).to_contain_text("The server had a problem (500)")
            server.wreck()
            await visit.page.get_by_role("button", name="Try again").click()
            await expect(visit.page.get_by_role("group", name="Store map")).to_be_visible()
    finally:
        server.wreck()


async def test_a_page_says_that_the_server_is_gone_and_catches_up_when_it_returns(browser: Browser) -> None:
    server = Fake("cart")
    server.start()
    try:
        async with visiting(browser, server, "/", size="phone") as visit:
            page = visit.page
            await expect(page.get_by_role("region", name="Basket")).to_be_visible()
            server.end()
            await expect(page.locator(".network")).to_contain_text("Disconnected")
            server.start()
            await expect(page.locator(".network")).to_have_count(0, timeout=20_000)
    finally:
        server.end()


async def test_a_cart_shows_what_was_scanned_and_takes_out_a_line(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["cart"], "/", size="phone") as visit:
        page = visit.page
        await page.get_by_role("button", name="Try it").click()
        drawer = page.get_by_role("complementary", name="Try it")
        await drawer.get_by_role("button", name="Wholemeal loaf").click()
        await drawer.get_by_role("button", name="Close").click()
        await page.get_by_role("button", name="Basket", exact=True).click()
        await expect(page.locator(".line", has_text="Wholemeal loaf")).to_be_visible()
        small = await page.evaluate(
            """[...document.querySelectorAll('button, a')].filter(one => one.offsetParent)
               .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
               .filter(([, box]) => box.width < 48 || box.height < 48).map(([text]) => text)"""
        )
        assert small == []
        await page.get_by_role("button", name="Take out Wholemeal loaf").click()
        await expect(page.locator(".line", has_text="Wholemeal loaf")).to_have_count(0)


@pytest.mark.parametrize(("home", "size"), [("cart", "phone"), ("cart", "kiosk"), ("status", "phone")])
async def test_a_weighed_line_shows_how_it_comes_to_its_price_and_a_refused_code_says_why(
    browser: Browser, fakes: dict[str, Fake], axe: str, home: str, size: str
) -> None:
    # The dictionary of servers is asked for, because it skips where libraries are missing.
    assert home in fakes
    server = Fake(home)
    server.start()
    try:
        async with visiting(browser, server, "/", size=size) as visit:
            await settled(visit.page)
            server.wreck(weigh_g=482)
            line = visit.page.locator("li", has_text="Lychees")
            await expect(line).to_contain_text("0.482 kg × ¥39.80/kg")
            await expect(line).to_contain_text("19.18")
            server.wreck(refuse="not-weighed")
            await expect(visit.page.locator("main")).to_contain_text("This has not been weighed")
            assert await check(visit.page, axe) == []
            await visit.page.get_by_role("button", name="Take out Lychees").click()
            await expect(line).to_have_count(0)
            assert visit.complaints == []
    finally:
        server.end()


async def test_a_survey_is_walked_by_taps_and_taken_back_leg_by_leg(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["cart"], "/#/survey") as visit:
        page = visit.page
        await page.get_by_role("button", name="Start a survey").click()
        await expect(page.get_by_text("Tap where you stand now")).to_be_visible()
        floor = page.locator(".survey-map svg").first
        await floor.click(position={"x": 200, "y": 200}, force=True)
        await expect(page.get_by_text("Walk straight, then tap where you are")).to_be_visible()
        await floor.click(position={"x": 500, "y": 200}, force=True)
        await expect(page.locator(".toast", has_text="Leg 1: 321 packets")).to_be_visible()
        await expect(page.locator(".map-way line")).to_have_count(1)
        await expect(page.locator(".figure", has_text="Expected error")).to_contain_text("1.2 m")
        assert await page.locator(".map-heat rect").count() > 100
        await page.get_by_role("button", name="Undo the last leg").click()
        await expect(page.locator(".map-way line")).to_have_count(0)
        await page.get_by_role("button", name="Finish").click()
        await expect(page.get_by_role("button", name="Start a survey")).to_be_visible()
        await page.get_by_role("link", name="Back").click()
        await expect(page.get_by_role("heading", name="Basket")).to_be_visible()
        assert visit.complaints == []


async def test_the_cameras_view_outlines_what_was_read_and_says_why_another_was_not(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["cart"], "/") as visit:
        page = visit.page
        await page.get_by_role("link", name="Camera view").click()
        await expect(page.get_by_text("6901234567892")).to_be_visible()
        await expect(page.locator('.camera-picture polygon[data-state="read"]')).to_have_count(1)
        await expect(page.locator('.camera-picture polygon[data-state="doubt"]')).to_have_count(1)
        await expect(page.get_by_text("Blurred: hold it still")).to_be_visible()
        await page.get_by_role("link", name="Back to shopping").click()
        await expect(page.get_by_role("heading", name="Basket")).to_be_visible()


async def test_a_technician_puts_a_survey_to_use_and_sees_which_beacons_ail(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    async with visiting(browser, fakes["home"], "/tech#/positioning", role="tech") as visit:
        page = visit.page
        walked = page.locator(".row", has_text="Cart 1")
        await walked.get_by_role("button", name="Use it").click()
        await expect(walked.get_by_text("in use")).to_be_visible()
        await expect(page.locator("tr", has_text="Silent")).to_have_count(1)
        await expect(page.locator("tr", has_text="Battery low")).to_contain_text("2.31 V")
        await expect(page.get_by_text("Hang one more beacon at")).to_be_visible()
        await page.locator(".row", has_text="Cart 2").get_by_role("button", name="Delete this survey").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete this survey").click()
        await expect(page.locator(".row", has_text="Cart 2")).to_have_count(0)
        assert visit.complaints == []


async def test_a_cart_out_of_the_gateways_reach_says_provisional_and_why(
    browser: Browser, fakes: dict[str, Fake]
) -> None:
    server = fakes["cart"]
    server.wreck(local_online=False)
    try:
        async with visiting(browser, server, "/") as visit:
            await visit.page.get_by_role("button", name="Provisional").click()
            await expect(visit.page.locator(".basket")).to_contain_text("never above a shelf label")
    finally:
        server.wreck(local_online=True)


async def test_a_kiosk_finds_by_pinyin_initials_on_its_own_keyboard(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["kiosk"], "/", language="zh", size="kiosk") as visit:
        page = visit.page
        await page.get_by_role("button", name="轻触屏幕").click()
        await page.get_by_role("textbox", name="查找商品").click()
        for letter in "xnn":
            await page.get_by_role("group", name="键盘").get_by_role("button", name=letter, exact=True).click()
        result = page.locator(".kiosk-result")
        await expect(result).to_have_count(1)
        await expect(result).to_contain_text("鲜牛奶")
        await result.click()
        await expect(page.locator(".map-pin")).to_have_count(1)


async def test_a_kiosk_lowers_its_controls_for_a_seated_person(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["kiosk"], "/", size="kiosk") as visit:
        page = visit.page
        await page.get_by_role("button", name="Touch to find").click()
        await page.get_by_role("button", name="Lower the controls").click()
        # On a 55-inch screen (121 cm) hung at 30 cm, a reach of 120 cm is the lower three quarters.
        await page.get_by_role("textbox", name="Find a product").click()
        tops = await page.evaluate(
            """[...document.querySelectorAll('.kiosk-side button, .kiosk-side input')]
               .filter(one => one.offsetParent).map(one => one.getBoundingClientRect().top)"""
        )
        assert min(tops) > 0.4 * SIZES["kiosk"][1]


def _get(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=5) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, {name.lower(): value for name, value in refused.headers.items()}


def test_files_come_with_their_type_an_etag_and_a_policy_that_allows_only_us(fakes: dict[str, Fake]) -> None:
    url = fakes["home"].url
    for path, media_type in (
        ("/", "text/html"),
        ("/ui/core/i18n.js", "text/javascript"),
        ("/lib/preact.js", "text/javascript"),
    ):
        status, headers = _get(url + path)
        assert (status, headers["content-type"].split(";")[0]) == (200, media_type)
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert _get(url + path, {"If-None-Match": headers["etag"]})[0] == 304


@pytest.mark.parametrize(
    "path", ["/ui/../serve.py", "/ui/%2e%2e/serve.py", "/ui/page.html", "/lib/../package.json", "/ui/"]
)
def test_nothing_beside_the_served_files_is_served(fakes: dict[str, Fake], path: str) -> None:
    assert _get(fakes["home"].url + path)[0] == 404


def test_an_agent_has_its_own_page_alone(fakes: dict[str, Fake]) -> None:
    url = fakes["cart"].url
    assert [_get(url + path)[0] for path in ("/", "/cart", "/manager", "/hq")] == [200, 200, 404, 404]


def test_libraries_import_their_neighbours_and_nothing_else() -> None:
    assert relative_imports('import{h}from"preact";') == 'import{h}from"./preact.js";'
    assert relative_imports("export * from '@preact/signals-core'\n//# sourceMappingURL=x.map") == (
        "export * from './preact-signals-core.js'\n"
    )
    with pytest.raises(LibraryMissingError, match="left-pad"):
        relative_imports('import pad from "left-pad";')


def test_the_lock_file_pins_every_library_and_names_no_host() -> None:
    wanted = json.loads((folder() / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((folder() / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", one)
        for one in [*wanted["dependencies"].values(), *wanted["devDependencies"].values()]
    )
    assert [
        name for name, package in locked.items() if name and ("resolved" in package or "integrity" not in package)
    ] == []
    assert {path.split("/")[0] for path in SERVED.values()} <= {name.split("/")[1] for name in locked if name}
