"""Reads resources, the prompt and completions with the official MCP client, and hears of what another
process records.

    python test_resources.py BINARY stdio|http auto|legacy

`auto` is the era of 2026-07-28, `legacy` that of 2025-11-25 and before, which hears of changes over
stdio only. Exits with 0 if every answer was right.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import warnings

from answers import Tools, fields
from client import connected
from mcp import MCPError
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp_types import (
    PromptReference,
    ResourceListChangedNotification,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
)

TEMPLATES = [
    "annals://instances/{id}",
    "annals://instances/{id}/events{?after,before}",
    "annals://instances/{id}/state",
    "annals://types/{type}",
]
RUN_SECONDS = 120
HEAR_SECONDS = 10


async def read(client, uri):
    """The JSON of a resource."""
    result = await client.read_resource(uri)
    [content] = result.contents
    assert (str(content.uri), content.mime_type) == (uri, "application/json"), content
    return json.loads(content.text)


async def resources(client, mode, handle):
    listed = (await client.list_resources()).resources
    uris = [str(resource.uri) for resource in listed]
    assert uris == ["annals://instances", "annals://types", f"annals://instances/{handle}"], uris
    templates = (await client.list_resource_templates()).resource_templates
    assert [template.uri_template for template in templates] == TEMPLATES, templates

    details = await read(client, f"annals://instances/{handle}")
    fields(details, {"handle": handle, "status": "active", "state": dict, "last_events": list})
    state = await read(client, f"annals://instances/{handle}/state")
    fields(state, {"handle": handle, "last_sequence": 2, "state": details["state"]})
    events = await read(client, f"annals://instances/{handle}/events?after=1")
    fields(events, {"total_count": 1, "has_more": False})
    fields(events["events"][0], {"sequence_num": 2, "event_type": "epic_started"})
    instances = await read(client, "annals://instances")
    fields(instances, {"total_count": 1, "has_more": False})
    types = await read(client, "annals://types")
    assert any(entry["type"] == "epic_started" for entry in types["event_types"]), types
    fields(await read(client, "annals://types/epic_started"), {"schema": dict})

    try:
        await client.read_resource("annals://instances/nobody")
    except MCPError as error:
        assert error.code == (-32602 if mode == "auto" else -32002), error
        fields(error.error.data, {"success": False, "code": "instance_not_found", "hint": str})
    else:
        raise AssertionError("a resource that is not there is a fault of the protocol")


async def prompt(client, handle):
    [listed] = (await client.list_prompts()).prompts
    assert (listed.name, listed.arguments[0].name) == ("resume", "instance"), listed
    for arguments in (None, {"instance": handle}):
        [message] = (await client.get_prompt("resume", arguments)).messages
        text = message.content.text
        assert len(text) <= 10_000, len(text)
        [quoted] = [line for line in text.splitlines() if line.startswith("{")]
        facts = json.loads(quoted)
        assert facts["instance"]["handle"] == handle, facts
        assert [event["sequence_num"] for event in facts["last_events"]] == [2, 1], facts


async def completion(client, handle):
    async def values(reference, name, typed):
        result = await client.complete(reference, {"name": name, "value": typed})
        return result.completion.values

    instance = ResourceTemplateReference(type="ref/resource", uri=TEMPLATES[0])
    assert await values(instance, "id", "odin") == [handle]
    assert await values(instance, "id", "nobody") == []
    resume = PromptReference(type="ref/prompt", name="resume")
    assert await values(resume, "instance", handle[-6:]) == [handle]
    event_type = ResourceTemplateReference(type="ref/resource", uri=TEMPLATES[3])
    assert await values(event_type, "type", "epic_s") == ["epic_started"]


@contextlib.asynccontextmanager
async def hearing(client, mode, messages, uris):
    """An async function that gives the next thing heard: a URI, or `list`."""
    if mode == "auto":
        listening = client.listen(resources_list_changed=True, resource_subscriptions=uris)
        async with listening as subscription:
            assert subscription.honored.resource_subscriptions == uris, subscription.honored

            async def heard():
                event = await anext(subscription)
                if isinstance(event, ResourcesListChanged):
                    return "list"
                assert isinstance(event, ResourceUpdated), event
                return event.uri

            yield heard
        return

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for uri in uris:
            await client.subscribe_resource(uri)

    async def heard():
        while True:
            message = await messages.get()
            if isinstance(message, ResourceListChangedNotification):
                return "list"
            if isinstance(message, ResourceUpdatedNotification):
                return str(message.params.uri)

    yield heard
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for uri in uris:
            await client.unsubscribe_resource(uri)


async def annals(binary, folder, *arguments):
    """Runs a command in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        binary, *arguments, "--store", f"sqlite:{folder}/annals.db",
        env={**os.environ, "HOME": str(folder), "ANNALS_STORE": ""},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0, arguments


async def changes(client, binary, mode, folder, messages, instance_id, handle):
    uris = [f"annals://instances/{handle}{part}" for part in ("", "/events", "/state")]
    async with hearing(client, mode, messages, uris) as heard:
        await annals(binary, folder, "emit", instance_id, "epic_completed", '{"epic_id": "epic-003"}')
        async with asyncio.timeout(HEAR_SECONDS):
            assert {await heard() for _ in uris} == set(uris)
        state = await read(client, uris[2])
        assert state["last_sequence"] >= 3, state
        await annals(binary, folder, "register", "--project", "thor")
        async with asyncio.timeout(HEAR_SECONDS):
            # epic_completed may have brought an automatic event, told in an update of its own.
            while (found := await heard()) != "list":
                assert found in uris, found
        assert len((await client.list_resources(cache_mode="refresh")).resources) == 4


async def in_a_new_store(binary, transport, mode):
    messages = asyncio.Queue()
    with tempfile.TemporaryDirectory(prefix="annals-") as folder:
        async with connected(binary, transport, mode, folder, messages.put) as client:
            tools = await Tools.of(client)
            instance = await tools.call("mcp_meta_register_instance", project="odin")
            instance_id, handle = instance["instance_id"], instance["handle"]
            await tools.call(
                "mcp_meta_emit_event", instance_id=instance_id, event_type="epic_started",
                event_data={"epic_id": "epic-003"},
            )
            await resources(client, mode, handle)
            await prompt(client, handle)
            await completion(client, handle)
            told = client.server_capabilities.resources
            if (transport, mode) == ("http", "legacy"):
                assert not told.subscribe and not told.list_changed, told
            else:
                assert told.subscribe and told.list_changed, told
                await changes(client, binary, mode, folder, messages, instance_id, handle)


async def run(binary, transport, mode):
    async with asyncio.timeout(RUN_SECONDS):
        await in_a_new_store(binary, transport, mode)


if __name__ == "__main__":
    _, binary, transport, mode = sys.argv
    assert transport in ("stdio", "http") and mode in ("auto", "legacy"), __doc__
    asyncio.run(run(binary, transport, mode))
    print(f"{transport} {mode}: every answer was right")
