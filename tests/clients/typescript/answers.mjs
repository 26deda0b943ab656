// Tool calls whose answers are held to what the server promises in its tool list.

import assert from "node:assert/strict";

import { AjvJsonSchemaValidator } from "./scenario.mjs";

// What an array, an object, a number and so on is called here.
export function kind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

// Every expected field is there, with this value or, where a constructor is given, of this kind.
// Further fields are allowed.
export function fields(answer, expected) {
  for (const [name, wanted] of Object.entries(expected)) {
    const found = answer[name];
    const place = `${name} in ${JSON.stringify(answer)}`;
    if (typeof wanted === "function") assert.equal(kind(found), wanted.name.toLowerCase(), place);
    else assert.deepEqual(found, wanted, place);
  }
}

// All items of a list that comes in pages.
export async function everyPage(list, name) {
  const items = [];
  let cursor;
  do {
    const page = await list(cursor === undefined ? undefined : { cursor });
    items.push(...page[name]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

// The tools of a connected server.
export class Tools {
  // Lists the tools and checks what is said of them.
  static async of(client) {
    const listed = await everyPage((params) => client.listTools(params), "tools");
    const validators = new Map();
    for (const tool of listed) {
      assert.ok(!validators.has(tool.name), `${tool.name} is listed twice`);
      checkTool(tool);
      validators.set(tool.name, new AjvJsonSchemaValidator().getValidator(tool.outputSchema));
    }
    for (const [name, validator] of validators) {
      assert.ok(!validator({}).valid, `the output schema of ${name} says nothing`);
    }
    return Object.assign(new Tools(), { client, listed, validators });
  }

  // The structured content of an answer that is no refusal.
  async call(name, args = {}) {
    const { answer, refused } = await this.answer(name, args);
    assert.ok(!refused, `${name} ${JSON.stringify(args)}: ${JSON.stringify(answer)}`);
    return answer;
  }

  // The structured content of a refusal with this code, whose words mention all of `mentions`.
  async refused(name, args, code, ...mentions) {
    const { answer, refused } = await this.answer(name, args);
    const place = `${name} ${JSON.stringify(args)}: ${JSON.stringify(answer)}`;
    assert.ok(refused, place);
    fields(answer, { success: false, error: String, code, hint: String });
    assert.ok(answer.error && answer.hint, place);
    for (const word of mentions) assert.ok(`${answer.error} ${answer.hint}`.includes(word), place);
    return answer;
  }

  // Calls a tool, which the client must not take for a failure: the structured content, and whether
  // it is a refusal.
  async answer(name, args) {
    const result = await this.client.callTool({ name: `mcp_meta_${name}`, arguments: args });
    const answer = result.structuredContent;
    const valid = this.validators.get(`mcp_meta_${name}`)(answer);
    assert.ok(valid.valid, `${name}: ${valid.errorMessage} in ${JSON.stringify(answer)}`);
    assert.equal(result.content.length, 1, name);
    assert.deepEqual(JSON.parse(result.content[0].text), answer, "the copy says the same");
    return { answer, refused: result.isError === true };
  }
}

function checkTool(tool) {
  assert.ok(tool.title && tool.description, tool.name);
  assert.equal(tool.annotations.openWorldHint, false, tool.name);
  for (const side of ["inputSchema", "outputSchema"]) {
    assert.equal(tool[side].type, "object", `${tool.name} ${side}`);
    checkSchema(tool[side], `${tool.name} ${side}`);
  }
}

// No boolean schema for a value, which hides all tools from some clients, and no `uint` format, about
// which some validators complain at every call.
function checkSchema(schema, place) {
  assert.equal(kind(schema), "object", `${place} is ${schema}`);
  assert.ok(!String(schema.format ?? "").startsWith("uint"), `${place}: ${schema.format}`);
  for (const group of ["properties", "patternProperties", "$defs", "definitions"]) {
    for (const [name, inner] of Object.entries(schema[group] ?? {})) {
      checkSchema(inner, `${place} ${group}.${name}`);
    }
  }
  for (const group of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
    (schema[group] ?? []).forEach((inner, at) => checkSchema(inner, `${place} ${group}[${at}]`));
  }
  if ("items" in schema) checkSchema(schema.items, `${place} items`);
  if (kind(schema.additionalProperties) === "object") {
    checkSchema(schema.additionalProperties, `${place} additionalProperties`);
  }
}
