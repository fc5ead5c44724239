"""The virtual store: one process holds the truth, all virtual devices ask it.

`python -m device_drivers.virtual --site SITE.json` is that process. `world` says who is where and what
a camera sees, `air` what a radio hears, both pure functions of a seed; `beacons` advertises real
iBeacon frames on bumble controllers, `server` carries them to `client`, and `bleak_backend` lets
bleak hear them in another process. `demo_site` makes a supermarket.
"""
