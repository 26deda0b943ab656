"""The old client, `mcp` 1, which knows only the era of the handshake. What it gives is named as in
`mcp` 2, so that one program reads the answers of both."""

import contextlib
import re
from datetime import timedelta

from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from pydantic import BaseModel
from server import on_http, on_stdio

__all__ = ["MODES", "MCPError", "connected"]

# By the modes that this client has, what it must have negotiated.
MODES = {"legacy": "2025-11-25"}

CALL_TIME = timedelta(seconds=30)


class MCPError(Exception):
    """An error of the protocol, with its code."""

    def __init__(self, error):
        super().__init__(error.message)
        self.code = error.code


class Named:
    """A model with `camelCase` fields, read by `snake_case` names."""

    def __init__(self, model):
        self.model = model

    def __repr__(self):
        return repr(self.model)

    def __getattr__(self, name):
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), name)
        return named(getattr(self.model, camel))


def named(value):
    if isinstance(value, BaseModel):
        return Named(value)
    return [named(item) for item in value] if isinstance(value, list) else value


class Session:
    """A session with the methods of the client of `mcp` 2 that the tests use."""

    def __init__(self, session):
        self.session = session

    async def list_tools(self, cursor):
        return named(await self.session.list_tools(cursor))

    async def call_tool(self, name, arguments):
        try:
            return named(await self.session.call_tool(name, arguments))
        except McpError as error:
            raise MCPError(error.error) from error


@contextlib.asynccontextmanager
async def connected(binary, transport, mode, folder):
    """A client connected to a server of its own, whose store is in `folder`."""
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        if transport == "stdio":
            streams = await enter(stdio_client(StdioServerParameters(**on_stdio(binary, folder))))
        else:
            streams = await enter(streamablehttp_client(await enter(on_http(binary, folder))))
        session = await enter(ClientSession(*streams[:2], read_timeout_seconds=CALL_TIME))
        negotiated = (await session.initialize()).protocolVersion
        assert negotiated == MODES[mode], f"{mode} negotiated {negotiated}"
        yield Session(session)
