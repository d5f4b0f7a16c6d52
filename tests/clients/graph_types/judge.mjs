// The fields of every Graph request and answer, checked against Microsoft's published types: a
// recorder between Auditform and the emulator keeps the bodies, each becomes a constant of the
// published type, and the TypeScript compiler says whether they fit.
//
// Usage: node judge.mjs READY_FILE PROGRAM DIRECTORY, in a directory with the packages installed;
// the emulator serves plain http and lets its administrator's application do without Exchange.

import { execFileSync } from "node:child_process";
import fs from "node:fs";

import { record } from "./recorder.mjs";
import { live, others } from "./scenario.mjs";
import { typescript } from "./source.mjs";

const [readyFile, program, directory] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, "utf8"));
const recorder = await record(ready.base_url);
try {
  await live({ program, directory, ready, recorder });
  const asked = recorder.records.length;
  await others({ ready, recorder });
  console.log(`  ok: ${asked} requests of Auditform and ${recorder.records.length - asked} others`);
} finally {
  recorder.close();
}

const { text, bodies, places } = typescript(recorder.records);
fs.writeFileSync("recorded.ts", text);
try {
  const options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler"];
  const files = ["published.ts", "refused.ts", "recorded.ts"];
  execFileSync("node_modules/.bin/tsc", [...options, ...files], { encoding: "utf8" });
} catch (error) {
  console.error(error.stdout ?? error);
  for (const [, line] of (error.stdout ?? "").matchAll(/^recorded\.ts\((\d+)/gm)) {
    const lines = text.split("\n").slice(0, Number(line));
    console.error(`${lines.at(-1)} in ${lines.findLast((it) => it.startsWith("//"))}`);
  }
  process.exit(1);
}
console.log(`  ok: ${bodies} bodies of ${places} operations are as Microsoft's types have them`);
