"""What a person writes for one device: one TOML, read into one frozen `Settings`; unknown keys are errors."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cloud_broker.bus.mqtt import Address, Tls
from firmware_specs.kinds import Kind, kinds
from firmware_specs.topics import check_name


class SettingsError(ValueError):
    """A TOML that cannot be used; the text names the key's path and what was expected."""


def _broker(text: str) -> str:
    Address.parse(text)
    return text


def _kind(text: str) -> str:
    if text not in kinds():
        raise ValueError(f"expected one of {', '.join(kinds())}")
    return text


Name = Annotated[str, AfterValidator(check_name)]
HostPort = Annotated[str, AfterValidator(_broker)]
Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceSettings(_Strict):
    """Who the device is; all that it keeps lies in `folder`, relative to the TOML."""

    id: Name
    kind: Annotated[str, AfterValidator(_kind)]
    store: Name
    folder: Path = Path("state")


class CloudSettings(_Strict):
    """Where the cloud is. `tls = false` is for a broker on loopback without certificates."""

    broker: HostPort
    url: Url
    tls: bool = True


class KeySettings(_Strict):
    """Paths of PEM files, and of the cloud's signing key (base64 of 32 raw bytes); relative to the TOML."""

    ca: Path = Path("ca.pem")
    cert: Path = Path("device.pem")
    key: Path = Path("device.key")
    signing_key: Path = Path("signing.pub")
    release_key: Path = Path("release.key")
    """A gateway's own Ed25519 key for leases and releases, PEM (PKCS #8)."""

    def tls(self) -> Tls:
        """Return what proves the device to a broker."""
        return Tls(self.ca, self.cert, self.key)


class HttpSettings(_Strict):
    """The device's own pages; port 0 takes a free one and prints it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0


class ShareSettings(_Strict):
    """Where the device shares big blobs with its neighbours in the store; without a host it does not."""

    host: str = ""
    port: Annotated[int, Field(ge=0, le=65535)] = 0


class VirtualSettings(_Strict):
    """The virtual world that virtual drivers sense, as host:port."""

    world: HostPort


class OutboxSettings(_Strict):
    """How much may wait for the cloud, and how long an event may wait for the disk."""

    max_rows: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    commit_ms: Annotated[int, Field(ge=0, le=10_000)] = 50


class LinkSettings(_Strict):
    """How patient the link to the cloud is."""

    will_delay_s: Annotated[int, Field(ge=0, le=3600)] = 5
    keepalive_s: Annotated[int, Field(ge=2, le=3600)] = 10
    retransmit_s: Annotated[float, Field(gt=0, le=600)] = 3.0


class HealthSettings(_Strict):
    """How often the device tells of its own health."""

    every_s: Annotated[float, Field(gt=0, le=3600)] = 10.0


class VirtualDriver(_Strict):
    """A twin in the virtual world."""

    type: Literal["virtual"]
    division_g: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Of a scale that is verified for trade, its division: goods are sold by what it weighs. 0: it only checks."""


class BleDriver(_Strict):
    """The machine's own Bluetooth radio."""

    type: Literal["ble"]


class HciDriver(_Strict):
    """A Bluetooth controller of our own, by a transport of bumble's; for labels one with Periodic Advertising with
    Responses."""

    type: Literal["hci"]
    transport: Annotated[str, Field(min_length=1, max_length=200)]
    """As `usb:0` or `serial:/dev/ttyACM0,1000000`."""

    address: Annotated[str, Field(pattern=r"^[C-F][0-9A-F](:[0-9A-F]{2}){5}$")] = "F2:A1:51:E0:00:01"
    """Its static random address: the two upper bits are set."""


class VendorDriver(_Strict):
    """Shelf labels that speak their maker's protocol (Gicisky, ATC) to the machine's own Bluetooth radio."""

    type: Literal["vendor"]


class V4l2Driver(_Strict):
    """A camera of the machine, by path or index."""

    type: Literal["v4l2"]
    device: str | int = 0
    width_px: Annotated[int, Field(ge=160, le=7680)] = 1280
    height_px: Annotated[int, Field(ge=120, le=4320)] = 720
    frames_per_s: Annotated[float, Field(gt=0, le=120)] = 15.0
    exposure: float | None = None
    """In the camera's own units; left to itself when it is not given. So is `focus`."""

    focus: float | None = None


class RtspDriver(_Strict):
    """A camera on the network."""

    type: Literal["rtsp"]
    url: Annotated[str, Field(pattern=r"^rtsps?://[^\s]+$", max_length=500)]
    """With user and password in it, where it asks for them."""

    frames_per_s: Annotated[float, Field(gt=0, le=120)] = 15.0


class HidrawDriver(_Strict):
    """A scanner that types, or a USB scale, by its hidraw path."""

    type: Literal["hidraw"]
    path: Annotated[str, Field(min_length=1)]
    division_g: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Of a scale that is verified for trade, its division: goods are sold by what it weighs. 0: it only checks."""


class SerialScannerDriver(_Strict):
    """A scanner on a serial line."""

    type: Literal["serial"]
    path: Annotated[str, Field(min_length=1)]
    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9_600


class ToledoDriver(_Strict):
    """A scale on a serial line that speaks Mettler-Toledo 8217."""

    type: Literal["toledo-8217"]
    path: Annotated[str, Field(min_length=1)]
    baud: Annotated[int, Field(ge=300, le=115_200)] = 9_600
    unit: Literal["kg", "lb"] = "kg"
    """In which it is set to weigh: its lines do not say."""

    division_g: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Of a scale that is verified for trade, its division: goods are sold by what it weighs. 0: it only checks."""


class SicsDriver(_Strict):
    """A scale on a serial line that speaks MT-SICS."""

    type: Literal["mt-sics"]
    path: Annotated[str, Field(min_length=1)]
    baud: Annotated[int, Field(ge=300, le=115_200)] = 9_600
    division_g: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Of a scale that is verified for trade, its division: goods are sold by what it weighs. 0: it only checks."""


class LoadCellDriver(_Strict):
    """A load cell on a NAU7802, on an I²C bus of the machine."""

    type: Literal["nau7802"]
    bus: Annotated[int, Field(ge=0, le=255)] = 1
    counts_per_g: Annotated[float, Field(ge=-1e6, le=1e6)]
    """Measured once: the result with a known weight, less `zero`, by its grams."""

    zero: Annotated[int, Field(ge=-(2**23), lt=2**23)] = 0
    most_g: Annotated[float, Field(gt=0, le=1e6)] = 30_000.0

    @field_validator("counts_per_g")
    @classmethod
    def _not_nothing(cls, value: float) -> float:
        if abs(value) < 1e-3:
            raise ValueError("expected counts for a gram, measured with a known weight, not 0")
        return value


class AlsaDriver(_Strict):
    """A sound card of the machine, by its ALSA name."""

    type: Literal["alsa"]
    device: str = "default"


class EvdevDriver(_Strict):
    """Two wheel encoders that Linux knows as input devices, by path."""

    type: Literal["evdev"]
    left: Annotated[str, Field(min_length=1)]
    right: Annotated[str, Field(min_length=1)]
    ticks_per_m: Annotated[float, Field(gt=0, le=1e6)] = 200.0
    track_m: Annotated[float, Field(gt=0, le=10)] = 0.5


class FileDriver(_Strict):
    """A recording for a camera or of beacons, a WAV file for a speaker; without a path a speaker plays into nothing."""

    type: Literal["file"]
    path: Path | None = None


DriverSettings = Annotated[
    VirtualDriver
    | BleDriver
    | HciDriver
    | VendorDriver
    | V4l2Driver
    | RtspDriver
    | AlsaDriver
    | EvdevDriver
    | HidrawDriver
    | SerialScannerDriver
    | ToledoDriver
    | SicsDriver
    | LoadCellDriver
    | FileDriver,
    Field(discriminator="type"),
]


class Settings(_Strict):
    """All settings of one device."""

    device: DeviceSettings
    cloud: CloudSettings
    keys: KeySettings = KeySettings()
    http: HttpSettings = HttpSettings()
    share: ShareSettings = ShareSettings()
    virtual: VirtualSettings | None = None
    outbox: OutboxSettings = OutboxSettings()
    link: LinkSettings = LinkSettings()
    health: HealthSettings = HealthSettings()
    drivers: Mapping[str, DriverSettings] = {}

    @model_validator(mode="after")
    def _drivers_belong(self) -> "Settings":
        for name, driver in self.drivers.items():
            if name not in (*self.kind.drivers, *self.kind.may_have):
                known = ", ".join((*self.kind.drivers, *self.kind.may_have)) or "none"
                raise ValueError(f"drivers.{name}: a {self.device.kind} has the drivers: {known}")
            if name == "beacons" and driver.type not in ("virtual", "ble", "hci", "file"):
                raise ValueError(f"drivers.{name}.type: expected virtual, ble, hci or file")
            if name in ("camera", "side") and driver.type not in ("virtual", "v4l2", "rtsp", "file"):
                raise ValueError(f"drivers.{name}.type: expected virtual, v4l2, rtsp or file")
            if name == "scanner" and driver.type not in ("virtual", "hidraw", "serial"):
                raise ValueError(f"drivers.{name}.type: expected virtual, hidraw or serial")
            if name == "scale" and driver.type not in ("virtual", "hidraw", "toledo-8217", "mt-sics", "nau7802"):
                raise ValueError(f"drivers.{name}.type: expected virtual, hidraw, toledo-8217, mt-sics or nau7802")
            if name != "scale" and bool(getattr(driver, "division_g", False)):
                raise ValueError(f"drivers.{name}.division_g: only a scale has one; remove it")
            if name == "wheels" and driver.type not in ("virtual", "evdev"):
                raise ValueError(f"drivers.{name}.type: expected virtual or evdev")
            if name == "speaker" and driver.type not in ("virtual", "alsa", "file"):
                raise ValueError(f"drivers.{name}.type: expected virtual, alsa or file")
            if name == "labels" and driver.type not in ("virtual", "ble", "hci", "vendor"):
                raise ValueError(f"drivers.{name}.type: expected virtual, ble, hci or vendor")
            if driver.type == "virtual" and name in ("beacons", "camera", "wheels") and self.virtual is None:
                raise ValueError(f"virtual.world: missing, but drivers.{name} is virtual; expected host:port")
        return self

    @property
    def kind(self) -> Kind:
        """The device's kind."""
        return kinds()[self.device.kind]


def parse_settings(text: str, folder: Path) -> Settings:
    """Return the settings in a TOML text; relative paths in it start at `folder`.

    Raises SettingsError with the path of the first wrong key and what was expected.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"not TOML: {exc}") from exc
    try:
        settings = Settings.model_validate(data)
    except ValidationError as exc:
        raise SettingsError("; ".join(_sentence(error) for error in exc.errors())) from exc
    return settings.model_copy(
        update={
            "device": settings.device.model_copy(update={"folder": folder / settings.device.folder}),
            "keys": KeySettings(**{name: folder / path for name, path in settings.keys}),
            "drivers": {name: _rooted(driver, folder) for name, driver in settings.drivers.items()},
        }
    )


def read_settings(path: Path) -> Settings:
    """Return the settings in a file; raises SettingsError, its text starting with the file's name."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    try:
        return parse_settings(text, path.resolve().parent)
    except SettingsError as exc:
        raise SettingsError(f"{path}: {exc}") from exc


def _rooted(driver: DriverSettings, folder: Path) -> DriverSettings:
    if isinstance(driver, FileDriver) and driver.path is not None:
        return driver.model_copy(update={"path": folder / driver.path})
    return driver


def _sentence(error: Any) -> str:
    # The discriminator's value stands in pydantic's path, but not in the TOML's.
    tags = ("virtual", "ble", "v4l2", "alsa", "evdev", "file", "toledo-8217", "mt-sics", "nau7802")
    parts = [str(part) for place, part in enumerate(error["loc"]) if not (place == 2 and part in tags)]
    where = ".".join(parts)
    message = str(error["msg"]).removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            message = "unknown key; remove it or correct its name"
        case "missing":
            message = "missing; it is required"
        case "string_pattern_mismatch" if where.endswith("url"):
            message = f"expected http://host:port or https://host, not {error['input']!r}"
        case "value_error":
            pass
        case _:
            message = f"{message[0].lower()}{message[1:]}, not {error['input']!r}"[:300]
    return f"{where}: {message}" if where else message
