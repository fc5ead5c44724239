"""A camera on the network: `python -m tests.fakes.rtsp PORT FOLDER` serves a folder's videos over RTSP on loopback."""

import asyncio
import sys

from aio_rtsp_toolkit.server import serve

if __name__ == "__main__":
    asyncio.run(serve(sys.argv[2], "127.0.0.1", int(sys.argv[1])))
