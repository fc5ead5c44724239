"""The pages of shelves in a real browser: an associate's tasks, the manager's bays, photos on the gateway."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from device_drivers.camera.generated.shelf import as_csv
from tests.fakes import bays
from tests.test_pages_fake import Fake, axe, browser, check, fakes, visiting

__all__ = ["axe", "browser", "fakes"]

PHOTO = '.shelf-take input[type="file"]'


def photo(*, is_stocked: bool) -> dict[str, object]:
    return {"name": "bay.png", "mimeType": "image/png", "buffer": bays.photo(is_stocked=is_stocked).data}


async def test_an_associate_takes_a_task_and_sees_only_theirs(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/floor", role="associate", size="phone") as visit:
        page = visit.page
        first = page.locator(".task", has_text="Fresh milk")
        await expect(first).to_contain_text("2 of 5 facings are empty: refill it")
        await expect(first).to_contain_text("shelf 2, place 3, 4")
        late = page.locator(".task", has_text="Plain yoghurt")
        await expect(late).to_contain_text("Overdue · now the manager’s, too")
        await page.get_by_role("button", name="Overdue").click()
        await expect(page.locator(".task", has_text="Fresh milk")).to_have_count(0)
        await expect(late).to_be_visible()
        # What is theirs cannot be dropped by an associate.
        await expect(page.get_by_role("button", name="Not needed")).to_have_count(0)
        await page.get_by_role("link", name="Done").click()
        await expect(page.locator(".row", has_text="proved by a photo").first).to_be_visible()


async def test_a_manager_drops_a_task_with_a_reason(browser: Browser, fakes: dict[str, Fake]) -> None:
    async with visiting(browser, fakes["home"], "/manager#/shelves", role="manager") as visit:
        page = visit.page
        task = page.locator(".task", has_text="Cheese slices")
        await task.get_by_role("button", name="Not needed").click()
        await page.get_by_label("Why").fill("sold off already")
        await page.get_by_role("dialog").get_by_role("button", name="Drop the task").click()
        await expect(task).to_have_count(0)
        await expect(page.locator(".toast", has_text="Cheese slices, 12: done")).to_be_visible()


async def test_a_bay_is_added_and_a_wrong_planogram_told_where_it_stands(
    browser: Browser, fakes: dict[str, Fake], tmp_path: Path
) -> None:
    plan, wrong = tmp_path / "plan.csv", tmp_path / "wrong.csv"
    plan.write_text(as_csv(bays.plan()))
    wrong.write_text("shelf,position\n1,1\n")
    pictures = [
        {"name": f"{gtin}.png", "mimeType": "image/png", "buffer": data} for gtin, data in bays.fronts().items()
    ]
    async with visiting(browser, fakes["home"], "/manager#/shelves", role="manager") as visit:
        page = visit.page
        await page.get_by_role("button", name="Add a bay").click()
        dialog = page.get_by_role("dialog", name="Add a bay")
        await dialog.get_by_label("Name in English").fill("By the door")
        await dialog.locator("#bay-plan").set_input_files(wrong)
        await dialog.locator("#bay-pictures").set_input_files(pictures)  # type: ignore[arg-type]
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("missing: gtin")
        await dialog.locator("#bay-plan").set_input_files(plan)
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        bay = page.locator(".bay", has_text="By the door")
        await bay.get_by_role("button", name="Take out").click()
        await page.get_by_role("dialog").get_by_role("button", name="Take out").click()
        await expect(bay).to_have_count(0)


async def test_photos_of_a_bay_show_what_is_wrong_and_that_it_is_right_again(
    browser: Browser, fakes: dict[str, Fake], axe: str
) -> None:
    amiss = sum(
        stands != facing.product.gtin
        for facing, stands in zip(bays.plan().facings, bays.photo(is_stocked=False).stands, strict=True)
    )
    for size in ("phone", "desk"):
        async with visiting(browser, fakes["gateway"], "/#pass=a-pass&bay=bay-1", size=size) as visit:
            page = visit.page
            await expect(page.get_by_role("heading", name="Aisle 3, first bay")).to_be_visible()
            # The pass does not stay where it would be copied along.
            assert "a-pass" not in page.url
            await page.locator(PHOTO).set_input_files(photo(is_stocked=False))  # type: ignore[arg-type]
            now = page.locator(".shelf-photo", has=page.get_by_role("heading", name="Now"))
            await expect(now.locator("polygon[data-state]")).to_have_count(amiss, timeout=20_000)
            await expect(now.locator(".shelf-findings li")).to_have_count(amiss)
            await page.locator(PHOTO).set_input_files(photo(is_stocked=True))  # type: ignore[arg-type]
            await expect(now).to_contain_text("All stands as planned", timeout=20_000)
            before = page.locator(".shelf-photo", has=page.get_by_role("heading", name="Before"))
            await expect(before.locator("polygon[data-state]")).to_have_count(amiss)
            await page.get_by_label("Last day of the oldest pack").fill("2026-12-24")
            await page.get_by_role("button", name="Write it down").click()
            await expect(page.locator(".toast", has_text="Written down")).to_be_visible()
            assert await check(page, axe) == []


@pytest.mark.parametrize(("data", "says"), [(b"no picture", "no photo that can be read"), (b"", "Take it again")])
async def test_what_is_no_photo_is_told_and_can_be_taken_again(
    browser: Browser, fakes: dict[str, Fake], data: bytes, says: str
) -> None:
    async with visiting(browser, fakes["gateway"], "/#pass=a-pass&bay=bay-1", size="phone") as visit:
        page = visit.page
        await page.locator(PHOTO).set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": data})
        await expect(page.get_by_role("alert")).to_contain_text(says)
        await expect(page.locator(".shelf-take button")).to_be_enabled()


async def test_without_a_pass_the_gateway_says_where_it_comes_from(browser: Browser, fakes: dict[str, Fake]) -> None:
    for path in ("/", "/#pass=forged&bay=bay-1"):
        async with visiting(browser, fakes["gateway"], path) as visit:
            await expect(visit.page.get_by_text("Open this page from your task list").first).to_be_visible()


async def test_a_cart_asks_about_what_went_in_and_takes_an_answer(
    browser: Browser, fakes: dict[str, Fake], axe: str
) -> None:
    async with visiting(browser, fakes["cart"], "/", size="phone") as visit:
        page = visit.page
        await page.get_by_role("button", name="Try it").click()
        await page.get_by_role("button", name="Put in something else").click()
        question = page.get_by_role("article", name="Is it “Milk” that went in?")
        await expect(question).to_be_visible()
        await page.get_by_role("complementary").get_by_role("button", name="Close").click()
        assert await check(page, axe) == []
        await question.get_by_role("button", name="No, take it off the list").click()
        await expect(question).to_have_count(0)


async def test_an_item_is_taught_tried_and_learnt_on_the_phone(
    browser: Browser, fakes: dict[str, Fake], axe: str
) -> None:
    picture = {"name": "x.png", "mimeType": "image/png", "buffer": next(iter(bays.fronts().values()))}
    async with visiting(browser, fakes["gateway"], "/#pass=a-pass&bay=&to=items", size="phone") as visit:
        page = visit.page
        await page.get_by_label("Name or code").fill("banana")
        await page.get_by_role("link", name="Bananas").click()
        shutters = page.locator('.teach-step input[type="file"]')
        await expect(page.get_by_role("button", name="Picture the item")).to_be_disabled()
        await shutters.nth(0).set_input_files(picture)  # type: ignore[arg-type]
        await expect(page.get_by_role("button", name="Picture the item")).to_be_enabled()
        for number in range(1, 4):
            await shutters.nth(1).set_input_files(picture)  # type: ignore[arg-type]
            await expect(page.locator(".teach-pictures li")).to_have_count(number)
        await shutters.nth(2).set_input_files(picture)  # type: ignore[arg-type]
        await expect(page.get_by_text("Known", exact=True)).to_be_visible()
        assert await check(page, axe) == []
        await page.get_by_role("button", name="Teach the whole store").click()
        await expect(page.locator(".toast", has_text="on its way to the whole store")).to_be_visible()
        await expect(page.get_by_role("button", name="Forget Bananas")).to_be_visible()


async def test_a_shopper_says_which_of_the_likely_things_it_is(
    browser: Browser, fakes: dict[str, Fake], axe: str
) -> None:
    async with visiting(browser, fakes["cart"], "/", size="phone") as visit:
        page = visit.page
        await page.get_by_role("button", name="No code?").click()
        dialog = page.get_by_role("dialog", name="Which is it?")
        await expect(dialog.get_by_role("button", name="Fuji apples")).to_be_visible()
        assert await check(page, axe) == []
        await dialog.get_by_role("button", name="Fuji apples").click()
        await expect(dialog).to_have_count(0)
        await expect(page.get_by_label("Basket").first).to_contain_text("Fuji apples")


async def test_what_is_sold_by_weight_is_laid_into_the_cart_or_not_taken(
    browser: Browser, fakes: dict[str, Fake], axe: str
) -> None:
    async with visiting(browser, fakes["cart"], "/", size="phone") as visit:
        page = visit.page
        await page.get_by_role("button", name="No code?").click()
        await page.get_by_role("dialog").locator(".guesses button").nth(1).click()
        asked = page.locator('.question[data-verdict="awaited"]')
        await expect(asked).to_contain_text("into the cart")
        await expect(asked).to_contain_text("the cart weighs it")
        assert await check(page, axe) == []
        await asked.get_by_role("button", name="Not now").click()
        await expect(asked).to_have_count(0)
