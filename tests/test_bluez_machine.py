"""The virtual machine's parts: it says loudly what it lacks, and its first file system is what the kernel reads."""

from pathlib import Path

import pytest

from tests.bluez.machine import CannotRunError, Machine, archived


def test_a_machine_that_cannot_be_made_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CannotRunError, match="this machine is aarch64"):
        machine.prepare()
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: None if name == "busybox" else f"/usr/bin/{name}")
    with pytest.raises(CannotRunError, match="busybox is not installed"):
        machine.prepare()


def test_a_file_in_the_archive_has_the_layout_that_the_kernel_reads() -> None:
    entry = archived("init", b"hello", 0o100755)
    assert entry[:6] == b"070701"
    fields = [int(entry[6 + 8 * place : 14 + 8 * place], 16) for place in range(13)]
    assert (fields[1], fields[6], fields[11]) == (0o100755, 5, 5)
    assert entry[110:115] == b"init\0"
    assert entry[116:121] == b"hello"
    assert len(entry) % 4 == 0
