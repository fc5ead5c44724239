"""The cloud's settings: one TOML, read once, passed down. Secrets come from the environment variables it names."""

import os
import tomllib
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud_broker.bus.mqtt import Tls


class SettingsError(ValueError):
    """Settings that cannot be used: the key's path, and what was expected."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Broker(_Section):
    """The cloud's MQTT broker, as we reach it and as devices do."""

    address: str = "127.0.0.1:8883"
    plain: bool = False
    """No TLS, for load tests on loopback only."""


class Http(_Section):
    """Where people and devices reach the API."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    """What devices are told; `http://host:port` when empty."""


class Influx(_Section):
    """A second, write-only sink for readings: any InfluxDB v2 write endpoint."""

    url: str
    org: str = ""
    bucket: str = "aisle"
    token_env: str = ""


class DemoPage(_Section):
    """Where a device of the demo serves its own page."""

    device: str
    kind: str
    name: str
    url: str


class Settings(_Section):
    """Everything a process of the cloud is told."""

    folder: Path = Path(".aisle/cloud")
    database_url: str = ""
    """`sqlite:///…` or `postgresql+psycopg://…`; a file in `folder` when empty."""
    database_password_env: str = ""
    broker: Broker = Broker()
    http: Http = Http()
    influx: Influx | None = None
    journal_days: float = Field(default=1.0, gt=0)
    """How long the bytes that devices sent are kept after they took effect; they hold tracks, so a day."""
    demo: bool = False
    """Show the demo's accounts on the login page. Never in a real store."""
    demo_pages: tuple[DemoPage, ...] = ()
    """The demo's devices with a page of their own, as links on the home page."""

    @property
    def url(self) -> str:
        """The database URL in force, with the password from the environment where one is named."""
        if not self.database_url:
            return f"sqlite:///{self.folder / 'state.db'}"
        if not self.database_password_env:
            return self.database_url
        password = os.environ.get(self.database_password_env)
        if password is None:
            raise SettingsError(f"database_password_env: the environment has no {self.database_password_env}")
        scheme, slashes, rest = self.database_url.partition("://")
        user, at, host = rest.partition("@")
        return f"{scheme}{slashes}{user}:{quote(password, safe='')}{at}{host}"

    @property
    def public_url(self) -> str:
        """The URL that devices are told."""
        return self.http.public_url or f"http://{self.http.host}:{self.http.port}"

    def tls(self, client: str) -> Tls | None:
        """Return the certificate of one of our own processes."""
        if self.broker.plain:
            return None
        keys = self.folder / "keys"
        return Tls(keys / "ca.crt", keys / f"{client}.crt", keys / f"{client}.key")


def parse(text: str, name: str) -> Settings:
    """Return the settings in a TOML text.

    Raises SettingsError with every wrong key's path and what was expected.
    """
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{name}: not TOML: {exc}") from exc
    except ValidationError as exc:
        wrong = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {error['msg'].lower()}" for error in exc.errors(include_url=False)
        )
        raise SettingsError(f"{name}: {wrong}") from exc


def load(path: Path) -> Settings:
    """Return the settings in a file. Raises SettingsError."""
    try:
        text = path.read_text("utf-8")
    except OSError as exc:
        raise SettingsError(f"{path}: {exc.strerror}; pass --config FILE") from exc
    return parse(text, str(path))
