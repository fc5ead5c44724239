"""The manager's price pages in a real browser before the fake cloud."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from dashboards import folder
from tests.demo import CHROMIUM_ARGUMENTS
from tests.fakes.pages_plan import gtin, now_ms
from tests.test_pages_fake import AXE_RULES, SIZES, Fake, settled, visiting

VIEWS = ("prices/promotions", "prices/import", "prices/versions")


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    """A fake cloud of this module's own: its prices are changed here."""
    if not (folder() / "lib" / "preact.js").is_file():
        pytest.skip("missing: the pages' libraries; run npm ci in dashboards/ and python -m dashboards.libs")
    server = Fake("home")
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="session")
async def chrome() -> AsyncIterator[Browser]:
    """The distribution's Chromium, headless."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("missing: chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def checker() -> str:
    """axe-core, the accessibility checker, as a script."""
    script = folder() / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("missing: axe-core; run npm ci in dashboards/")
    return script.read_text(encoding="utf-8")


def picked(**later: float) -> str:
    """Return a time to come as a datetime-local field has it: local, without a zone."""
    return (datetime.now(UTC) + timedelta(**later)).astimezone().strftime("%Y-%m-%dT%H:%M")


async def sheet(page: Page, product: str) -> Locator:
    """Open a product's sheet."""
    search = page.get_by_role("combobox")
    await search.fill(product)
    await expect(page.get_by_role("option")).to_have_count(1)
    await search.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator(".price-history .skeleton")).to_have_count(0)
    return dialog


async def at_each_size(page: Page, checker: str, where: str) -> dict[str, list[str]]:
    """Return what is wrong with a page as it stands, on a phone and on a desk."""
    found = {}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(checker)
    for size in ("phone", "desk"):
        width, height = SIZES[size]
        await page.set_viewport_size({"width": width, "height": height})
        over_px = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        result = await page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], iframes: false})", AXE_RULES
        )
        wrong = [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in result["violations"]]
        if over_px > 0 or wrong:
            found[f"{where} {size}"] = [f"scrolls sideways by {over_px} px", *wrong]
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_each_view_and_dialog_is_whole_and_accessible(
    chrome: Browser, fake: Fake, checker: str, language: str
) -> None:
    found: dict[str, list[str]] = {}
    async with visiting(chrome, fake, "/manager#/prices", role="manager", language=language) as visit:
        page = visit.page
        for view in VIEWS:
            await page.goto(f"{fake.url}/manager#/{view}")
            await settled(page)
            found |= await at_each_size(page, checker, view)
        await page.locator(".book[data-state=past] button").first.click()
        found |= await at_each_size(page, checker, "rollback")
        await page.keyboard.press("Escape")

        await page.goto(f"{fake.url}/manager#/prices/promotions")
        await page.locator(".wide-card .card-head button").click()
        await page.locator("#promotion-category").select_option("dairy")
        await page.locator(".effect-known").wait_for()
        found |= await at_each_size(page, checker, "promotion")
        await page.keyboard.press("Escape")

        await page.goto(f"{fake.url}/manager#/prices")
        await page.locator(".search-card .card-head button").click()
        await page.locator("#category").select_option("fruit")
        await page.locator(".effect-known").wait_for()
        found |= await at_each_size(page, checker, "category")
        await page.keyboard.press("Escape")

        dialog = await sheet(page, gtin(13))
        await dialog.locator("#new-price").fill("15.00")
        await dialog.locator(".extra input[type=checkbox]").check()
        await dialog.locator("input[name=when]").nth(1).check()
        await dialog.locator(".effect-known").wait_for()
        found |= await at_each_size(page, checker, "sheet")
        # The checker itself sets styles, which the policy rightly forbids.
        assert [said for said in visit.complaints if "Content Security Policy" not in said] == []
    assert found == {}


async def test_a_price_is_planned_counted_down_and_taken_back(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices", role="manager") as visit:
        page = visit.page
        dialog = await sheet(page, "Soy sauce")
        await dialog.get_by_label("New price").fill("11.00")
        await dialog.get_by_label("At a time").check()
        await dialog.get_by_label("From").fill(picked(hours=3))
        await expect(dialog.locator(".effect")).to_contain_text("lowest of 7 days")
        await dialog.get_by_role("button", name="Plan ¥11.00").click()
        await expect(dialog).to_have_count(0)
        await expect(page.locator(".toast")).to_contain_text("Soy sauce 500 ml: ¥11.00 planned for")

        plan = page.locator(".plan", has_text="Soy sauce")
        await expect(plan).to_contain_text(re.compile(r"in 2 h 5\d min"))
        await page.goto(f"{fake.url}/manager#/prices/versions")
        # Others may be planned for that hour, too.
        book = page.locator(".book[data-state=planned]", has_text="Soy sauce")
        await expect(book).to_have_count(1)
        await expect(book).to_contain_text("in 2 h")
        await page.goto(f"{fake.url}/manager#/prices")
        await plan.get_by_role("button", name="Take back").click()
        await page.get_by_role("dialog").get_by_role("button", name="Take back").click()
        await expect(page.locator(".toast", has_text="1 planned price taken back")).to_be_visible()
        await expect(plan).to_have_count(0)
        assert visit.complaints == []

        dialog = await sheet(page, "Soy sauce")
        await expect(dialog.locator(".points li").first).to_contain_text("Taken back")


async def test_a_plan_takes_effect_while_one_watches(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices", role="manager") as visit:
        page = visit.page
        # The field has whole minutes: the plan is made as a program would.
        body = {"gtin": gtin(24), "price_minor": 1190, "effective_ms": now_ms() + 2500}
        await visit.context.request.post(f"{fake.url}/api/stores/demo/prices", data=body)
        plan = page.locator(".plan", has_text="Soy sauce")
        await expect(plan).to_contain_text(re.compile(r"in \d s"))
        await expect(plan).to_have_count(0)
        await expect(page.locator(".change").first).to_contain_text("Soy sauce")


async def test_a_struck_out_price_above_the_lawful_one_is_refused_at_its_field(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices", role="manager") as visit:
        dialog = await sheet(visit.page, "Croissants")
        # Not below the lowest price of the days before: nothing may be struck out.
        await expect(dialog.get_by_label("Show a struck-out price")).to_be_disabled()
        await dialog.get_by_label("New price").fill("15.00")
        await dialog.get_by_label("Show a struck-out price").check()
        field = dialog.get_by_label("Struck-out price", exact=True)
        lawful = float(await field.input_value())
        assert lawful > 15
        await field.fill(f"{lawful + 1:.2f}")
        await dialog.get_by_role("button", name="Publish").click()
        await expect(dialog.locator("#was-price-note")).to_contain_text("a higher one would be a false reduction")
        await expect(field).to_be_focused()
        await field.fill(f"{lawful:.2f}")
        await dialog.get_by_label("Member price").fill("15.50")
        await dialog.get_by_role("button", name="Publish").click()
        await expect(dialog.locator("#member-price-note")).to_contain_text("Must be below ¥15.00")
        await dialog.get_by_label("Member price").fill("14.50")
        await dialog.get_by_role("button", name="Publish").click()
        await expect(dialog).to_have_count(0)
        row = visit.page.get_by_role("option", name="Croissants")
        await expect(row).to_contain_text(f"¥{lawful:.2f}")
        await expect(row).to_contain_text("members ¥14.50")
        # Undone with the note's own button, while it is there.
        await visit.page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(visit.page.locator(".toast", has_text="published again")).to_be_visible()


async def test_a_category_is_tried_then_changed_as_one(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices", role="manager") as visit:
        page = visit.page
        await page.get_by_role("button", name="Change a category").click()
        dialog = page.get_by_role("dialog", name="Change a category")
        await dialog.get_by_role("button", name="Publish").click()
        await expect(dialog.locator("#category-note")).to_have_text("Choose a category")
        await dialog.get_by_label("Category").select_option("snacks")
        await dialog.get_by_label("By, %").fill("5")
        await dialog.get_by_label(".90").check()
        effect = dialog.locator(".effect")
        await expect(effect).to_contain_text("3 prices change")
        await expect(effect.locator("tbody tr", has_text="Sea-salt crisps")).to_contain_text("¥7.90")
        await expect(effect).to_contain_text("of the last 120 affected")
        await dialog.get_by_role("button", name="Publish 3 prices").click()
        await expect(dialog).to_have_count(0)
        card = page.locator(".change[data-group]").first
        await expect(card).to_contain_text("3 prices together")
        await expect(card).to_contain_text("3 of 3 prices confirmed by all", timeout=15_000)
        await card.get_by_role("button", name="Show each").click()
        await expect(card.locator(".change")).to_have_count(3)


async def test_a_list_is_imported_and_what_was_wrong_downloaded(chrome: Browser, fake: Fake, tmp_path: Path) -> None:
    rows = [("gtin", "price_minor"), (gtin(30), "1350"), (gtin(29), "1590"), ("123", "500"), (gtin(28), "free")]
    content = "\n".join(",".join(row) for row in rows).encode()
    async with visiting(chrome, fake, "/manager#/prices/import", role="manager") as visit:
        page = visit.page
        chooser = page.locator('input[type="file"]')
        await chooser.set_input_files({"name": "prices.xlsx", "mimeType": "application/zip", "buffer": b"PK"})
        await expect(page.get_by_role("alert")).to_contain_text("ends in .csv or .json")
        await chooser.set_input_files({"name": "week.csv", "mimeType": "text/csv", "buffer": content})
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.locator(".progress")).to_contain_text("Checking row")
        # The import goes on while one looks elsewhere.
        await page.get_by_role("link", name="Versions").click()
        await page.get_by_role("link", name="Import").click()
        await expect(page.get_by_role("heading", name="week.csv is imported; 2 rows were not taken")).to_be_visible()
        await expect(page.locator(".rejected tbody tr")).to_have_count(2)
        await expect(page.locator(".rejected tbody tr").first).to_contain_text("123")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Download all as CSV").click()
        target = tmp_path / "rejected.csv"
        await (await coming.value).save_as(target)
        assert target.read_text("utf-8-sig").splitlines()[0] == "row,gtin,reason"
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="Example as CSV").click()
        assert (await coming.value).suggested_filename == "prices.csv"

        await page.get_by_role("button", name="Import another file").click()
        await chooser.set_input_files({"name": "list.json", "mimeType": "application/json", "buffer": b"{"})
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was imported: This file cannot be read")


async def test_one_goes_back_to_an_earlier_book_and_sees_who_holds_it(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices/versions", role="manager") as visit:
        page = visit.page
        before = await page.locator(".book[data-state=current] b").text_content()
        await page.get_by_role("button", name="Go back to book 41").click()
        dialog = page.get_by_role("dialog", name="Go back to book 41?")
        await expect(dialog).to_contain_text("no longer counts")
        await expect(dialog).to_contain_text(before or "Book")
        await dialog.get_by_role("button", name="Go back to book 41").click()
        await expect(page.locator(".toast")).to_contain_text("Back to book 41")
        now = page.locator(".book[data-state=current]")
        await expect(now).to_contain_text("Back to book 41")
        await expect(now.locator("b")).not_to_have_text(before or "")
        await expect(page.locator(".holders-bar")).to_contain_text(re.compile(r"[1-6] of 7 hold book \d+"))
        await expect(page.locator(".holders-bar")).to_contain_text("7 of 7 hold book", timeout=15_000)


async def test_a_promotion_is_made_tried_changed_deleted_and_brought_back(chrome: Browser, fake: Fake) -> None:
    async with visiting(chrome, fake, "/manager#/prices/promotions", role="manager") as visit:
        page = visit.page
        await page.get_by_role("button", name="New promotion").click()
        dialog = page.get_by_role("dialog", name="New promotion")
        await dialog.get_by_label("Kind").select_option(label="Buy some, get some")
        await dialog.get_by_label("Some products").check()
        await dialog.get_by_role("button", name="Create").click()
        await expect(dialog.locator("#promotion-product-note")).to_have_text("Choose at least one product")
        await dialog.get_by_label("Add a product").fill("rice")
        await dialog.get_by_role("button", name="Northeast rice").click()
        await dialog.get_by_label("Buy", exact=True).fill("1")
        await expect(dialog.locator(".promotion-says")).to_contain_text("Northeast rice 5 kg: buy 1, get 1 free")
        await expect(dialog.locator(".effect")).to_contain_text("of the last 120 affected")
        await dialog.get_by_label("Ends").fill("2020-01-01T00:00")
        await dialog.get_by_role("button", name="Create").click()
        await expect(dialog.locator("#promotion-ends-note")).to_have_text("The end must come after the start")
        await dialog.get_by_label("Ends").fill(picked(days=2))
        await dialog.get_by_role("button", name="Create").click()
        await expect(dialog).to_have_count(0)
        row = page.locator(".promotion", has_text="Northeast rice")
        await expect(row).to_contain_text("Running")
        await expect(row).to_contain_text("ends in 1 d")

        await row.get_by_role("button", name="Edit promotion").click()
        dialog = page.get_by_role("dialog", name="Edit promotion")
        await expect(dialog.get_by_label("Buy", exact=True)).to_have_value("1")
        await dialog.get_by_label("With a coupon").check()
        await dialog.get_by_label("Coupon code").fill("RICE")
        await dialog.get_by_role("button", name="Save").click()
        await expect(row).to_contain_text("with coupon RICE")

        await row.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(row).to_have_count(0)
        await page.locator(".toast").get_by_role("button", name="Bring back").click()
        await expect(row).to_have_count(1)
        assert visit.complaints == []
