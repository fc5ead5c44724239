"""Benchmarks: `./aisle bench` runs all, `./aisle bench NAME` some, `--list` names them, `--json` for programs.

Each is a module here with `NAME`, `ABOUT` and `async def run() -> Report`. The peer or the naive way is
measured in the same run, alternating, so that ratios hold on a noisy machine. Start reading in `frame`.
"""
