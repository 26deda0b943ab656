"""Drives the real server through the life of an instance with the official MCP client.

    python test_lifecycle.py BINARY stdio|http auto|legacy

`auto` is the era of 2026-07-28, `legacy` that of 2025-11-25 and before, the only one that version 1
of the client knows. Exits with 0 if every answer was right.
"""

import asyncio
import re
import sys
import tempfile
import uuid
from importlib.metadata import version

from answers import Tools, fields

if version("mcp").startswith("1."):
    from client_1 import MODES, MCPError, connected
else:
    from client import MODES, MCPError, connected

READING = {
    "mcp_meta_query_events",
    "mcp_meta_replay_events",
    "mcp_meta_list_event_types",
    "mcp_meta_list_instances",
    "mcp_meta_get_instance_details",
}
WRITING = {
    "mcp_meta_register_instance",
    "mcp_meta_emit_event",
    "mcp_meta_emit_events",
    "mcp_meta_heartbeat",
    "mcp_meta_close_instance",
}

# The event types of the specification, by category.
EVENT_TYPES = {
    "instance": {"instance_registered", "instance_heartbeat", "instance_stale"},
    "epic": {"epic_started", "epic_completed", "epic_failed"},
    "testing": {
        "test_started", "test_passed", "test_failed", "validation_passed", "validation_failed",
    },
    "git": {"commit_created", "pr_created", "pr_merged"},
    "deployment": {"deployment_started", "deployment_completed", "deployment_failed"},
    "work_state": {"context_window_updated", "checkpoint_created", "checkpoint_loaded"},
    "planning": {"epic_planned", "feature_requested", "task_spawned"},
}

EPIC_STARTED = {
    "epic_id": "epic-003",
    "feature_name": "authentication-oauth",
    "estimated_hours": 60,
    "spawned_by": "plan-feature-interactive",
    "acceptance_criteria_count": 12,
}
TEST_PASSED = {
    "epic_id": "epic-003",
    "test_type": "unit",
    "passed_count": 45,
    "failed_count": 0,
    "coverage_percent": 87,
    "duration_seconds": 342,
}
COMMIT_CREATED = {"commit_hash": "a1b2c3d", "message": "Größe ändern 🚀", "branch": "main"}

RUN_SECONDS = 120

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
RECEIPT = {"event_id": str, "sequence_num": int, "timestamp": str}


def check_receipt(receipt, sequence_num):
    """What is answered for an event that was stored."""
    fields(receipt, RECEIPT | {"sequence_num": sequence_num})
    uuid.UUID(receipt["event_id"])
    assert TIME.fullmatch(receipt["timestamp"]), receipt
    assert re.fullmatch(r"[0-9a-f]{64}", receipt["hash"]), receipt


async def listed_tools(client):
    tools = await Tools.of(client)
    assert READING | WRITING <= tools.listed.keys(), sorted(tools.listed)
    for name in READING:
        assert tools.listed[name].annotations.read_only_hint is True, name
    for name in WRITING:
        assert tools.listed[name].annotations.read_only_hint is False, name
        assert tools.listed[name].annotations.destructive_hint is False, name
    for tool in tools.listed.values():
        assert tool.annotations.open_world_hint is False, tool.name
    try:
        await client.call_tool("mcp_meta_no_such_tool", {})
    except MCPError as error:
        assert error.code == -32602, error
    else:
        raise AssertionError("an unknown tool is a fault of the protocol")
    return tools


async def event_types(tools):
    answer = await tools.call("mcp_meta_list_event_types")
    known = {}
    for entry in answer["event_types"]:
        fields(entry, {
            "type": str, "description": str, "category": str,
            "required_fields": list, "optional_fields": list,
        })
        known[entry["type"]] = entry
    for category, names in EVENT_TYPES.items():
        for name in names:
            assert known[name]["category"] == category, known[name]
    assert "epic_id" in known["epic_started"]["required_fields"], known["epic_started"]


async def register(tools):
    answer = await tools.call("mcp_meta_register_instance", project="annals-demo")
    fields(answer, {
        "success": True, "instance_id": str, "handle": str, "project": "annals-demo",
        "instance_type": "PS", "status": "active", "created_at": str, "event_id": str,
        "sequence_num": 1,
    })
    assert uuid.UUID(answer["instance_id"]).version == 7, answer
    handle = answer["handle"]
    assert re.fullmatch(r"annals-demo-PS-[0-9a-f]{6,15}", handle), answer
    tail = handle.rsplit("-", 1)[1]
    assert answer["instance_id"].replace("-", "").endswith(tail), answer
    assert TIME.fullmatch(answer["created_at"]), answer
    return answer["instance_id"], handle


async def emit(tools, instance_id, handle):
    """Emits events 2 to 5: one, the same again, and a batch by the handle."""
    event_id = str(uuid.uuid4())
    started = dict(
        instance_id=instance_id, event_type="epic_started", event_data=EPIC_STARTED,
        metadata={"tags": ["auth"]}, event_id=event_id, expected_sequence_num=1,
    )
    first = await tools.call("mcp_meta_emit_event", **started)
    fields(first, {"success": True, "event_id": event_id})
    check_receipt(first, 2)

    del started["expected_sequence_num"]
    again = await tools.call("mcp_meta_emit_event", **started)
    fields(again, {"duplicate": True} | {name: first[name] for name in (*RECEIPT, "hash")})

    batch = await tools.call("mcp_meta_emit_events", instance_id=handle, events=[
        {"event_type": "commit_created", "event_data": COMMIT_CREATED},
        {"event_type": "test_passed", "event_data": TEST_PASSED},
        {"event_type": "context_window_updated", "event_data": {"context_percent": 42.5}},
    ])
    fields(batch, {"success": True, "events": list, "head_sequence_num": 5})
    for sequence_num, receipt in enumerate(batch["events"], start=3):
        check_receipt(receipt, sequence_num)
    assert len(batch["events"]) == 3, batch


async def query(tools, instance_id):
    answer = await tools.call("mcp_meta_query_events", instance_id=instance_id)
    fields(answer, {"events": list, "total_count": 5, "has_more": False})
    assert [event["sequence_num"] for event in answer["events"]] == [5, 4, 3, 2, 1], answer
    for event in answer["events"]:
        fields(event, RECEIPT | {"event_type": str, "event_data": dict})
    by_sequence = {event["sequence_num"]: event for event in answer["events"]}
    fields(by_sequence[1], {"event_type": "instance_registered"})
    fields(by_sequence[2], {
        "event_type": "epic_started", "event_data": EPIC_STARTED, "metadata": {"tags": ["auth"]},
    })
    fields(by_sequence[3], {"event_type": "commit_created", "event_data": COMMIT_CREATED})
    fields(by_sequence[4], {"event_type": "test_passed", "event_data": TEST_PASSED})

    async def found(limit=100, offset=0, order="asc", **filters):
        page = await tools.call(
            "mcp_meta_query_events", instance_id=instance_id, filters=filters,
            limit=limit, offset=offset, order=order,
        )
        return [event["sequence_num"] for event in page["events"]], page

    assert (await found(event_type="test_passed"))[0] == [4]
    assert (await found(event_type=["test_passed", "epic_started"]))[0] == [2, 4]
    assert (await found(keyword="GRÖSSE"))[0] == [], "no folding of ß"
    assert (await found(keyword="GRÖß"))[0] == [3]
    day = by_sequence[1]["timestamp"][:10]
    last_day = by_sequence[5]["timestamp"][:10]
    assert (await found(start_date=day, end_date=last_day))[0] == [1, 2, 3, 4, 5]
    assert (await found(end_date="2001-01-01"))[0] == []
    numbers, page = await found(limit=2, offset=1)
    assert numbers == [2, 3], numbers
    fields(page, {"total_count": 5, "has_more": True})


async def replay(tools, instance_id):
    answer = await tools.call("mcp_meta_replay_events", instance_id=instance_id)
    fields(answer, {"final_state": dict, "events_replayed": 5, "success": True})
    assert isinstance(answer["duration_ms"], (int, float)) and answer["duration_ms"] >= 0, answer
    fields(answer["final_state"], {
        "last_epic": "epic-003", "last_event_type": "context_window_updated",
        "latest_timestamp": str, "total_events_replayed": 5,
    })
    part = await tools.call("mcp_meta_replay_events", instance_id=instance_id, to_sequence_num=2)
    fields(part, {"events_replayed": 2})
    fields(part["final_state"], {"last_event_type": "epic_started", "total_events_replayed": 2})


async def registry(tools, instance_id, handle):
    answer = await tools.call(
        "mcp_meta_heartbeat", instance_id=handle, context_percent=55, current_epic="epic-003"
    )
    fields(answer, {
        "success": True, "instance_id": instance_id, "handle": handle, "status": "active",
        "last_heartbeat": str, "stale": False, "sequence_num": 6,
    })
    assert 0 <= answer["age_seconds"] < 60, answer

    entry = {
        "instance_id": instance_id, "handle": handle, "project": "annals-demo",
        "instance_type": "PS", "status": "active", "last_heartbeat": str, "context_percent": 55,
        "current_epic": "epic-003", "last_sequence": 6, "created_at": str,
    }
    answer = await tools.call("mcp_meta_list_instances", project="annals-demo", status="active")
    fields(answer, {"total_count": 1, "has_more": False})
    fields(answer["instances"][0], entry)
    assert (await tools.call("mcp_meta_list_instances", stale_only=True))["instances"] == []

    part_of_handle = handle.rsplit("-", 1)[1]
    answer = await tools.call("mcp_meta_get_instance_details", instance_id=part_of_handle)
    fields(answer, entry)


async def refusals(tools, instance_id):
    """Each is refused by its code, and nothing is stored."""
    def emit(**arguments):
        return {
            "instance_id": instance_id, "event_type": "epic_started",
            "event_data": {"epic_id": "epic-004"}, **arguments,
        }

    refused = tools.refused
    name = "mcp_meta_emit_event"
    await refused(name, "instance_not_found", **emit(instance_id=str(uuid.uuid4())))
    await refused(name, "unknown_event_type", ["epic_started"], **emit(event_type="epic_startd"))
    await refused(name, "missing_required_field", ["epic_id"], **emit(event_data={}))
    await refused(name, "invalid_field_type", ["epic_id"], **emit(event_data={"epic_id": 4}))
    await refused(name, "sequence_conflict", ["6"], **emit(expected_sequence_num=2))
    await refused(name, "invalid_event_id", **emit(event_id="no-uuid"))
    await refused(name, "invalid_argument", ["event_type"], instance_id=instance_id, event_data={})
    batch = [emit(), emit(event_type="test_passd")]
    for event in batch:
        del event["instance_id"]
    answer = await refused(
        "mcp_meta_emit_events", "unknown_event_type", ["events[1]"],
        instance_id=instance_id, events=batch,
    )
    fields(answer, {"index": 1})
    name = "mcp_meta_query_events"
    await refused(name, "invalid_limit", ["1000"], instance_id=instance_id, limit=1001)
    await refused(name, "invalid_date", instance_id=instance_id, filters={"start_date": "soon"})
    name = "mcp_meta_replay_events"
    await refused(name, "invalid_sequence", ["6"], instance_id=instance_id, to_sequence_num=7)
    assert (await stored(tools, instance_id)) == [1, 2, 3, 4, 5, 6]


async def close(tools, instance_id):
    answer = await tools.call("mcp_meta_close_instance", instance_id=instance_id, reason="done")
    fields(answer, {"success": True})
    await tools.refused(
        "mcp_meta_emit_event", "instance_closed", instance_id=instance_id,
        event_type="epic_started", event_data={"epic_id": "epic-004"},
    )
    answer = await tools.call("mcp_meta_get_instance_details", instance_id=instance_id)
    fields(answer, {"status": "closed", "last_sequence": 7})


async def stored(tools, instance_id):
    """The sequence numbers of all events of an instance, in order."""
    answer = await tools.call("mcp_meta_query_events", instance_id=instance_id, order="asc")
    return [event["sequence_num"] for event in answer["events"]]


async def lifecycle(binary, transport, mode):
    async with asyncio.timeout(RUN_SECONDS):
        await in_a_new_store(binary, transport, mode)


async def in_a_new_store(binary, transport, mode):
    with tempfile.TemporaryDirectory(prefix="annals-") as folder:
        async with connected(binary, transport, mode, folder) as client:
            tools = await listed_tools(client)
            await event_types(tools)
            instance_id, handle = await register(tools)
            await emit(tools, instance_id, handle)
            await query(tools, instance_id)
            await replay(tools, instance_id)
            await registry(tools, instance_id, handle)
            await refusals(tools, instance_id)
            await close(tools, instance_id)
        # A new server on the same store knows it all.
        async with connected(binary, transport, mode, folder) as client:
            tools = await Tools.of(client)
            assert await stored(tools, instance_id) == [1, 2, 3, 4, 5, 6, 7]


if __name__ == "__main__":
    _, binary, transport, mode = sys.argv
    assert transport in ("stdio", "http") and mode in MODES, __doc__
    asyncio.run(lifecycle(binary, transport, mode))
    print(f"mcp {version('mcp')} {transport} {mode}: every answer was right")
