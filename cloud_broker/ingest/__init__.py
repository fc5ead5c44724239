"""Ingest: what devices say becomes durable here, before anyone acknowledges it.

`reader` parses MQTT, `journal` decides and commits many messages at once, `worker` joins them:
a PUBACK goes out after the commit, and then the durable watermark.
"""
