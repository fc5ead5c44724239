"""Speakers. `player` paces and measures, `sink` plays into files or nothing, `alsa` into a sound card."""
