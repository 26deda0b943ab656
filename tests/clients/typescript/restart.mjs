// The server is killed and started again, and nothing is lost: neither what it had acknowledged, nor,
// over HTTP, the connection of the client, for there is no session.

import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";

import { fields, Tools } from "./answers.mjs";
import { connect, era, scenario, transport } from "./scenario.mjs";

const HEAR_MS = 10_000;

const sequence = (page) => page.events.map((event) => event.sequence_num);

async function emit(tools, instance_id, event_id) {
  const event = { event_type: "task_spawned", event_data: { description: "go on" } };
  return tools.call("emit_event", { instance_id, event_id, ...event });
}

// Events 1 and 2, which are acknowledged.
async function before(tools) {
  const { instance_id } = await tools.call("register_instance", { project: "odin" });
  const event_id = randomUUID();
  fields(await emit(tools, instance_id, event_id), { sequence_num: 2 });
  return { instance_id, event_id };
}

// What was acknowledged is there, sending it again is safe, and the numbers go on.
async function after(tools, { instance_id, event_id }) {
  fields(await emit(tools, instance_id, event_id), { sequence_num: 2, duplicate: true });
  fields(await emit(tools, instance_id, randomUUID()), { sequence_num: 4 });
  const all = await tools.call("query_events", { instance_id, order: "asc" });
  assert.deepEqual(sequence(all), [1, 2, 3, 4]);
}

// Event 3, while the server is down.
async function meanwhile(annals, client, { instance_id }) {
  await assert.rejects(client.listResources(), "nobody is there to answer");
  await annals.run("emit", instance_id, "task_spawned", '{"description": "alone"}');
}

// A server on a port that stays free while it is down: below those that systems give out themselves.
async function onOwnPort(annals, tries = 20) {
  try {
    return await annals.http(randomInt(20_000, 30_000));
  } catch (error) {
    if (tries === 1) throw error;
    return onOwnPort(annals, tries - 1);
  }
}

async function overHttp(annals) {
  const first = await onOwnPort(annals);
  const client = await connect(first, era);
  const tools = await Tools.of(client);
  const done = await before(tools);
  const subscription = await listen(client, done);
  await first.kill();
  if (subscription) assert.equal(await subscription.closed, "remote");
  await meanwhile(annals, client, done);

  const second = await annals.http(first.port);
  await after(tools, done);
  const again = await listen(client, done);
  if (again) await hear(client, tools, done);
  await second.stop();
  if (again) assert.equal(await again.closed, "graceful");
  await client.close();
}

async function listen(client, { instance_id }) {
  if (era === "modern") {
    return client.listen({ resourceSubscriptions: [`annals://instances/${instance_id}`] });
  }
}

async function hear(client, tools, { instance_id }) {
  const heard = new Promise((resolve, reject) => {
    client.fallbackNotificationHandler = async ({ params }) => resolve(params.uri);
    setTimeout(() => reject(new Error("not heard")), HEAR_MS).unref();
  });
  await emit(tools, instance_id, randomUUID());
  assert.equal(await heard, `annals://instances/${instance_id}`);
}

async function overStdio(annals) {
  const first = await connect(annals.stdio(), era);
  const done = await before(await Tools.of(first));
  const closed = new Promise((resolve) => (first.onclose = resolve));
  process.kill(first.transport.pid, "SIGKILL");
  await closed;
  await meanwhile(annals, first, done);

  const second = await connect(annals.stdio(), era);
  await after(await Tools.of(second), done);
  await second.close();
}

await scenario(transport === "http" ? overHttp : overStdio);
