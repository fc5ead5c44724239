"""What a person writes for a new store: unknown keys are errors, and every value is checked where it stands."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud_broker.bus.mqtt import Address
from cloud_broker.labels.templates import usual_template
from cloud_broker.registry.authority import server_name
from firmware_specs.gtin import normal
from firmware_specs.instore import CHINA_13, CHINA_18, Pattern, StoreProfile, own_key
from firmware_specs.symbology import Symbology
from firmware_specs.topics import check_name
from vision.panel import STANDARD, Panel

LANGUAGES = ("en", "zh")
"""Those that pages show."""

_SETS: Final = {"china-13": CHINA_13, "china-18": CHINA_18}


def _names(names: dict[str, str]) -> dict[str, str]:
    if not any(names.get(language) for language in LANGUAGES):
        raise ValueError(f"expected a name in one of {', '.join(LANGUAGES)} at least")
    return names


def _panel(text: str) -> str:
    # A label that nothing could be drawn for would hang there for ever without a price.
    usual_template(Panel.from_text(text))
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/")):
        raise ValueError("expected http://host:port, as in http://192.168.1.5:8100")
    if parts.hostname:
        server_name(parts.hostname)
    return text.rstrip("/")


def _broker(text: str) -> str:
    if text:
        server_name(Address.parse(text).host)
    return text


def _key(text: str) -> str:
    kind, colon, number = text.partition(":")
    if not colon:
        return normal(text)
    if kind != "plu" or not (number.isascii() and number.isdigit()) or len(number) > 11:
        raise ValueError(f"{text[:40]!r}: expected a GTIN, or plu: and the item number of a scale, as in plu:12345")
    return own_key(int(number))


Name = Annotated[str, AfterValidator(check_name)]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], Words], AfterValidator(_names)]
Gtin = Annotated[str, AfterValidator(_key)]
"""A GTIN, or `plu:12345` for an item number of the store's scales; in 14 digits, as price books have both."""

Metres = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]


class Written(BaseModel):
    """What a person or another system writes: unknown keys are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OwnPattern(Written):
    """One layout of digits, as `21PPPPPVVVVVC`; `firmware_specs.instore` says what its letters are."""

    symbology: Literal["ean-13", "ean-8", "code-128", "qr", "data-matrix"]
    template: Annotated[str, Field(pattern=r"^[0-9PVWQKC]+$", max_length=40)]
    price_unit_minor: Annotated[int, Field(ge=1, le=1000)] = 1
    weight_unit_g: Annotated[int, Field(ge=1, le=1000)] = 1


class OwnCodes(Written):
    """How a store prints its own codes: ready-made sets of patterns, and patterns of its own."""

    sets: list[Literal["china-13", "china-18"]] = []
    patterns: list[OwnPattern] = []
    currency_number: Annotated[str, Field(pattern=r"^([0-9]{3})?$")] = ""
    """ISO 4217's number of the currency, 156 for CNY: GS1 codes with a price may name it."""

    minor_digits: Annotated[int, Field(ge=0, le=4)] = 2

    @model_validator(mode="after")
    def _can_be_read(self) -> "OwnCodes":
        self.profile("store")
        return self

    def profile(self, store: str) -> StoreProfile:
        """Return what the devices of a store read by. Raises InStoreError for patterns that no code can have."""
        own = (
            Pattern(**each.model_dump(exclude={"symbology"}), symbology=Symbology(each.symbology))
            for each in self.patterns
        )
        return StoreProfile(
            store=store,
            patterns=(*(pattern for name in dict.fromkeys(self.sets) for pattern in _SETS[name]), *own),
            currency_number=self.currency_number,
            minor_digits=self.minor_digits,
        )


class Head(Written):
    """A store's own line: who it is, and where its gateway will be reached."""

    id: Name
    name: Names
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217; prices are integers in its minor unit."""

    gateway_url: Annotated[str, AfterValidator(_url)] = ""
    """Where the gateway's cache will listen; its certificate will name this host."""

    local_broker: Annotated[str, AfterValidator(_broker)] = ""
    """host:port of the broker that the gateway will run; its certificate will name this host too."""

    codes: OwnCodes = OwnCodes()
    """How its scales print; a store without any of its own leaves it out."""


class StoreFile(Head):
    """The store file: TOML or JSON. Paths are relative to it."""

    site: Annotated[Path, Field(strict=False)]
    """The floor plan in JSON, as `firmware_specs` describes a Site."""

    products: Annotated[Path, Field(strict=False)]
    """CSV or JSON: gtin, name (in CSV: name_en, name_zh), category, unit, measure, price_minor."""

    labels: Annotated[Path, Field(strict=False)] | None = None
    """CSV or JSON: id, address, gtin, x_m, y_m, and panel if it is another than `296x128 bw`. A store may have none."""

    survey: Annotated[Path, Field(strict=False)] | None = None
    """What its beacons sound like, in JSON, as `firmware_specs` describes a Survey; one can be walked later."""


class Product(Written):
    """One thing that the store sells; its price is in minor units, of what is weighed for one `measure`, as `kg`."""

    gtin: Gtin
    name: Names
    price_minor: Annotated[int, Field(ge=1, le=10**12)]
    category: Annotated[str, Field(max_length=200)] = ""
    unit: Annotated[str, Field(max_length=200)] = ""
    measure: Annotated[str, Field(max_length=200)] = ""


class Label(Written):
    """One shelf label: its Bluetooth address, its product, and where it hangs in the store's frame."""

    id: Name
    address: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$"), AfterValidator(str.upper)]
    gtin: Gtin
    x_m: Metres
    y_m: Metres
    panel: Annotated[str, AfterValidator(_panel)] = str(STANDARD)
    """Its hardware, as `296x128 bwr`: width, height and inks."""


def sentences(error: ValidationError) -> list[str]:
    """Return a line for each wrong key: its path, and what was expected."""
    return [_sentence(one) for one in error.errors(include_url=False)]


def _sentence(error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"] if part != "[key]")
    match error["type"]:
        case "extra_forbidden":
            message = "unknown key; remove it or correct its name"
        case "missing":
            message = "missing; it is required"
        case "value_error":
            message = str(error["msg"]).removeprefix("Value error, ")
        case _:
            message = f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {error['input']!r}"[:300]
    return f"{path}: {message}" if path else message
