// Runs a scenario against the real program in a store of its own.
//
//   node --import ./installed.mjs SCENARIO BINARY client|sdk stdio|http modern|legacy
//
// `modern` is the era of 2026-07-28, `legacy` that of 2025-11-25 and before, the only one that `sdk`
// knows. Exits with 0 if every answer was right and no client complained.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

import { Annals } from "./server.mjs";

const RUN_MS = 120_000;

const [, program, binary, library, transport, era] = process.argv;

export const { AjvJsonSchemaValidator, NOT_FOUND, ProtocolError, connect } = await import(`./${library}.mjs`);
export { era, transport };

// `body` is given the program, and a function that gives what a client connects to.
export async function scenario(body) {
  const folder = await mkdtemp(`${tmpdir()}/annals-`);
  const annals = new Annals(binary, folder);
  const complaints = [];
  for (const level of ["warn", "error"]) {
    console[level] = (...words) => complaints.push(words.map(String).join(" "));
  }
  const late = setTimeout(() => fail(new Error(`not done after ${RUN_MS / 1000} s`)), RUN_MS);
  function fail(error) {
    process.stderr.write(`${library} ${transport} ${era}: ${error.stack}\n`);
    annals.kill();
    process.exit(1);
  }
  try {
    await body(annals);
    assert.deepEqual(complaints, [], "what the client complained of");
  } catch (error) {
    fail(error);
  } finally {
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true });
  }
  console.log(`${program} ${library} ${transport} ${era}: every answer was right`);
}

// Gives `body` a client of a server that runs meanwhile.
export async function connected(annals, options, body) {
  const served = transport === "http" ? await annals.http() : undefined;
  const client = await connect(served ?? annals.stdio(), era, options);
  const errors = [];
  client.onerror = (error) => errors.push(error);
  await body(client, served);
  await client.close();
  await served?.stop();
  assert.deepEqual(errors, [], "errors of the connection");
}
