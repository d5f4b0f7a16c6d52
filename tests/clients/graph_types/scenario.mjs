// What is asked of Graph while it is recorded: the life of an application as Auditform keeps it,
// then what Auditform never asks of the emulator and other programs do.

import { execFile } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DAY = 24 * 3600 * 1000;

export async function live({ program, directory, ready, recorder }) {
  const apply = async (spec, ...command) => {
    fs.writeFileSync(path.join(directory, "auditform.toml"), spec);
    const [name, ...options] = command.length > 0 ? command : ["apply", "--auto-approve"];
    await run(program, [name, ...options, directory], { timeout: 300_000 }).catch((error) => {
      throw new Error(`${name}: ${error.code}\n${error.stdout}\n${error.stderr}\nof\n${spec}`);
    });
  };
  const tenant = (signIn) => head(ready, recorder.base, signIn);
  const made = tenant('application = "application.auditor"');

  await apply(made + begun(ready) + MAILBOXES);
  await apply(made + begun(ready) + MAILBOXES, "plan", "--detailed-exitcode");
  // A new certificate comes beside the old one, whose credential is sent again, and everything
  // else changes.
  const own = `/v1.0/servicePrincipals(appId='${ready.client_id}')`;
  const { id: owner } = await ask(recorder, "GET", own);
  await apply(made + changed(owner) + MAILBOXES);
  await apply(made + changed(owner) + MAILBOXES, "plan", "--detailed-exitcode");
  const adopted = await adoptable(recorder);
  await apply(tenant(bootstrap(ready)) + adoption(adopted));
  await apply(tenant(bootstrap(ready)) + END);
}

function head(ready, graph, signIn) {
  return `version = 1

[tenant]
organization = "${ready.organization}"
endpoint = "${ready.base_url}"
endpoints = { graph = "${graph}" }
approve_second_phase = true

[tenant.sign_in]
${signIn}

[tenant.bootstrap]
${bootstrap(ready)}
`;
}

function bootstrap({ client_id: clientId, certificate_pem: certificate }) {
  return `method = "certificate"\nclient_id = "${clientId}"\ncertificate = "${certificate}"\n`;
}

// Its life began some days ago, so that a later spec can have it renewed.
function certificate(rotation) {
  const from = new Date(Date.now() - 5 * DAY).toISOString().slice(0, 10);
  return `
[certificate.auditor]
directory = ".auditform/certificates"
valid_from = "${from}"
valid_for = "100d"
${rotation}
`;
}

function begun({ organization }) {
  return certificate("") + `
[application.auditor]
display_name = "Auditor"
api_permissions = ["Exchange.ManageAsApp"]
directory_roles = ["Exchange Administrator"]
certificates = ["certificate.auditor"]
owners = ["admin@${organization}"]
${federated("main")}`;
}

function changed(owner) {
  return certificate('rotate_before = "98d"\noverlap = "1d"') + `
[application.auditor]
display_name = "Contoso auditor"
api_permissions = ["Exchange.ManageAsApp", "Microsoft Graph/Organization.Read.All"]
exchange_roles = ["Audit Logs", "Mail Recipients", "Organization Configuration"]
directory_roles = ["Global Reader"]
certificates = ["certificate.auditor"]
notes = "As the spec has it."
owners = ["${owner}"]
exclusive = true
${federated("release")}`;
}

function federated(branch) {
  return `
[[application.auditor.federated_credentials]]
name = "workflow"
issuer = "https://token.actions.githubusercontent.com"
subject = "repo:contoso/audit:ref:refs/heads/${branch}"
`;
}

const MAILBOXES = `
[organization]
mailbox_auditing = true

[mailbox_audit.people]
recipient_types = ["UserMailbox"]
admin = { default_plus = ["Copy"] }
`;

// One that somebody made in the portal.
async function adoptable(recorder) {
  const { value } = await ask(recorder, "GET", "/v1.0/applications?$filter=displayName eq 'Old'");
  return value[0].appId;
}

function adoption(appId) {
  return `
[application.old]
app_id = "${appId}"
display_name = "Old and adopted"
api_permissions = ["Exchange.ManageAsApp"]
admin_consent = false
${federated("main").replace(".auditor.", ".old.")}`;
}

const END = `
[certificate.auditor]
ensure = "absent"
directory = ".auditform/certificates"

[application.auditor]
ensure = "absent"
`;

// As any client of Graph may, with the token that Auditform used last.
async function ask(recorder, method, url, body, headers = {}) {
  const answer = await fetch(recorder.base + url.replaceAll(" ", "%20"), {
    method,
    headers: {
      authorization: recorder.authorization,
      ...(body && { "content-type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

export async function others({ ready, recorder }) {
  const call = (...request) => ask(recorder, ...request);
  const { id, appId } = await call("POST", "/v1.0/applications", {
    displayName: "Of another program",
    signInAudience: "AzureADMyOrg",
    web: { redirectUris: ["https://contoso.com/"] },
  });
  const principal = await call("POST", "/v1.0/servicePrincipals", { appId });
  await call("PATCH", `/v1.0/servicePrincipals/${principal.id}`, { notes: "kept" });
  const graph = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
  const { id: resource } = await call("GET", graph);
  const federated = `/v1.0/applications/${id}/federatedIdentityCredentials`;
  const credential = await call("POST", federated, {
    name: "build",
    issuer: "https://ci.contoso.com",
    subject: "build",
    audiences: ["api://AzureADTokenExchange"],
    description: "of the build",
  });
  const roles = "/v1.0/roleManagement/directory/roleAssignments";
  const { value: held } = await call("GET", roles);
  // Both kinds of owner in one list.
  const { id: person } = await call("GET", `/v1.0/users/admin@${ready.organization}`);
  for (const owner of [person, principal.id]) {
    const reference = { "@odata.id": `${recorder.base}/v1.0/directoryObjects/${owner}` };
    await call("POST", `/v1.0/applications/${id}/owners/$ref`, reference);
  }
  for (const url of [
    `/v1.0/applications/${id}`,
    "/v1.0/applications?$top=1",
    "/v1.0/servicePrincipals",
    `/v1.0/servicePrincipals/${resource}/appRoleAssignedTo`,
    `/v1.0/applications/${id}/owners`,
    `${federated}/${credential.id}`,
    `${roles}/${held[0].id}`,
    "/v1.0/organization",
  ]) {
    await call("GET", url);
  }
  await call("DELETE", `${federated}/${credential.id}`);
  await call("DELETE", `/v1.0/applications/${id}`);
  await call("GET", "/v1.0/directory/deletedItems/microsoft.graph.application");
  await call("POST", `/v1.0/directory/deletedItems/${id}/restore`);
  await rollKeys(ready, recorder);
  await call("POST", "/v1.0/$batch", {
    requests: [
      { id: "1", method: "GET", url: `/applications(appId='${appId}')?$select=id,tags` },
      { id: "2", method: "GET", url: "/applications/00000000-0000-0000-0000-000000000000" },
    ],
  });
}

// "Generate proof of possession tokens for rolling keys": the application's own keys, by a token
// that one of them signs.
async function rollKeys(ready, recorder) {
  const pem = fs.readFileSync(ready.certificate_pem, "utf8");
  const key = new crypto.X509Certificate(pem).raw.toString("base64");
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = [
    { alg: "RS256", typ: "JWT" },
    { aud: DIRECTORY, iss: ready.client_id, nbf: now, exp: now + 600 },
  ].map(part).join(".");
  const signature = crypto.sign("sha256", signed, crypto.createPrivateKey(pem));
  const proof = `${signed}.${signature.toString("base64url")}`;
  const url = `/v1.0/applications(appId='${ready.client_id}')`;
  const keyCredential = { type: "AsymmetricX509Cert", usage: "Verify", key };
  const body = { keyCredential, passwordCredential: null, proof };
  const { keyId } = await ask(recorder, "POST", `${url}/addKey`, body);
  await ask(recorder, "POST", `${url}/removeKey`, { keyId, proof });
}

const DIRECTORY = "00000002-0000-0000-c000-000000000000";
