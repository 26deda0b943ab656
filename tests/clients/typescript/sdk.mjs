// The older client, which knows only the era of the handshake, and which validates refusals against
// the output schemas too.

import assert from "node:assert/strict";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";

export { AjvJsonSchemaValidator, McpError as ProtocolError };

// The code of a resource that is not there, and whether the client keeps what is said of it.
export const NOT_FOUND = { legacy: { code: -32002, keepsData: true } };

// A client connected to a server: to a `url`, or to a process that it starts.
export async function connect(target, era, options = {}) {
  assert.equal(era, "legacy");
  const client = new Client({ name: "annals-tests", version: "1" }, options);
  const transport = target.url
    ? new StreamableHTTPClientTransport(new URL(target.url))
    : new StdioClientTransport(target);
  // The client does not say what was negotiated, but tells its transport.
  let negotiated;
  const tell = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    negotiated = version;
    tell?.(version);
  };
  await client.connect(transport);
  assert.equal(negotiated, "2025-11-25");
  return client;
}
