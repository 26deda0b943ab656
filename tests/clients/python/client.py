"""The newest client, `mcp` 2, which knows both eras of the protocol."""

import contextlib

from mcp import Client, MCPError, StdioServerParameters
from server import on_http, on_stdio

__all__ = ["MODES", "MCPError", "connected"]

# By the modes that this client has, what it must have negotiated.
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}

CALL_SECONDS = 30


@contextlib.asynccontextmanager
async def connected(binary, transport, mode, folder, on_message=None):
    """A client connected to a server of its own, whose store is in `folder`. `on_message` is
    awaited with every notification."""
    async with contextlib.AsyncExitStack() as stack:
        if transport == "stdio":
            target = StdioServerParameters(**on_stdio(binary, folder))
        else:
            target = await stack.enter_async_context(on_http(binary, folder))
        client = Client(
            target, mode=mode, read_timeout_seconds=CALL_SECONDS, message_handler=on_message
        )
        await stack.enter_async_context(client)
        negotiated = client.protocol_version
        assert negotiated == MODES[mode], f"{mode} negotiated {negotiated}"
        yield client
