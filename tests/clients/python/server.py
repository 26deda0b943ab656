"""The real server as a child process, and the official client connected to it."""

import asyncio
import contextlib
import os
import re
import signal

from mcp import Client, StdioServerParameters

# What the client must have negotiated in each mode.
PROTOCOL_VERSION = {"auto": "2026-07-28", "legacy": "2025-11-25"}

START_SECONDS = 30
STOP_SECONDS = 15
CALL_SECONDS = 30


@contextlib.asynccontextmanager
async def connected(binary, transport, mode, folder, on_message=None):
    """A client connected to a server of its own, whose store is `folder`/annals.db. `on_message` is
    awaited with every notification."""
    store = f"sqlite:{folder}/annals.db"
    # A home of its own, so that neither the user's settings nor the user's data play a part.
    environment = {"HOME": str(folder), "ANNALS_STORE": ""}
    async with contextlib.AsyncExitStack() as stack:
        if transport == "stdio":
            target = StdioServerParameters(
                command=binary, args=["mcp", "--store", store], env=environment
            )
        else:
            arguments = ["serve", "--listen", "127.0.0.1:0", "--store", store]
            target = await stack.enter_async_context(serving(binary, arguments, environment))
        client = Client(
            target, mode=mode, read_timeout_seconds=CALL_SECONDS, message_handler=on_message
        )
        await stack.enter_async_context(client)
        negotiated = client.protocol_version
        assert negotiated == PROTOCOL_VERSION[mode], f"{mode} negotiated {negotiated}"
        yield client


@contextlib.asynccontextmanager
async def serving(binary, arguments, environment):
    """The URL of an HTTP server, which is asked to stop at the end and must then exit with 0."""
    process = await asyncio.create_subprocess_exec(
        binary,
        *arguments,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = []
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await listening(process.stdout, printed)
        rest = asyncio.create_task(drain(process.stdout, printed))
        yield f"{address}/mcp"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            status = await process.wait()
            await rest
        assert status == 0, f"after SIGTERM the server exited with {status}"
    except BaseException:
        print("the server printed:", *printed, sep="\n    ", flush=True)
        raise
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def listening(output, printed):
    """Reads on until the server says where it listens."""
    while line := (await output.readline()).decode(errors="replace"):
        printed.append(line.rstrip())
        if found := re.search(r"listening on (http://127\.0\.0\.1:[1-9]\d*)", line):
            return found[1]
    raise AssertionError("the server ended without saying where it listens")


async def drain(output, printed):
    """Reads on to the end, so that the server never waits for a reader."""
    while line := await output.readline():
        printed.append(line.decode(errors="replace").rstrip())
