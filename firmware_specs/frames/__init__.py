"""Bytes that go through the air, one standard a module.

Every frame is a frozen value with `from_bytes`, which raises ValueError on anything else, and
`__bytes__`. Beacons: `ibeacon`, `eddystone`, `altbeacon`. Labels: `esl`. All of them byte by byte: `layouts`.
"""
