"""What a serial scanner sends: texts that end with CR, LF or ETX, some begin with STX, out of a stream of bytes."""

from typing import Final

from device_drivers.scanner.keys import LONGEST

_ENDS: Final = b"\r\n\x03"
_BEGIN: Final = 0x02


class LineReader:
    """Collects bytes. `cut` counts texts that were dropped: too long for any code, or no text at all."""

    def __init__(self) -> None:
        self.cut = 0
        self._held = bytearray()
        self._is_broken = False

    @property
    def is_typing(self) -> bool:
        """Whether a text has begun and not ended."""
        return bool(self._held) or self._is_broken

    def feed(self, data: bytes) -> list[str]:
        """Take bytes as they come; return the texts that they end."""
        texts = []
        for byte in data:
            if byte in _ENDS:
                if (text := self._ended()) is not None:
                    texts.append(text)
            elif byte == _BEGIN:
                # What came before it was never ended.
                self.give_up()
            elif len(self._held) >= 4 * LONGEST:
                self._is_broken = True
            else:
                self._held.append(byte)
        return texts

    def give_up(self) -> None:
        """Drop what was begun: its end never came."""
        if self.is_typing:
            self.cut += 1
        self._held.clear()
        self._is_broken = False

    def _ended(self) -> str | None:
        if self._is_broken:
            self.give_up()
            return None
        data = bytes(self._held)
        self._held.clear()
        try:
            return data.decode("utf-8") or None
        except UnicodeDecodeError:
            # Scanners send Latin-1 unless they are told otherwise.
            return data.decode("latin-1")
