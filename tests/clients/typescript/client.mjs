// The newest client, which knows both eras of the protocol.

import assert from "node:assert/strict";

import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";

export { AjvJsonSchemaValidator, ProtocolError };

// By era, how this client is told to negotiate and what it must have negotiated.
const ERAS = {
  modern: { mode: "auto", version: "2026-07-28" },
  legacy: { mode: "legacy", version: "2025-11-25" },
};

// By era, the code and the data that this client makes of a resource that is not there: of an answer
// of the older era only the address is left.
export const NOT_FOUND = {
  modern: { code: -32602, keepsData: true },
  legacy: { code: -32602, keepsData: false },
};

// A client connected to a server: to a `url`, or to a process that it starts.
export async function connect(target, era, options = {}) {
  const { mode, version } = ERAS[era];
  const about = { name: "annals-tests", version: "2" };
  const client = new Client(about, { ...options, versionNegotiation: { mode } });
  const transport = target.url
    ? new StreamableHTTPClientTransport(new URL(target.url))
    : new StdioClientTransport(target);
  await client.connect(transport);
  assert.equal(client.getNegotiatedProtocolVersion(), version);
  return client;
}
