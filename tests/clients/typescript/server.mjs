// The real server: as a process that a client starts, and over HTTP.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

// The program with a home of its own, so that neither the user's settings nor the user's data play
// a part.
export class Annals {
  constructor(binary, folder) {
    this.binary = binary;
    this.store = ["--store", `sqlite:${folder}/annals.db`];
    this.env = { ...process.env, HOME: folder, ANNALS_STORE: "" };
    this.processes = new Set();
  }

  // The process for a client to start.
  stdio() {
    return { command: this.binary, args: ["mcp", ...this.store], env: this.env };
  }

  // A server over HTTP, on a free port if none is given.
  async http(port = 0) {
    const server = this.start(["serve", "--listen", `127.0.0.1:${port}`], "pipe");
    const lines = createInterface({ input: server.stderr });
    const address = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        process.stderr.write(`${line}\n`);
        const found = /listening on (http:\/\/127\.0\.0\.1:([1-9]\d*))/.exec(line);
        if (found) resolve({ url: `${found[1]}/mcp`, port: Number(found[2]) });
      });
      lines.on("close", () => reject(new Error("the server ended without saying where it listens")));
    });
    return new Http(server, await address);
  }

  // Runs a command, which must succeed.
  async run(...command) {
    const [status] = await once(this.start(command, "inherit"), "exit");
    assert.equal(status, 0, command.join(" "));
  }

  start(command, stderr) {
    const stdio = ["ignore", "ignore", stderr];
    const started = spawn(this.binary, [...command, ...this.store], { env: this.env, stdio });
    this.processes.add(started);
    started.on("exit", () => this.processes.delete(started));
    return started;
  }

  // Ends what a failed scenario left running.
  kill() {
    for (const left of this.processes) left.kill("SIGKILL");
  }
}

class Http {
  constructor(server, { url, port }) {
    this.server = server;
    this.url = url;
    this.port = port;
  }

  // As a service manager does.
  async stop() {
    const [status] = await this.end("SIGTERM");
    assert.equal(status, 0, "the server's status after SIGTERM");
  }

  // As a power cut does.
  async kill() {
    await this.end("SIGKILL");
  }

  async end(signal) {
    const exit = once(this.server, "exit");
    this.server.kill(signal);
    return exit;
  }
}
