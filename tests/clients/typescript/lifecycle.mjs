// The life of an instance, from its registration to its closing, with every refusal on the way.
// ANNALS_TEST_TOOLS names all tools that must be listed, with commas between.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { fields, Tools } from "./answers.mjs";
import { connected, ProtocolError, scenario } from "./scenario.mjs";

const EPIC_STARTED = {
  epic_id: "epic-003",
  feature_name: "authentication-oauth",
  estimated_hours: 60,
  acceptance_criteria_count: 12,
};
const COMMIT_CREATED = { commit_hash: "a1b2c3d", message: "Größe ändern 🚀", branch: "main" };
const TEST_PASSED = {
  epic_id: "epic-003",
  test_type: "unit",
  passed_count: 45,
  failed_count: 0,
  coverage_percent: 87.5,
};

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const RECEIPT = { event_id: String, sequence_num: Number, timestamp: String, hash: String };

const sequence = (page) => page.events.map((event) => event.sequence_num);

function checkReceipt(receipt, sequence_num) {
  fields(receipt, { ...RECEIPT, sequence_num });
  assert.match(receipt.timestamp, TIME);
  assert.match(receipt.hash, /^[0-9a-f]{64}$/);
}

async function listedTools(client) {
  const tools = await Tools.of(client);
  const names = tools.listed.map((tool) => tool.name);
  assert.equal(names.join(), process.env.ANNALS_TEST_TOOLS);
  await assert.rejects(client.callTool({ name: "mcp_meta_no_such_tool", arguments: {} }), (error) => {
    assert.ok(error instanceof ProtocolError, "an unknown tool is a fault of the protocol");
    return error.code === -32602;
  });
  return tools;
}

async function eventTypes(tools) {
  const { event_types } = await tools.call("list_event_types");
  const known = new Map(event_types.map((entry) => [entry.type, entry]));
  for (const [type, category] of [
    ["epic_started", "epic"],
    ["test_passed", "testing"],
    ["commit_created", "git"],
    ["deployment_completed", "deployment"],
    ["checkpoint_created", "work_state"],
    ["task_spawned", "planning"],
    ["instance_registered", "instance"],
  ]) {
    fields(known.get(type), {
      category,
      description: String,
      required_fields: Array,
      optional_fields: Array,
    });
  }
  assert.ok(known.get("epic_started").required_fields.includes("epic_id"));
}

async function register(tools) {
  const answer = await tools.call("register_instance", { project: "annals-demo" });
  fields(answer, {
    success: true,
    instance_id: String,
    project: "annals-demo",
    instance_type: "PS",
    status: "active",
    event_id: String,
    sequence_num: 1,
  });
  assert.match(answer.handle, /^annals-demo-PS-[0-9a-f]{6,15}$/);
  assert.match(answer.created_at, TIME);
  return answer;
}

// Emits events 2 to 5: one, the same again, and a batch by the handle.
async function emit(tools, { instance_id, handle }) {
  const event_id = randomUUID();
  const started = {
    instance_id,
    event_type: "epic_started",
    event_data: EPIC_STARTED,
    metadata: { tags: ["auth"] },
    event_id,
  };
  const first = await tools.call("emit_event", { ...started, expected_sequence_num: 1 });
  fields(first, { success: true, event_id });
  checkReceipt(first, 2);

  const again = await tools.call("emit_event", started);
  const { sequence_num, timestamp, hash } = first;
  fields(again, { success: true, duplicate: true, event_id, sequence_num, timestamp, hash });

  const batch = await tools.call("emit_events", {
    instance_id: handle,
    events: [
      { event_type: "commit_created", event_data: COMMIT_CREATED },
      { event_type: "test_passed", event_data: TEST_PASSED },
      { event_type: "context_window_updated", event_data: { context_percent: 42.5 } },
    ],
  });
  fields(batch, { success: true, head_sequence_num: 5 });
  assert.equal(batch.events.length, 3);
  batch.events.forEach((receipt, at) => checkReceipt(receipt, at + 3));
}

async function query(tools, { instance_id }) {
  const all = await tools.call("query_events", { instance_id });
  fields(all, { total_count: 5, has_more: false });
  assert.deepEqual(sequence(all), [5, 4, 3, 2, 1]);
  const [, passed, committed, started, registered] = all.events;
  fields(registered, { event_type: "instance_registered" });
  fields(started, { event_type: "epic_started", event_data: EPIC_STARTED });
  fields(started, { metadata: { tags: ["auth"] } });
  fields(committed, { event_type: "commit_created", event_data: COMMIT_CREATED });
  fields(passed, { event_type: "test_passed", event_data: TEST_PASSED });

  const found = async (filters) =>
    sequence(await tools.call("query_events", { instance_id, filters, order: "asc" }));
  assert.deepEqual(await found({ event_type: "test_passed" }), [4]);
  assert.deepEqual(await found({ event_type: ["test_passed", "epic_started"] }), [2, 4]);
  assert.deepEqual(await found({ keyword: "GRÖß" }), [3]);
  assert.deepEqual(await found({ where: { coverage_percent: 87.5 } }), [4]);
  assert.deepEqual(await found({ start_date: registered.timestamp.slice(0, 10) }), [1, 2, 3, 4, 5]);
  assert.deepEqual(await found({ end_date: "2001-01-01" }), []);

  const page = await tools.call("query_events", { instance_id, limit: 2 });
  fields(page, { total_count: 5, has_more: true, next_cursor: String });
  const next = await tools.call("query_events", { instance_id, limit: 2, cursor: page.next_cursor });
  assert.deepEqual([sequence(page), sequence(next)], [[5, 4], [3, 2]]);
}

async function replay(tools, { instance_id }) {
  const whole = await tools.call("replay_events", { instance_id });
  fields(whole, { success: true, events_replayed: 5, duration_ms: Number });
  fields(whole.final_state, {
    last_epic: "epic-003",
    last_event_type: "context_window_updated",
    latest_timestamp: String,
    total_events_replayed: 5,
  });
  const part = await tools.call("replay_events", { instance_id, to_sequence_num: 2 });
  fields(part, { events_replayed: 2 });
  fields(part.final_state, { last_event_type: "epic_started", total_events_replayed: 2 });
}

async function registry(tools, { instance_id, handle }) {
  const beat = { instance_id: handle, context_percent: 55, current_epic: "epic-003" };
  fields(await tools.call("heartbeat", beat), {
    success: true,
    instance_id,
    handle,
    status: "active",
    stale: false,
    sequence_num: 6,
  });
  const entry = {
    instance_id,
    handle,
    project: "annals-demo",
    instance_type: "PS",
    status: "active",
    last_heartbeat: String,
    context_percent: 55,
    current_epic: "epic-003",
    last_sequence: 6,
    created_at: String,
  };
  const listed = await tools.call("list_instances", { project: "annals-demo", status: "active" });
  fields(listed, { total_count: 1, has_more: false });
  fields(listed.instances[0], entry);
  assert.deepEqual((await tools.call("list_instances", { stale_only: true })).instances, []);
  const details = await tools.call("get_instance_details", { instance_id: handle.slice(-6) });
  fields(details, { ...entry, state: Object, last_events: Array });
}

// Each is refused by its code, and nothing is stored.
async function refusals(tools, { instance_id }) {
  const event = { event_type: "epic_started", event_data: { epic_id: "epic-004" } };
  const one = { instance_id, ...event };
  for (const [tool, args, code, ...mentions] of [
    ["emit_event", { ...one, instance_id: randomUUID() }, "instance_not_found"],
    ["emit_event", { ...one, event_type: "epic_startd" }, "unknown_event_type", "epic_started"],
    ["emit_event", { ...one, event_data: {} }, "missing_required_field", "epic_id"],
    ["emit_event", { ...one, event_data: { epic_id: 4 } }, "invalid_field_type", "epic_id"],
    ["emit_event", { ...one, expected_sequence_num: 2 }, "sequence_conflict", "6"],
    ["emit_event", { ...one, event_id: "no-uuid" }, "invalid_event_id"],
    ["emit_event", { instance_id, event_data: {} }, "invalid_argument", "event_type"],
    ["emit_events", { instance_id, events: [] }, "empty_batch"],
    ["query_events", { instance_id, limit: 1001 }, "invalid_limit", "1000"],
    ["query_events", { instance_id, limit: 0 }, "invalid_limit", "1000"],
    ["query_events", { instance_id, filters: { start_date: "soon" } }, "invalid_date"],
    ["replay_events", { instance_id, to_sequence_num: 7 }, "invalid_sequence", "6"],
    ["list_instances", { limit: 0 }, "invalid_limit"],
    ["register_instance", { project: "a b" }, "invalid_project"],
    ["get_instance_details", { instance_id: "nobody" }, "instance_not_found"],
    ["heartbeat", { instance_id, context_percent: 101 }, "field_out_of_range"],
  ]) {
    await tools.refused(tool, args, code, ...mentions);
  }
  const batch = { instance_id, events: [event, { ...event, event_type: "test_passd" }] };
  fields(await tools.refused("emit_events", batch, "unknown_event_type", "events[1]"), { index: 1 });
  const conflict = await tools.refused(
    "emit_event",
    { ...one, expected_sequence_num: 99 },
    "sequence_conflict",
  );
  fields(conflict, { head_sequence_num: 6 });
  assert.deepEqual(await stored(tools, instance_id), [1, 2, 3, 4, 5, 6]);
}

async function close(tools, { instance_id }) {
  fields(await tools.call("close_instance", { instance_id, reason: "done" }), { success: true });
  const late = { instance_id, event_type: "epic_started", event_data: { epic_id: "epic-004" } };
  await tools.refused("emit_event", late, "instance_closed");
  await tools.refused("heartbeat", { instance_id }, "instance_closed");
  fields(await tools.call("get_instance_details", { instance_id }), {
    status: "closed",
    last_sequence: 7,
  });
}

// The sequence numbers of all events of an instance, in order.
async function stored(tools, instance_id) {
  return sequence(await tools.call("query_events", { instance_id, order: "asc" }));
}

await scenario(async (annals) => {
  let instance;
  await connected(annals, {}, async (client) => {
    const tools = await listedTools(client);
    await eventTypes(tools);
    instance = await register(tools);
    for (const part of [emit, query, replay, registry, refusals, close]) await part(tools, instance);
  });
  // A new server on the same store knows it all.
  await connected(annals, {}, async (client) => {
    const tools = await Tools.of(client);
    assert.deepEqual(await stored(tools, instance.instance_id), [1, 2, 3, 4, 5, 6, 7]);
  });
});
