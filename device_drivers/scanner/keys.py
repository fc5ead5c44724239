"""What a scanner types: reports of a boot keyboard (HID 1.11, appendix B.1; usages of HUT 1.5, section 10) into texts.

A report is eight bytes: modifiers, a reserved one, and the keys that are down. Scanners speak the layout of a US
keyboard. A text ends with Enter or Tab.
"""

from typing import Final

REPORT_BYTES: Final = 8
LONGEST: Final = 7_089
"""Characters of the longest code there is, a QR of digits (ISO/IEC 18004, table 7)."""

_SHIFT: Final = 0x22
_CTRL: Final = 0x11
_ENDS: Final = frozenset({0x28, 0x2B, 0x58})
_ROLLED_OVER: Final = 0x01

_PLAIN: Final = dict(enumerate("abcdefghijklmnopqrstuvwxyz1234567890", 0x04)) | dict(
    zip((0x2C, *range(0x2D, 0x32), *range(0x33, 0x39)), " -=[]\\;'`,./", strict=True)
)
_SHIFTED: Final = dict(zip("1234567890-=[]\\;'`,./", '!@#$%^&*()_+{}|:"~<>?', strict=True))
_KEYPAD: Final = dict(zip(range(0x54, 0x58), "/*-+", strict=True)) | dict(
    zip(range(0x59, 0x64), "1234567890.", strict=True)
)


class KeyReader:
    """Collects what is typed. `cut` counts texts that were dropped since something of them was missing."""

    def __init__(self) -> None:
        self.cut = 0
        self._down: frozenset[int] = frozenset()
        self._typed: list[str] = []
        self._is_broken = False

    @property
    def is_typing(self) -> bool:
        """Whether a text has begun and not ended."""
        return bool(self._typed) or self._is_broken

    def feed(self, report: bytes) -> str | None:
        """Take a report; return the text that it ends, if any. Raises ValueError on another length."""
        if len(report) != REPORT_BYTES:
            raise ValueError(f"a keyboard's report has {REPORT_BYTES} bytes, not {len(report)}")
        keys = [key for key in report[2:] if key]
        if _ROLLED_OVER in keys:
            # Too many keys at once: the keyboard does not know which.
            self._is_broken = True
            return None
        pressed = [key for key in keys if key not in self._down]
        self._down = frozenset(keys)
        for key in pressed:
            if key in _ENDS:
                return self._ended()
            self._type(key, report[0])
        return None

    def give_up(self) -> None:
        """Drop what was begun: its end never came."""
        if self.is_typing:
            self.cut += 1
        self._typed, self._is_broken = [], False

    def _type(self, key: int, modifiers: int) -> None:
        plain = _PLAIN.get(key) or _KEYPAD.get(key)
        if plain is None:
            # Keys that type nothing: caps lock, arrows.
            return
        if modifiers & _CTRL:
            # Control and a letter or one of [\]^_ is a control character: scanners send FNC1 as control and ].
            code = ord(plain.upper()) - 0x40
            plain = chr(code) if 0 < code < 0x20 else ""
        elif modifiers & _SHIFT:
            plain = plain.upper() if plain.isalpha() else _SHIFTED.get(plain, plain)
        if len(self._typed) >= LONGEST:
            self._is_broken = True
        else:
            self._typed.append(plain)

    def _ended(self) -> str | None:
        if self._is_broken:
            self.give_up()
            return None
        text, self._typed = "".join(self._typed), []
        return text or None


def typed(text: str) -> list[bytes]:
    """Return the reports by which a scanner types a text and Enter: each key down and up. Raises ValueError.

    Scanners lift a key only when the next one is the same; this is the slower form that all understand.
    """
    return [report for character in (*text, "\n") for report in (_report(character), bytes(REPORT_BYTES))]


def _report(character: str) -> bytes:
    if character == "\n":
        return bytes((0, 0, 0x28, 0, 0, 0, 0, 0))
    if ord(character) < 0x20:
        return bytes((0x01, 0, _KEYS[chr(ord(character) + 0x40).lower()][1], 0, 0, 0, 0, 0))
    if character not in _KEYS:
        raise ValueError(f"{character!r}: no key of a US keyboard types it")
    modifier, key = _KEYS[character]
    return bytes((modifier, 0, key, 0, 0, 0, 0, 0))


def _keys() -> dict[str, tuple[int, int]]:
    keys = {plain: (0, key) for key, plain in _PLAIN.items()}
    for key, plain in _PLAIN.items():
        if plain.isalpha():
            keys[plain.upper()] = (0x02, key)
        elif plain in _SHIFTED:
            keys[_SHIFTED[plain]] = (0x02, key)
    return keys


_KEYS: Final = _keys()
