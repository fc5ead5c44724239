"""Barcode scanners: `hid` ones type like a keyboard and are read from hidraw, `serial` ones send lines.

`keys` and `lines` turn what they send into texts without I/O; `virtual` plays a scanner of either kind.
"""
