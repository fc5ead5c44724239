"""A virtual machine out of Debian packages: the kernel's own, busybox to begin with, this machine's files over 9p."""

import gzip
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

BOOT_MODULES: Final = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
MEMORY_MB: Final = 2_048
TIMEOUT_S: Final = 600

_INIT: Final = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /lower /upper /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod /modules/$module || echo "insmod $module failed"; done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /lower || poweroff -f
mount -t tmpfs -o size=1g tmpfs /upper; mkdir -p /upper/changed /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/changed,workdir=/upper/work overlay /new || poweroff -f
mkdir -p /new/aisle-share
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 share /new/aisle-share || poweroff -f
mount --move /dev /new/dev; mount --move /proc /new/proc; mount --move /sys /new/sys
mkdir -p /new/dev/pts /new/dev/shm; mount -t devpts devpts /new/dev/pts; mount -t tmpfs tmpfs /new/dev/shm
mount -t tmpfs tmpfs /new/run
exec switch_root /new /bin/sh /aisle-share/guest.sh
"""


class CannotRunError(RuntimeError):
    """Something that the machine needs is not there; the text says what would help."""


class Machine:
    """One machine, its parts kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.share = folder / "share"
        self.kernel = ""
        """The release of the kernel that was found."""

    def prepare(self) -> None:
        """Fetch and unpack packages, and make what is booted. Raises CannotRunError."""
        if platform.machine() != "x86_64":
            raise CannotRunError(f"this machine is {platform.machine()}: the virtual one is made for x86_64 only")
        for program in ("qemu-system-x86_64", "busybox", "dpkg-deb", "apt-get", "depmod", "dbus-daemon"):
            if shutil.which(program) is None:
                raise CannotRunError(f"{program} is not installed: run ./aisle test bluez, which installs it")
        shutil.rmtree(self.share, ignore_errors=True)
        self.share.mkdir(parents=True)
        self._unpack(_kernel_package())
        self._unpack("bluez")
        modules = next((self._folder / "root" / "lib" / "modules").iterdir())
        self.kernel = modules.name
        _ran("depmod", "-b", str(self._folder / "root"), self.kernel)
        (self._folder / "initramfs.gz").write_bytes(gzip.compress(_initramfs(modules), 1))

    def run(self, script: str) -> None:
        """Boot, run a shell script as its first process, and wait until it powers off. Raises CannotRunError."""
        (self.share / "guest.sh").write_text(script)
        console = self._folder / "console.log"
        command: list[str] = [
            "qemu-system-x86_64",
            *("-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB)),
            *("-display", "none", "-no-reboot", "-monitor", "none", "-serial", f"file:{console}"),
            *("-kernel", str(self._folder / "root" / "boot" / f"vmlinuz-{self.kernel}")),
            *("-initrd", str(self._folder / "initramfs.gz")),
            *("-append", "console=ttyS0 quiet panic=-1 mitigations=off"),
            *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
            *("-virtfs", f"local,path={self.share},mount_tag=share,security_model=none"),
        ]
        try:
            subprocess.run(command, check=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as exc:
            raise CannotRunError(f"the machine did not end within {TIMEOUT_S} s; see {console}") from exc
        except subprocess.CalledProcessError as exc:
            raise CannotRunError(f"qemu ended with status {exc.returncode}; see {console}") from exc

    def _unpack(self, package: str) -> None:
        # What was fetched once is kept: the kernel alone is seventy megabytes.
        done = self._folder / "fetched" / f"{package}.done"
        if done.exists():
            return
        done.parent.mkdir(parents=True, exist_ok=True)
        print(f"fetching {package}", file=sys.stderr)
        _ran(
            "apt-get",
            "-q",
            "-o",
            "Acquire::Retries=3",
            "-o",
            "APT::Sandbox::User=root",
            "download",
            package,
            at=done.parent,
        )
        found = sorted(done.parent.glob(f"{package}_*.deb"))
        if not found:
            raise CannotRunError(f"apt-get download {package} fetched nothing")
        _ran("dpkg-deb", "-x", str(found[-1]), str(self._folder / "root"))
        found[-1].unlink()
        done.touch()


def _kernel_package() -> str:
    # The package of the newest kernel hangs on one that only names it.
    said = _ran("apt-cache", "depends", "linux-image-amd64")
    names = [line.split()[-1] for line in said.splitlines() if "Depends: linux-image-" in line]
    if not names:
        raise CannotRunError("apt knows no linux-image-amd64: is this Debian, and has apt-get update run?")
    return names[0]


def _initramfs(modules: Path) -> bytes:
    order: list[Path] = []
    needs: dict[str, tuple[str, list[str]]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, after = line.partition(":")
        needs[Path(path).name.removesuffix(".ko").replace("-", "_")] = (path, after.split())
    others: list[str]
    for name in BOOT_MODULES:
        # What the kernel has built in has no file of its own.
        own, others = needs.get(name, ("", []))
        order += [modules / each for each in (*reversed(others), own) if each and modules / each not in order]
    busybox = shutil.which("busybox")
    assert busybox is not None
    files = {
        "init": (_INIT.encode(), 0o100755),
        "bin/busybox": (Path(busybox).read_bytes(), 0o100755),
        "modules/order": ("\n".join(each.name for each in order).encode(), 0o100644),
    } | {f"modules/{each.name}": (each.read_bytes(), 0o100644) for each in order}
    folders = {folder: (b"", 0o040755) for folder in ("bin", "modules", "dev", "proc", "sys")}
    return b"".join(archived(name, *entry) for name, entry in (folders | files).items()) + archived(
        "TRAILER!!!", b"", 0
    )


def archived(name: str, data: bytes, mode: int) -> bytes:
    """Return a file in the kernel's archive format (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    size = len(name) + 1
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, size, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _ran(*command: str, at: Path | None = None) -> str:
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise CannotRunError(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout
