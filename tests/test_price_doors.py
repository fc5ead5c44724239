"""The doors for judges and scripts: books built, compared, applied and asked; baskets priced; each as a process."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cloud_broker.demo.process import command_path

MILK, BREAD = "6901234567892", "6923450657133"
LIST = f"""gtin,price_minor,name_en,name_zh,category,content_milli,measure
{MILK},1290,Milk,牛奶,dairy,1000,l
{BREAD},650,Bread,面包,bakery,,
"""


def built(config: Path, out: Path, text: str, *more: str | Path, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    """Write a list and build a book of it."""
    path = config.with_suffix(".csv")
    path.write_text(text)
    return called("cloud-broker", "pricebook", "build", path, "--out", out, "--config", config, *more, status=status)


def called(*arguments: str | Path, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    done = subprocess.run(
        [command_path(str(arguments[0])), *map(str, arguments[1:])],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.toml"
    path.write_text(f'folder = "{tmp_path / "cloud"}"\n')
    return path


def test_a_book_is_built_compared_applied_and_asked_without_any_server(tmp_path: Path, config: Path) -> None:
    first, second, into = tmp_path / "first", tmp_path / "second", tmp_path / "till"
    ((made,), _) = built(config, first, LIST)
    assert (made["version"], made["rows"]) == (1, 2)
    ((made,), _) = built(
        config,
        second,
        LIST.replace("1290", "1390").replace(f"{BREAD},650,Bread,面包,bakery,,\n", ""),
        "--before",
        first,
    )
    assert (made["version"], made["rows"], made["delta_bytes"] < 200) == (2, 1, True)

    ((diff,), _) = called("cloud-broker", "pricebook", "diff", first, second)
    assert (diff["new"], diff["gone"], diff["changed"]) == (0, 1, 1)
    ((shown,), _) = called("cloud-broker", "pricebook", "show", first, "--find", "牛")
    assert [row["price_minor"] for row in shown["products"]] == [1290]

    ((applied,), _) = called("edge-agent", "pricebook", "apply", first, "--into", into)
    assert (applied["version"], applied["in_force"], applied["rows"]) == (1, 1, 2)
    (found, _) = called("edge-agent", "pricebook", "lookup", MILK, BREAD, "--into", into, "--json")
    assert [(row["charge_minor"], row["name"]["en"]) for row in found] == [(1290, "Milk"), (650, "Bread")]
    assert found[0]["unit_price_minor"] == 1290

    called("edge-agent", "pricebook", "apply", second, "--into", into)
    (found, _) = called("edge-agent", "pricebook", "lookup", MILK, BREAD, "12", "--into", into, status=1)
    assert (found[0]["price_minor"], found[0]["charge_minor"], found[0]["reason"]) == (1390, 1290, "awaiting-release")
    assert found[1]["error"] == "not in book 2"
    assert "digits" in found[2]["error"]
    (_, said) = called("edge-agent", "pricebook", "apply", first, "--into", into, status=2)
    assert "older than book 2" in said


def test_what_is_wrong_is_named_and_what_was_there_stays(tmp_path: Path, config: Path) -> None:
    first, into = tmp_path / "first", tmp_path / "till"
    built(config, first, LIST)
    called("edge-agent", "pricebook", "apply", first, "--into", into)

    (_, said) = built(config, tmp_path / "no", LIST + f"{MILK},5,x,x,,,\n4006381333932,5,x,x,,,\n", status=2)
    assert "row 4: gtin" in said
    assert "check digit" in said
    assert not (tmp_path / "no").exists()

    (tmp_path / "other.toml").write_text(f'folder = "{tmp_path / "other"}"\n')
    strange = tmp_path / "strange"
    built(tmp_path / "other.toml", strange, LIST)
    (_, said) = called("edge-agent", "pricebook", "apply", strange, "--into", into, status=2)
    assert "another key" in said
    (strange / "cloud.pub").write_bytes((first / "cloud.pub").read_bytes())
    (_, said) = called("edge-agent", "pricebook", "apply", strange, "--into", into, status=2)
    assert "not signed by key" in said

    for blob in (first / "blobs").iterdir():
        blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    (_, said) = called("edge-agent", "pricebook", "apply", first, "--into", tmp_path / "fresh", status=2)
    assert "another hash" in said
    (found, _) = called("edge-agent", "pricebook", "lookup", MILK, "--into", into)
    assert found[0]["price_minor"] == 1290
    (_, said) = called("edge-agent", "pricebook", "lookup", MILK, "--into", tmp_path / "nowhere", status=2)
    assert "apply one first" in said


def test_a_basket_is_priced_from_a_file_with_each_discount_and_its_reason(tmp_path: Path) -> None:
    gtin = f"0{MILK}"
    three = {"products": {"gtins": [gtin]}, "quantity": 3}
    request = {
        "basket": {"op": "t-1", "now_ms": 5, "units": [{"gtin": gtin, "price_minor": 1000, "quantity": 3}]},
        "promotions": [
            {
                "id": "three",
                "name": {"en": "Three for 20", "zh": "三件二十元"},
                "starts_ms": 0,
                "ends_ms": 10,
                "rule": {
                    "rule": "bundle",
                    "parts": [three],
                    "price_minor": 2000,
                },
            }
        ],
    }
    path = tmp_path / "basket.json"
    path.write_text(json.dumps(request))
    ((priced,), _) = called("cloud-broker", "basket", "price", path, "--json")
    assert (priced["total_minor"], priced["saving_minor"], priced["is_exact"]) == (2000, 1000, True)
    assert sum(line["pays_minor"] for line in priced["lines"]) == 2000
    assert all(applied["text"]["zh"] for line in priced["lines"] for applied in line["applied"])
    request["promotions"][0]["name"] = {}  # type: ignore[index]
    path.write_text(json.dumps(request))
    (_, said) = called("cloud-broker", "basket", "price", path, status=2)
    assert "promotion three: name.en" in said or "promotion three: name.zh" in said
    path.write_text("{")
    (_, said) = called("cloud-broker", "basket", "price", path, status=2)
    assert str(path) in said
