"""The peer of `ingest`: a program as one writes it with aiomqtt. It reads, counts and stores nothing."""

import argparse
import json
import logging
import time

import aiomqtt
import anyio


async def read(port: int, version: aiomqtt.ProtocolVersion, topic_filter: str, messages: int) -> None:
    """Print `ready` when subscribed, and one JSON line when the last message has come."""
    quiet = logging.getLogger("paho")
    quiet.setLevel(logging.ERROR)
    async with aiomqtt.Client("127.0.0.1", port, protocol=version, logger=quiet) as client:
        await client.subscribe(topic_filter, qos=1)
        print("ready", flush=True)
        count = 0
        async for _ in client.messages:
            count += 1
            if count == messages:
                print(json.dumps({"messages": count, "at_ns": time.monotonic_ns()}), flush=True)
                break


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--version", choices=["V311", "V5"], required=True)
    parser.add_argument("--filter", required=True)
    parser.add_argument("--messages", type=int, required=True)
    options = parser.parse_args()
    anyio.run(read, options.port, aiomqtt.ProtocolVersion[options.version], options.filter, options.messages)
