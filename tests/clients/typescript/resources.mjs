// Resources, the prompt and completions; and what a client hears of that another process records, in
// each form that its era and transport have.

import assert from "node:assert/strict";

import { everyPage, fields, Tools } from "./answers.mjs";
import { connected, era, NOT_FOUND, ProtocolError, scenario, transport } from "./scenario.mjs";

const TEMPLATES = [
  "annals://instances/{id}",
  "annals://instances/{id}/events{?after,before}",
  "annals://instances/{id}/state",
  "annals://types/{type}",
];
const HEAR_MS = 10_000;

// The JSON of a resource.
async function read(client, uri) {
  const { contents } = await client.readResource({ uri });
  assert.equal(contents.length, 1);
  fields(contents[0], { uri, mimeType: "application/json" });
  return JSON.parse(contents[0].text);
}

async function resources(client, { handle }) {
  const listed = await everyPage((params) => client.listResources(params), "resources");
  const uris = listed.map((resource) => resource.uri);
  assert.deepEqual(uris, ["annals://instances", "annals://types", `annals://instances/${handle}`]);
  const templates = await everyPage(
    (params) => client.listResourceTemplates(params),
    "resourceTemplates",
  );
  assert.deepEqual(templates.map((template) => template.uriTemplate), TEMPLATES);

  const details = await read(client, `annals://instances/${handle}`);
  fields(details, { handle, status: "active", state: Object, last_events: Array });
  const state = await read(client, `annals://instances/${handle}/state`);
  fields(state, { handle, last_sequence: 2, state: details.state });
  const events = await read(client, `annals://instances/${handle}/events?after=1`);
  fields(events, { total_count: 1, has_more: false });
  fields(events.events[0], { sequence_num: 2, event_type: "epic_started" });
  fields(await read(client, "annals://instances"), { total_count: 1, has_more: false });
  const types = await read(client, "annals://types");
  assert.ok(types.event_types.some((entry) => entry.type === "epic_started"));
  fields(await read(client, "annals://types/epic_started"), { schema: Object });

  const uri = "annals://instances/nobody";
  await assert.rejects(client.readResource({ uri }), (error) => {
    assert.ok(error instanceof ProtocolError);
    const { code, keepsData } = NOT_FOUND[era];
    assert.equal(error.code, code);
    assert.ok(error.message.includes("nobody"), error.message);
    fields(error.data, { uri });
    if (keepsData) fields(error.data, { success: false, code: "instance_not_found", hint: String });
    return true;
  });
}

async function prompt(client, { handle }) {
  const listed = await everyPage((params) => client.listPrompts(params), "prompts");
  assert.deepEqual(listed.map(({ name, arguments: [{ name: first }] }) => [name, first]), [
    ["resume", "instance"],
  ]);
  for (const args of [undefined, { instance: handle }]) {
    const { messages } = await client.getPrompt({ name: "resume", arguments: args });
    assert.equal(messages.length, 1);
    const { text } = messages[0].content;
    assert.ok(text.length <= 10_000);
    const quoted = text.split("\n").filter((line) => line.startsWith("{"));
    assert.equal(quoted.length, 1, text);
    const facts = JSON.parse(quoted[0]);
    assert.equal(facts.instance.handle, handle);
    assert.deepEqual(facts.last_events.map((event) => event.sequence_num), [2, 1]);
  }
  await assert.rejects(client.getPrompt({ name: "resum" }), (error) => error.code === -32602);
}

async function completion(client, { handle }) {
  const values = async (ref, name, value) =>
    (await client.complete({ ref, argument: { name, value } })).completion.values;
  const instance = { type: "ref/resource", uri: TEMPLATES[0] };
  assert.deepEqual(await values(instance, "id", "odin"), [handle]);
  assert.deepEqual(await values(instance, "id", "nobody"), []);
  const resume = { type: "ref/prompt", name: "resume" };
  assert.deepEqual(await values(resume, "instance", handle.slice(-6)), [handle]);
  const type = { type: "ref/resource", uri: TEMPLATES[3] };
  assert.deepEqual(await values(type, "type", "epic_s"), ["epic_started"]);
}

// What a client has heard and nobody has asked for yet.
class Heard {
  #waiting = [];
  #wake = () => {};

  push(what) {
    this.#waiting.push(what);
    this.#wake();
  }

  // Waits until everything in `wanted` was heard; what else was heard must be in `allowed`.
  async all(wanted, allowed = wanted) {
    const missing = new Set(wanted);
    const late = AbortSignal.timeout(HEAR_MS);
    while (missing.size > 0) {
      const what = this.#waiting.shift();
      if (what === undefined) {
        await new Promise((resolve, reject) => {
          this.#wake = resolve;
          late.onabort = () => reject(new Error(`not heard: ${[...missing].join(", ")}`));
        });
        continue;
      }
      assert.ok(missing.delete(what) || allowed.includes(what), `unwanted: ${what}`);
    }
  }

  forget() {
    this.#waiting = [];
  }
}

// Asks for news of these resources and of the list, and gives a function that asks for no more.
async function subscribe(client, uris) {
  if (era === "modern") {
    const wanted = { resourceSubscriptions: uris, resourcesListChanged: true };
    const subscription = await client.listen(wanted);
    assert.deepEqual(subscription.honoredFilter, wanted);
    return async () => {
      await subscription.close();
      assert.equal(await subscription.closed, "local");
    };
  }
  for (const uri of uris) await client.subscribeResource({ uri });
  return async () => {
    for (const uri of uris) await client.unsubscribeResource({ uri });
  };
}

// An update tells of a resource, `list` of the list.
async function changes(client, annals, heard, { instance_id, handle }) {
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method === "notifications/resources/updated") heard.push(params.uri);
    if (method === "notifications/resources/list_changed") heard.push("list");
  };
  const uris = ["", "/events", "/state"].map((part) => `annals://instances/${handle}${part}`);
  const unsubscribe = await subscribe(client, uris);
  await annals.run("emit", instance_id, "epic_completed", '{"epic_id": "epic-003"}');
  await heard.all(uris);
  assert.ok((await read(client, uris[2])).last_sequence >= 3);
  await annals.run("register", "--project", "thor");
  // epic_completed may have brought an automatic event, told in an update of its own.
  await heard.all(["list"], uris);
  assert.equal((await client.listResources(undefined, { cacheMode: "refresh" })).resources.length, 4);

  await unsubscribe();
  heard.forget();
  await subscribe(client, ["annals://instances"]);
  await annals.run("emit", instance_id, "epic_started", '{"epic_id": "epic-004"}');
  await heard.all(["annals://instances"]);
}

// The client itself listens for changes of the list, and gives the new one each time.
async function managedList(annals) {
  const heard = new Heard();
  const onChanged = (error, listed) => {
    assert.ifError(error);
    for (const { uri } of listed) heard.push(uri);
  };
  await connected(annals, { listChanged: { resources: { onChanged } } }, async (client) => {
    const before = (await client.listResources()).resources.map((resource) => resource.uri);
    await annals.run("register", "--project", "freya");
    const after = () => client.listResources(undefined, { cacheMode: "refresh" });
    const [, , newest] = (await after()).resources;
    assert.ok(!before.includes(newest.uri));
    await heard.all([newest.uri], before);
  });
}

await scenario(async (annals) => {
  await connected(annals, {}, async (client) => {
    const tools = await Tools.of(client);
    const instance = await tools.call("register_instance", { project: "odin" });
    const { instance_id } = instance;
    const started = { event_type: "epic_started", event_data: { epic_id: "epic-003" } };
    await tools.call("emit_event", { instance_id, ...started });
    for (const part of [resources, prompt, completion]) await part(client, instance);

    const told = client.getServerCapabilities().resources;
    if (transport === "http" && era === "legacy") {
      assert.deepEqual(told, {}, "without a session there is nothing to send news on");
    } else {
      assert.deepEqual(told, { subscribe: true, listChanged: true });
      await changes(client, annals, new Heard(), instance);
      await managedList(annals);
    }
  });
});
