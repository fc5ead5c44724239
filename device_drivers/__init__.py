"""Drivers: one port (`api`), adapters to real transports, and a virtual twin behind the same port for each.

`world` is the shared truth that all virtual devices stand in; `air` is its radio.
"""
