"""`./aisle test bluez`: boot, walk, say what came of it. Ends with 1 where a step failed or the machine cannot run."""

import json
import sys
import time
from pathlib import Path

from tests.bluez.machine import CannotRunError, Machine

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".aisle" / "bluez"
LAST = "the end"

GUEST = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1 HOME=/root
mount -t tmpfs tmpfs /lib/modules
mkdir -p /lib/modules/{kernel} && mount --bind {root}/lib/modules/{kernel} /lib/modules/{kernel}
busybox ip link set lo up
modprobe bluetooth && modprobe hci_vhci && echo "modules are in" > /aisle-share/boot.log
mkdir -p /run/dbus /var/lib/bluetooth
cp {root}/etc/dbus-1/system.d/bluetooth.conf /etc/dbus-1/system.d/
dbus-daemon --system --fork >> /aisle-share/boot.log 2>&1
{root}/usr/libexec/bluetooth/bluetoothd -n > /aisle-share/bluetoothd.log 2>&1 &
cd {project}
{python} -m tests.bluez.inside /aisle-share/steps.jsonl > /aisle-share/inside.log 2>&1
sync
echo o > /proc/sysrq-trigger
sleep 10
"""


def main() -> int:
    began_s = time.monotonic()
    machine = Machine(FOLDER)
    try:
        machine.prepare()
        print(f"booting Linux {machine.kernel} in a virtual machine, without hardware help", file=sys.stderr)
        machine.run(
            GUEST.format(
                kernel=machine.kernel, root=FOLDER / "root", project=ROOT, python=Path(sys.prefix) / "bin" / "python"
            )
        )
        steps = [json.loads(line) for line in (machine.share / "steps.jsonl").read_text("utf-8").splitlines()]
    except CannotRunError as exc:
        print(f"aisle test bluez: cannot run: {exc}", file=sys.stderr)
        return 1
    except FileNotFoundError:
        steps = []
    for step in steps:
        detail = ", ".join(f"{name} {value}" for name, value in step.items() if name not in ("step", "ok", "took_s"))
        tone = "ok  " if step["ok"] else "FAIL"
        print(f"{tone} {step['took_s']:6.1f} s  {step['step']}{': ' if detail else ''}{detail}")
    is_whole = bool(steps) and steps[-1]["step"] == LAST and all(step["ok"] for step in steps)
    if not is_whole:
        for name in ("boot.log", "inside.log", "bluetoothd.log"):
            file = machine.share / name
            print(f"\n== {name}\n{file.read_text('utf-8', 'replace')[-3000:] if file.is_file() else 'was not written'}")
    print(f"aisle test bluez: {'passed' if is_whole else 'FAILED'} after {time.monotonic() - began_s:.0f} s")
    return 0 if is_whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
