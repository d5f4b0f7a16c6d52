// An editor without a window: it starts Taplo's language server as the extension of VS Code does
// (editors/vscode/src/server.ts of Taplo's repository), opens texts that lie on no disk, and asks.
// No request leaves: each is kept and fails.

import fs from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";

import taplo from "@taplo/lsp";

export async function session(root) {
  const waiting = new Map();
  const diagnostics = new Map();
  const fetched = [];
  let number = 0;
  globalThis.fetch = (address) => {
    fetched.push(String(address.url ?? address));
    return Promise.reject(new Error("there is no network here"));
  };
  let server;
  const answered = (message) => {
    if (message.method === "workspace/configuration") {
      // The server's questions are answered as by a user who has set nothing.
      const result = message.params.items.map(() => null);
      queueMicrotask(() => server.send({ jsonrpc: "2.0", id: message.id, result }));
    } else if (message.method === "textDocument/publishDiagnostics") {
      diagnostics.set(message.params.uri, message.params.diagnostics);
    } else if (message.method === undefined && waiting.has(message.id)) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
    }
  };
  server = await taplo.TaploLsp.initialize(environment(root), { onMessage: answered });
  const notify = (method, params) => server.send({ jsonrpc: "2.0", method, params });
  const ask = (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set(++number, { resolve, reject });
      server.send({ jsonrpc: "2.0", id: number, method, params });
    });
  await ask("initialize", {
    processId: null,
    rootUri: `file://${root}`,
    workspaceFolders: [{ uri: `file://${root}`, name: "spec" }],
    capabilities: { workspace: { workspaceFolders: true, configuration: true } },
  });
  notify("initialized", {});

  let opened = 0;
  // Opens a text whose caret is where `▮` stands.
  const open = async (marked) => {
    const at = marked.indexOf("▮");
    const text = marked.replace("▮", "");
    const before = (at < 0 ? "" : marked.slice(0, at)).split("\n");
    const uri = `file://${root}/${++opened}.toml`;
    const textDocument = { uri, languageId: "toml", version: 1, text };
    notify("textDocument/didOpen", { textDocument });
    const position = { line: before.length - 1, character: before.at(-1).length };
    return { uri, where: { textDocument: { uri }, position } };
  };
  return {
    fetched,
    completions: async (text) => {
      const { where } = await open(text);
      return (await ask("textDocument/completion", where)) ?? [];
    },
    hover: async (text) => {
      const { where } = await open(text);
      return (await ask("textDocument/hover", where))?.contents.value ?? "";
    },
    diagnostics: async (text) => {
      const { uri, where } = await open(text);
      // The server answers in order, so what it has to say of the text comes before this answer.
      for (let tries = 0; tries < 200 && !diagnostics.has(uri); tries += 1) {
        await ask("textDocument/foldingRange", { textDocument: where.textDocument });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await ask("textDocument/foldingRange", { textDocument: where.textDocument });
      return diagnostics.get(uri) ?? [];
    },
  };
}

function environment(root) {
  return {
    cwd: () => root,
    envVar: () => undefined,
    envVars: () => [],
    findConfigFile: () => undefined,
    glob: () => [],
    isAbsolute: (name) => path.isAbsolute(name),
    now: () => new Date(),
    readFile: (name) => fs.promises.readFile(name),
    writeFile: () => Promise.reject(new Error("nothing is written here")),
    // The server's log, which says at length that there is no network.
    stderr: new Writable({ write: (chunk, encoding, done) => done() }),
    stdErrAtty: () => false,
    stdin: process.stdin,
    stdout: process.stdout,
    urlToFilePath: (url) => decodeURIComponent(url).slice("file://".length),
    fetch: { fetch: globalThis.fetch, Headers, Request, Response },
  };
}
