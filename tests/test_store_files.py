"""A store from files that people write: opened whole, or refused with every wrong place named and nothing done."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from cryptography import x509
from sqlalchemy import select, update

from cloud_broker.blobs.store import BlobStore
from cloud_broker.clock import now_ms
from cloud_broker.demo.process import command_path
from cloud_broker.registry import claims
from cloud_broker.registry.authority import open_keys
from cloud_broker.registry.desired import Publisher
from cloud_broker.state.engine import make_engine, migrate, reading
from cloud_broker.state.tables import desired, devices, heads, labels, products, stores
from cloud_broker.stores.codes import codes_of
from cloud_broker.stores.files import Store, StoreFileError, read_store
from cloud_broker.stores.opening import StoreExistsError, open_store
from firmware_specs.desired import LabelPlan, Manifest, Site, SiteSurvey
from firmware_specs.instore import CHINA_13, CHINA_18, StoreProfile, own_key
from firmware_specs.leases import Delegation
from firmware_specs.pricebook.edition import Edition
from firmware_specs.signing import verify
from firmware_specs.wire import decode
from tests.fakes.books import published
from tests.fakes.store import CATALOGUE, SITE, csr_pem

T = TypeVar("T", bound=msgspec.Struct)

STORE = """\
id = "harbour-road"
name = { en = "Harbour Road", zh = "海港路店" }
currency = "CNY"
site = "site.json"
products = "products.csv"
labels = "labels.csv"
gateway_url = "http://192.168.1.5:8100"
local_broker = "gateway.harbour.example:8884"
"""
GTINS = [str(product["gtin"]) for product in CATALOGUE]
SOLD = f"""\
gtin,name_en,name_zh,category,unit,price_minor
{GTINS[0][1:]},"Biscuits, salted",咸饼干,snacks,100 g,525

{GTINS[1]},,甜饼干,snacks,100 g,550
"""
HUNG = f"""\
id,address,gtin,x_m,y_m
label-1,e6:5a:00:00:00:01,{GTINS[0][1:]},2.5,2
label-2,E6:5A:00:00:00:02,{GTINS[1]},2.8,6.0
"""


def plan() -> dict[str, Any]:
    """Return a floor plan as a person would write it: without what the cloud knows itself."""
    drawn: dict[str, Any] = msgspec.to_builtins(SITE)
    return {key: value for key, value in drawn.items() if key not in ("store", "version", "name")}


def write(folder: Path, **changes: str) -> Path:
    """Write a good store, some of its files changed; return the store file."""
    files = {"store.toml": STORE, "site.json": json.dumps(plan()), "products.csv": SOLD, "labels.csv": HUNG}
    files |= {name.replace("_", "."): text for name, text in changes.items()}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder / ("store.json" if "store_json" in changes else "store.toml")


def test_a_good_store_is_read_with_its_tables(tmp_path: Path) -> None:
    store = read_store(write(tmp_path))
    assert (store.head.id, store.head.currency) == ("harbour-road", "CNY")
    assert [(row.gtin, row.name, row.price_minor) for row in store.products] == [
        (GTINS[0], {"en": "Biscuits, salted", "zh": "咸饼干"}, 525),
        (GTINS[1], {"zh": "甜饼干"}, 550),
    ]
    assert [(row.id, row.address, row.gtin, row.x_m, row.y_m) for row in store.labels] == [
        ("label-1", "E6:5A:00:00:00:01", GTINS[0], 2.5, 2.0),
        ("label-2", "E6:5A:00:00:00:02", GTINS[1], 2.8, 6.0),
    ]
    assert store.site.name == store.head.name


def test_json_says_the_same_as_toml_and_csv(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "json").mkdir()
    said = read_store(write(tmp_path / "csv"))
    written = said.head.model_dump() | {"site": "site.json", "products": "products.json", "labels": "labels.json"}
    again = read_store(
        write(
            tmp_path / "json",
            store_json=json.dumps(written),
            products_json=json.dumps([row.model_dump() for row in said.products]),
            labels_json=json.dumps([row.model_dump() for row in said.labels]),
        )
    )
    assert again == said


def test_a_spreadsheets_byte_order_mark_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "products.csv").write_bytes(b"\xef\xbb\xbf" + SOLD.replace("\n", "\r\n").encode())
    assert len(read_store(path).products) == 2


def without(text: str, line: str) -> str:
    return "".join(one for one in text.splitlines(keepends=True) if not one.startswith(line))


def drawn(change: Callable[[dict[str, Any]], object]) -> str:
    site = plan()
    change(site)
    return json.dumps(site)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"store_toml": STORE + "colour = 1\n"}, "store.toml: colour: unknown key; remove it or correct its name"),
        ({"store_toml": without(STORE, "currency")}, "store.toml: currency: missing; it is required"),
        ({"store_toml": STORE.replace("CNY", "yuan")}, "store.toml: currency: string should match"),
        ({"store_toml": STORE.replace("harbour-road", "Harbour Road")}, "store.toml: id: name 'Harbour Road'"),
        ({"store_toml": STORE.replace('en = "Harbour Road", zh', "de")}, "store.toml: name: expected a name in one of"),
        ({"store_toml": STORE.replace("http://192", "192")}, "store.toml: gateway_url: expected http://host:port"),
        ({"store_toml": STORE.replace(":8884", "")}, "store.toml: local_broker: broker address"),
        ({"store_toml": "id ="}, "store.toml: not TOML"),
        ({"store_json": "{"}, "store.json: not JSON"),
        ({"store_toml": STORE.replace("products.csv", "goods.csv")}, "goods.csv: No such file"),
        ({"store_toml": STORE.replace("products.csv", "store.toml")}, "store.toml: expected a name that ends in"),
        ({"site_json": "[1]"}, "site.json: expected an object"),
        ({"site_json": "{"}, "site.json: not JSON"),
        ({"site_json": drawn(lambda site: site.pop("level"))}, "site.json: object missing required field level"),
        (
            {"site_json": drawn(lambda site: site["shelves"][0].update(x_m="2"))},
            "site.json: shelves.0.x_m: expected float, got str",
        ),
        (
            {"site_json": drawn(lambda site: site["beacons"][1].update(colour="red"))},
            "site.json: beacons.1.colour: unknown key",
        ),
        (
            {"site_json": drawn(lambda site: site["beacons"][1].update(minor=0))},
            "site.json: beacons.1: uuid, major and minor are those of another beacon",
        ),
        (
            {"site_json": drawn(lambda site: site["beacons"][1].update(uuid="7d1f"))},
            "site.json: beacons.1.uuid: '7d1f' is no UUID",
        ),
        ({"site_json": drawn(lambda site: site["shelves"][1].update(id="shelf-0"))}, "site.json: shelves.1.id"),
        ({"site_json": drawn(lambda site: site["shelves"][1].update(depth_m=0))}, "site.json: shelves.1: width_m"),
        (
            {"site_json": drawn(lambda site: site["zones"][0]["polygon"].clear())},
            "site.json: zones.0.polygon: 0 corners",
        ),
        ({"site_json": drawn(lambda site: site.update(width_m=-1))}, "site.json: width_m: -1, expected metres above 0"),
        ({"site_json": drawn(lambda site: site.update(store="other"))}, "site.json: store: 'other', but"),
        ({"products_csv": SOLD.replace("price_minor", "price")}, "products.csv: row 1: no column price_minor"),
        ({"products_csv": SOLD.replace(",550", "")}, "products.csv: row 4: 5 cells, the header has 6"),
        ({"products_csv": SOLD.splitlines()[0]}, "products.csv: no products"),
        ({"products_csv": ""}, "products.csv: row 1: no column gtin"),
        ({"products_csv": SOLD.replace(",525", ",0")}, "products.csv, row 2: price_minor: input should be greater"),
        (
            {"products_csv": SOLD.replace(",525", ",5.25")},
            "products.csv, row 2: price_minor: input should be a valid int",
        ),
        ({"products_csv": SOLD.replace(",525", ",-525")}, "products.csv, row 2: price_minor: input should be greater"),
        ({"products_csv": SOLD.replace("甜饼干", "")}, "products.csv, row 4: name: expected a name in one of en, zh"),
        ({"products_csv": SOLD.replace(GTINS[1], GTINS[1][:-2])}, "products.csv, row 4: gtin: "),
        ({"products_csv": SOLD + f"{GTINS[1]},x,x,,,5\n"}, f"row 5: gtin: {GTINS[1]} stands in row 4 already"),
        ({"labels_csv": HUNG.replace("2.8", "far")}, "labels.csv, row 3: x_m: input should be a valid number"),
        ({"labels_csv": HUNG.replace("2.8", "nan")}, "labels.csv, row 3: x_m: input should be"),
        ({"labels_csv": HUNG.replace("2.8", "12.1")}, "labels.csv, row 3: x_m, y_m: (12.1, 6) lies outside the store"),
        ({"labels_csv": HUNG.replace(GTINS[1], GTINS[2])}, f"row 3: gtin: {GTINS[2]} is not among the products"),
        ({"labels_csv": HUNG.replace("label-2", "label-1")}, "row 3: id: label-1 stands in row 2 already"),
        ({"labels_csv": HUNG.replace(":02", ":01")}, "row 3: address: E6:5A:00:00:00:01 stands in row 2 already"),
        ({"labels_csv": HUNG.replace("E6:", "")}, "labels.csv, row 3: address: string should match"),
    ],
)
def test_what_is_wrong_is_named_by_file_row_and_key(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    with pytest.raises(StoreFileError) as refused:
        read_store(write(tmp_path, **changes))
    assert len(refused.value.wrong) == 1, refused.value
    assert expected in refused.value.wrong[0]


def test_all_wrong_places_are_named_at_once_and_a_flood_is_cut(tmp_path: Path) -> None:
    many = "".join(f"{number},x,y,c,u,0\n" for number in range(50))
    path = write(
        tmp_path,
        products_csv=SOLD.splitlines()[0] + "\n" + many,
        site_json=drawn(lambda site: site.update(colour="red")),
    )
    with pytest.raises(StoreFileError) as refused:
        read_store(path)
    # A code and a price in each row; the labels are not blamed for products that could not be read.
    assert len(refused.value.wrong) == 101
    assert str(refused.value).endswith("… and 71 more")


class Cloud:
    """A cloud's state on SQLite."""

    def __init__(self, folder: Path) -> None:
        self.engine = make_engine(f"sqlite:///{folder}/state.db")
        migrate(self.engine)
        self.keys = open_keys(folder / "keys")
        self.publisher = Publisher.at(folder, self.keys.signer)

    def open(self, store: Store) -> None:
        with self.engine.begin() as connection:
            open_store(connection, self.publisher, store)

    def counts(self) -> list[int]:
        with reading(self.engine) as connection:
            return [len(connection.execute(select(table)).all()) for table in (stores, products, labels, heads)]

    def head(self, matter: str, of: type[T]) -> T:
        with reading(self.engine) as connection:
            envelope = connection.execute(select(heads.c.envelope).where(heads.c.matter == matter)).scalar_one()
        manifest = verify(envelope, Manifest, self.keys.signer.public_key)
        return decode(self.publisher.blobs.get(manifest.sha256), of)

    def enrol_gateway(self) -> x509.Certificate:
        with self.engine.begin() as connection:
            code = claims.make_claim(connection, store="harbour-road", kind="gateway", name="g", by="tech").code
            enrolled = claims.redeem(
                connection,
                self.keys,
                self.publisher,
                code=code,
                csr_pem=csr_pem(),
                serial="s",
                release_key=bytes(32),
                cloud_url="",
            )
        return x509.load_pem_x509_certificate(enrolled.certificate_pem.encode())

    def delegation(self) -> Delegation:
        with reading(self.engine) as connection:
            query = select(desired.c.envelope).where(desired.c.shadow == "delegation")
            return verify(connection.execute(query).scalar_one(), Delegation, self.keys.signer.public_key)

    def renew(self, now: int) -> list[str]:
        with self.engine.begin() as connection:
            return claims.renew_delegations(connection, self.publisher, now)


def test_an_opened_store_has_all_that_its_devices_follow(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.open(read_store(write(tmp_path)))
    assert cloud.counts() == [1, 2, 2, 4]
    assert [
        (row.gtin, row.price_minor, row.floor_minor)
        for row in published(cloud.publisher, cloud.head("pricebook", Edition)).rows
    ] == [
        (GTINS[0], 525, 525),
        (GTINS[1], 550, 550),
    ]
    assert [place.id for place in cloud.head("labels", LabelPlan).labels] == ["label-1", "label-2"]
    site = cloud.head("site", Site)
    assert (site.store, site.version, len(site.beacons)) == ("harbour-road", 1, len(SITE.beacons))


def test_a_survey_opens_with_the_store_and_one_of_another_store_is_refused(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    point = {"level": SITE.level, "x_m": 3.2, "y_m": 4.4, "beacon": SITE.beacons[0].id, "rssi_dbm": -61.0, "count": 3}
    text = STORE + 'survey = "survey.json"\n'
    path = write(tmp_path, store_toml=text, survey_json=json.dumps({"points": [point]}))
    cloud.open(read_store(path))
    (heard,) = cloud.head("survey", SiteSurvey).points
    assert (heard.beacon, heard.rssi_dbm, heard.count) == (SITE.beacons[0].id, -61.0, 3)
    for wrong, named in (
        ({"points": [{**point, "level": "cellar"}]}, "survey.json: level: 'cellar', but the store's is 'g'"),
        ({"points": [{**point, "beacon": "b"}]}, "survey.json: beacon: none of those heard is in the site"),
        ({"points": [{**point, "rssi_dbm": "loud"}]}, "survey.json: Expected `float`, got `str`"),
        ({}, "survey.json: no points and no walks"),
    ):
        with pytest.raises(StoreFileError, match=re.escape(named)):
            read_store(write(tmp_path, store_toml=text, survey_json=json.dumps(wrong)))


def test_a_store_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    store = read_store(write(tmp_path))
    cloud.open(store)
    with pytest.raises(StoreExistsError, match="'harbour-road' is there already"):
        cloud.open(store)
    assert cloud.counts() == [1, 2, 2, 4]


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(tmp_path)

    def full(_self: BlobStore, _data: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(BlobStore, "put", full)
    with pytest.raises(OSError, match="No space"):
        cloud.open(read_store(write(tmp_path)))
    assert cloud.counts() == [0, 0, 0, 0]


def test_a_gateways_certificate_names_where_its_store_looks_for_it(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.open(read_store(write(tmp_path)))
    certificate = cloud.enrol_gateway()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.168.1.5"]
    assert names.get_values_for_type(x509.DNSName) == ["gateway-1", "localhost", "gateway.harbour.example"]


def test_a_delegation_is_renewed_before_it_ends_and_only_for_gateways_in_service(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.open(read_store(write(tmp_path)))
    cloud.enrol_gateway()
    first, now, day_ms = cloud.delegation(), now_ms(), 24 * 3600 * 1000
    assert cloud.renew(now + 29 * day_ms) == []
    assert cloud.delegation() == first
    assert cloud.renew(now + 31 * day_ms) == ["gateway-1"]
    renewed = cloud.delegation()
    assert renewed.expires_ms == now + 31 * day_ms + claims.DELEGATION_LIFE_MS
    assert (renewed.store, renewed.gateway, renewed.public_key) == (first.store, first.gateway, first.public_key)
    with reading(cloud.engine) as connection:
        version = connection.execute(select(desired.c.version).where(desired.c.shadow == "delegation")).scalar_one()
    # A higher version, so that the dispatcher sends it.
    assert version == 2
    with cloud.engine.begin() as connection:
        connection.execute(update(devices).values(in_service=False))
    assert cloud.renew(now + 80 * day_ms) == []


def test_the_command_opens_a_store_or_says_what_is_wrong(tmp_path: Path) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text(f'folder = "{tmp_path / "cloud"}"\n')
    path = write(tmp_path)

    def add() -> subprocess.CompletedProcess[str]:
        command = [command_path("cloud-broker"), "store", "add", str(path), "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    (tmp_path / "labels.csv").write_text(HUNG.replace("2.8", "far"))
    refused = add()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("labels.csv, row 3: x_m: ")
    assert not (tmp_path / "cloud").exists()
    write(tmp_path)
    opened = add()
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout) == {"store": "harbour-road", "products": 2, "labels": 2, "beacons": 6}
    assert add().stderr.strip() == "store 'harbour-road' is there already: nothing was changed"


CODES = """
[codes]
sets = ["china-13", "china-18"]
currency_number = "156"
patterns = [{ symbology = "ean-13", template = "23PPPPPWWWWWC", weight_unit_g = 10 }]
"""
WEIGHED = """\
gtin,name_en,name_zh,category,unit,measure,price_minor
plu:12345,Pork,猪肉,meat,kg,kg,3980
2160001000008,Eggs,鸡蛋,dairy,,piece,150
"""


def test_a_store_says_how_its_scales_print_and_its_devices_follow(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.open(read_store(write(tmp_path, store_toml=without(STORE, "labels") + CODES, products_csv=WEIGHED)))
    rows = published(cloud.publisher, cloud.head("pricebook", Edition)).rows
    assert [(row.gtin, row.measure, row.unit_price_minor) for row in rows] == [
        (own_key(12345), "kg", 3980),
        (own_key(60001), "piece", 150),
    ]
    profile = cloud.head("codes", StoreProfile)
    assert (profile.store, profile.version, profile.currency_number) == ("harbour-road", 1, "156")
    assert profile.patterns[:-1] == CHINA_13 + CHINA_18
    assert profile.patterns[-1].weight_unit_g == 10
    with reading(cloud.engine) as connection:
        assert codes_of(connection, cloud.publisher, "harbour-road") == profile
        assert codes_of(connection, cloud.publisher, "elsewhere") == StoreProfile(store="elsewhere")


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        ('[codes]\nsets = ["china-12"]', "codes.sets.0: input should be 'china-13' or 'china-18', not 'china-12'"),
        ('[codes]\nset = ["china-13"]', "codes.set: unknown key"),
        ('[codes]\npatterns = [{ symbology = "ean-13", template = "69PPPPPVVVVVC" }]', "codes: pattern 69PPPPPVVVVVC"),
        (
            '[codes]\nsets = ["china-13"]\npatterns = [{ symbology = "ean-13", template = "2PPPPPPVVVVVC" }]',
            "overlap: a code could be either",
        ),
        ('[codes]\npatterns = [{ symbology = "pdf417", template = "2P" }]', "codes.patterns.0.symbology: "),
        ('[codes]\ncurrency_number = "CNY"', "codes.currency_number: "),
    ],
)
def test_codes_that_cannot_be_are_named(tmp_path: Path, codes: str, why: str) -> None:
    with pytest.raises(StoreFileError) as refused:
        read_store(write(tmp_path, store_toml=f"{STORE}\n{codes}\n"))
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("gtin", "why"),
    [
        ("plu:", "'plu:': expected a GTIN, or plu: and the item number of a scale, as in plu:12345"),
        ("plu:123456789012", "'plu:123456789012': expected a GTIN, or plu:"),
        ("sku:12", "'sku:12': expected a GTIN, or plu:"),
        ("2160001000004", "2160001000004: check digit is 4, should be 8"),
    ],
)
def test_an_item_number_that_cannot_be_is_named(tmp_path: Path, gtin: str, why: str) -> None:
    with pytest.raises(StoreFileError) as refused:
        read_store(
            write(tmp_path, store_toml=without(STORE, "labels"), products_csv=WEIGHED.replace("plu:12345", gtin))
        )
    assert f"products.csv, row 2: gtin: {why}" in str(refused.value)


def test_two_codes_of_one_item_are_one_product_written_twice(tmp_path: Path) -> None:
    twice = WEIGHED + "2012345000001,Pork,猪肉,meat,kg,kg,3980\n"
    with pytest.raises(StoreFileError, match=f"row 4: gtin: {own_key(12345)} stands in row 2 already"):
        read_store(write(tmp_path, store_toml=without(STORE, "labels") + CODES, products_csv=twice))


def test_the_command_gives_a_store_its_codes(tmp_path: Path) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text(f'folder = "{tmp_path / "cloud"}"\n')
    (tmp_path / "codes.json").write_text(json.dumps({"sets": ["china-18"]}))
    path = write(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [command_path("cloud-broker"), "store", *arguments, "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    assert run("add", str(path)).returncode == 0
    done = run("codes", "harbour-road", str(tmp_path / "codes.json"))
    assert json.loads(done.stdout) == {"store": "harbour-road", "version": 1, "patterns": 1}
    unknown = run("codes", "nowhere", str(tmp_path / "codes.json"))
    assert (unknown.returncode, unknown.stderr) == (2, "no store 'nowhere'\n")
    (tmp_path / "codes.json").write_text('{"sets": "china-18"}')
    wrong = run("codes", "harbour-road", str(tmp_path / "codes.json"))
    assert wrong.returncode == 2
    assert "sets: " in wrong.stderr
