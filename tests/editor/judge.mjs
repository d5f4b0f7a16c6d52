// What an editor makes of a spec by the published schema: completion of keys and values, hover text,
// and errors at the line of what is wrong.
//
// Usage: node judge.mjs DIRECTORY, where `auditform init` has put specs; the packages of this folder
// are installed beside this file.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { session } from "./session.mjs";

const root = path.resolve(process.argv[2]);
const editor = await session(root);
const head = "#:schema auditform.schema.json\nversion = 1\n\n";
let count = 0;

async function check(what, judged) {
  try {
    await judged();
    count += 1;
  } catch (error) {
    console.error(`  FAILED ${what}\n${error.message}`);
    process.exitCode = 1;
  }
}

const labels = async (text) => (await editor.completions(head + text)).map((one) => one.label);
const holds = (all, wanted) => {
  const missing = wanted.filter((one) => !all.includes(one));
  assert.deepEqual(missing, [], `${JSON.stringify(all)} lacks ${missing}`);
};

await check("keys inside [tenant], and what they are", async () => {
  const all = await editor.completions(`${head}[tenant]\n▮\n`);
  const keys = all.map((one) => one.label);
  holds(keys, ["organization", "tenant_id", "cloud", "endpoint", "sign_in", "ca_file", "stamp"]);
  assert(!keys.includes("recipient_types"), "a key of another table is offered");
  const cloud = all.find((one) => one.label === "cloud");
  assert.match(cloud.documentation.value, /Default: `"worldwide"`/);
  assert.equal(cloud.insertText, 'cloud = ${0:"worldwide"}');
});

await check("a key that has begun, and none that is there", async () => {
  holds(await labels("[mailbox_audit.people]\nrec▮\n"), ["recipient_types", "log_age_limit"]);
  const rest = await labels("[mailbox_audit.people]\nenabled = true\n▮\n");
  assert(!rest.includes("enabled") && rest.includes("admin"));
});

await check("tables", async () => {
  holds(await labels("[ten▮]\n"), ["tenant", "tenant.sign_in", "unified_audit_log", "organization"]);
});

await check("the words of a value", async () => {
  holds(await labels("[tenant]\nendpoint = ▮\n"), ['"embedded"']);
  holds(await labels('[tenant]\ncloud = "▮"\n'), ['"worldwide"', '"china"']);
  holds(await labels('[tenant.sign_in]\nmethod = "▮"\n'), ['"certificate"', '"workload_identity"']);
  assert.deepEqual(await labels("[organization]\nmailbox_auditing = ▮\n"), ["true", "false"]);
});

await check("mailbox types", async () => {
  const all = await labels('[mailbox_audit.people]\nrecipient_types = ["UserMailbox", ▮]\n');
  assert.equal(all.length, 11);
  holds(all, ['"UserMailbox"', '"RoomMailbox"', '"GroupMailbox"']);
});

await check("rules and the actions of each logon type", async () => {
  holds(await labels("[mailbox_audit.people]\nadmin = ▮\n"), ['"default"', "{ }"]);
  const forms = await labels("[mailbox_audit.people]\nadmin = { ▮ }\n");
  holds(forms, ["default_plus", "at_least", "exactly"]);
  const rule = (logon) => labels(`[mailbox_audit.people]\n${logon} = { default_plus = [▮] }\n`);
  holds(await rule("admin"), ['"Copy"', '"FolderBind"', '"MailItemsAccessed"']);
  const owner = await rule("owner");
  holds(owner, ['"MailboxLogin"', '"SearchQueryInitiated"']);
  assert(!owner.includes('"Copy"'), "owners have no Copy");
  const exactly = await labels("[mailbox_audit.people]\nadmin = { exactly = [▮] }\n");
  holds(exactly, ['"None"', '"HardDelete"']);
});

const hover = async (text, ...wanted) => {
  const shown = await editor.hover(head + text);
  wanted.forEach((one) => assert.match(shown, one));
};

await check("hover text with unit, default and source", async () => {
  await hover(
    "[mailbox_audit.people]\nlog_age▮_limit = 90\n",
    /How long entries are kept/,
    /Type: integer\. Unit: days\. Default: not managed\./,
    /Source: \[Set-Mailbox\]\(https:/,
  );
  await hover("[certificate.a]\nkey▮_size = 2048\n", /Unit: bits\. Default: `2048`\./);
  await hover('[certificate.a]\nvalid▮_for = "9d"\n', /Default: `"365d"`/);
  await hover('[tenant]\nend▮point = "embedded"\n', /`"embedded"` or base URL/);
  await hover('[mailbox_audit.people]\nad▮min = "default"\n', /Default: not managed/);
});

await check("hover text of tables and of words", async () => {
  await hover("[ten▮ant]\n", /^Which tenant/);
  await hover("[mailbox_audit.peo▮ple]\n", /^A policy/);
  await hover('[tenant]\ncloud = "chi▮na"\n', /21Vianet/);
  await hover('[mailbox_audit.people]\nadmin = { at_least = ["Co▮py"] }\n', /copies of messages/);
});

// What is said of a text, as `LINE: MESSAGE`, lines counted from one below the head.
const said = async (text) => {
  const all = await editor.diagnostics(head + text);
  const offset = head.split("\n").length - 2;
  return all.map((one) => `${one.range.start.line - offset}: ${one.message}`).sort();
};

await check("errors at the line of what is wrong, and no others", async () => {
  const found = await said(`[tenant]
endpoint = "embedded"
organisation = "contoso.onmicrosoft.com"
cloud = "mars"

[mailbox_audit.people]
recipient_types = ["UserMailbx"]
log_age_limit = 0
admin = { exactly = ["Copy", "Viewed"] }
owner = "defaults"
`);
  const wanted = [
    /^3: False schema does not allow "contoso\.onmicrosoft\.com"$/,
    /^4: "mars" is not one of \["worldwide"/,
    /^7: "UserMailbx" is not one of \["UserMailbox"/,
    /^8: 0 is less than the minimum of 1$/,
    /^9: "Viewed" is not one of \["Update"/,
    /^10: "default" was expected$/,
  ];
  wanted.forEach((one) => assert(found.some((text) => one.test(text)), `${one}: ${found.join("\n")}`));
  assert.equal(found.length, wanted.length, found.join("\n"));
});

await check("keys that do not go together", async () => {
  const found = await said(`[tenant]
organization = "contoso.onmicrosoft.com"
[tenant.sign_in]
method = "device_code"
certificate = "a.pfx"
`);
  assert.deepEqual(found, ['5: False schema does not allow "a.pfx"']);
});

for (const name of fs.readdirSync(root).filter((name) => name.endsWith(".d"))) {
  await check(`${name} has no errors`, async () => {
    const text = fs.readFileSync(path.join(root, name, "auditform.toml"), "utf8");
    const found = await editor.diagnostics(text);
    assert.deepEqual(found, []);
    const misspelt = await editor.diagnostics(text.replace("[tenant]", "[tenant]\ncloude = 1"));
    assert.equal(misspelt.length, 1, "the schema is not found");
  });
}

await check("nothing is asked for but the catalogue of schemas, which nobody needs here", async () => {
  const others = editor.fetched.filter((address) => !address.includes("schemastore"));
  assert.deepEqual(others, []);
});

console.log(`  ok: ${count} checks`);
process.exit();
