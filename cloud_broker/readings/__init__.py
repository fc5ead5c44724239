"""Readings: numbers over time. The pages read the embedded store; any InfluxDB v2 endpoint can get them too."""
