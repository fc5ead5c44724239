"""Headquarters' page of models in a real browser: added, refused by name, given to stores and taken back."""

import json
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.test_pages_fake import Fake, browser, fakes, visiting

__all__ = ["browser", "fakes"]


async def test_a_model_is_added_given_and_taken_back(browser: Browser, fakes: dict[str, Fake], tmp_path: Path) -> None:
    manifest, wrong, weights = tmp_path / "items.json", tmp_path / "wrong.json", tmp_path / "items.onnx"
    manifest.write_text(json.dumps({"name": "items", "version": 9, "sha256": "0" * 64}))
    wrong.write_text(json.dumps({"name": "items", "version": 9}))
    weights.write_bytes(bytes(1000))
    async with visiting(browser, fakes["home"], "/hq#/models", role="hq") as visit:
        page = visit.page
        refused = page.locator(".model", has_text="detector").first
        await expect(refused).to_contain_text("used by 3 of 5 devices")
        await expect(refused).to_contain_text("speaker-1 cannot use it: detector: no outputs")
        # What a store uses cannot be removed.
        await expect(refused.get_by_role("button", name="Remove detector 2")).to_be_disabled()

        await page.get_by_role("button", name="Add a model").click()
        dialog = page.get_by_role("dialog", name="Add a model")
        await dialog.locator("#model-manifest").set_input_files(wrong)
        await dialog.locator("#model-weights").set_input_files(weights)
        await dialog.get_by_role("button", name="Add a model").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("sha256")
        await dialog.locator("#model-manifest").set_input_files(manifest)
        await dialog.get_by_role("button", name="Add a model").click()
        await expect(dialog).to_have_count(0)

        added = page.locator('.model[data-model="items 9"]')
        await expect(added).to_contain_text("No store uses it")
        await added.get_by_role("button", name="Give to stores").click()
        dialog = page.get_by_role("dialog", name="Stores that use items 9")
        store = dialog.get_by_role("checkbox").first
        await expect(dialog).to_contain_text("now what they came with")
        await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
        await store.check()
        await dialog.get_by_role("button", name="Save").click()
        await expect(added).to_contain_text("used by 1 of 5 devices")
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(added).to_contain_text("No store uses it")
        await added.get_by_role("button", name="Remove items 9").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        await expect(added).to_have_count(0)
