"""Scales: on USB as HID, on a serial line by two protocols, or a load cell on I²C; each with a virtual twin.

`reports` and `lines` are the bytes, sans-io; `hid`, `serial` and `load_cell` the drivers; `virtual` has their twins.
"""
