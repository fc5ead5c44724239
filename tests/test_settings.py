"""A wrong TOML gives one message with the key's path and what was expected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli import main
from edge_agent.settings import SettingsError, parse_settings, read_settings

GOOD = """
[device]
id = "cart-1"
kind = "cart"
store = "demo"

[cloud]
broker = "127.0.0.1:8883"
url = "http://127.0.0.1:8080"

[virtual]
world = "127.0.0.1:9000"

[drivers.beacons]
type = "virtual"

[drivers.camera]
type = "file"
path = "walk.mp4"
"""


def test_a_short_toml_is_enough_and_its_paths_start_where_it_lies(tmp_path: Path) -> None:
    settings = parse_settings(GOOD, tmp_path)
    assert settings.device.folder == tmp_path / "state"
    assert settings.keys.key == tmp_path / "device.key"
    assert settings.drivers["camera"].model_dump()["path"] == tmp_path / "walk.mp4"
    assert (settings.http.port, settings.outbox.commit_ms, settings.link.retransmit_s) == (0, 50, 3.0)
    assert settings.kind.id == "cart"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('kind = "cart"', 'kind = "kart"', r"device\.kind: expected one of .*cart"),
        ('id = "cart-1"', 'id = "Cart 1"', r"device\.id: .*lower-case"),
        ('store = "demo"\n', "", r"device\.store: missing"),
        ('store = "demo"', 'store = "demo"\ncolour = "red"', r"device\.colour: unknown key"),
        ("127.0.0.1:8883", "127.0.0.1", r"cloud\.broker: .*expected host:port"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", r"cloud\.url: expected http://host:port"),
        ('type = "virtual"', 'type = "sonar"', r"drivers\.beacons.*'sonar'.*'virtual'"),
        ('type = "virtual"', 'type = "alsa"', r"drivers\.beacons\.type: expected virtual, ble, hci or file"),
        ("drivers.camera", "drivers.nose", r"drivers\.nose: a cart has the drivers: beacons, camera"),
        ('path = "walk.mp4"', "path = 7", r"drivers\.camera\.path: .*not 7"),
        ('[virtual]\nworld = "127.0.0.1:9000"\n', "", r"virtual\.world: missing"),
        ("[device]", "[device", "not TOML"),
        ("[virtual]", "[http]\nport = 70000\n[virtual]", r"http\.port: .*65535, not 70000"),
        ("[virtual]", "[outbox]\nmax_rows = true\n[virtual]", r"outbox\.max_rows"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError, match=expected):
        parse_settings(GOOD.replace(old, new), tmp_path)


def test_the_command_says_it_once_and_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(GOOD.replace('kind = "cart"', 'kind = "kart"'))
    assert main(["run", "--config", str(config)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert f"{config}: device.kind: expected one of" in said.err
    assert main(["run", "--config", str(tmp_path / "none.toml")]) == 2


def test_a_key_that_is_not_there_is_named_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(GOOD)
    assert main(["run", "--config", str(config)]) == 2
    assert "keys.signing_key: expected" in capsys.readouterr().err


@given(st.text(max_size=200))
def test_noise_raises_only_the_declared_error(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_settings(text, Path())


def test_bytes_that_are_no_text_are_refused_with_the_file_s_name(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=str(config)):
        read_settings(config)
