"""The real server: as a child process that a client starts, and over HTTP."""

import asyncio
import contextlib
import os
import re
import signal

START_SECONDS = 30
STOP_SECONDS = 15


def on_stdio(binary, folder):
    """The child process to start: its program, arguments and environment."""
    return {
        "command": binary,
        "args": ["mcp", "--store", store(folder)],
        "env": environment(folder),
    }


def on_http(binary, folder):
    """The server on a free port; entered, the URL of its MCP endpoint."""
    arguments = ["serve", "--listen", "127.0.0.1:0", "--store", store(folder)]
    return serving(binary, arguments, environment(folder))


def store(folder):
    return f"sqlite:{folder}/annals.db"


def environment(folder):
    """A home of its own, so that neither the user's settings nor the user's data play a part."""
    return {"HOME": str(folder), "ANNALS_STORE": ""}


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
