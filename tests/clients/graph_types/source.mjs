// Recorded requests and answers become TypeScript: one constant for each body, of the type that
// Microsoft publishes for its place. Annotations (`@odata.…`) are in no type and are left out. A
// path without an entry is an error, and so is an entry that nothing was recorded of.

const ID = "[^/()]+";
const APPLICATION = `/v1.0/applications(?:/${ID}|\\((?:appId|uniqueName)='[^']+'\\))`;

// Path, method: the type of the request's body, the type of one object of the answer.
const PLACES = [
  ["/v1.0/applications", {
    GET: { page: "Application" },
    POST: { sent: "NewApplication", got: "Application" },
  }],
  [APPLICATION, {
    GET: { got: "Application" },
    // It makes what is missing, or changes what is there.
    PATCH: { sent: "ApplicationChange", upsert: "NewApplication", got: "Application" },
    DELETE: {},
  }],
  [`${APPLICATION}/addKey`, { POST: { sent: "AddKey", got: "KeyCredential" } }],
  [`${APPLICATION}/removeKey`, { POST: { sent: "RemoveKey" } }],
  [`/v1.0/applications/${ID}/owners`, { GET: { objects: true } }],
  [`/v1.0/applications/${ID}/owners/\\$ref`, { POST: { reference: true } }],
  [`/v1.0/applications/${ID}/owners/${ID}/\\$ref`, { DELETE: {} }],
  [`/v1.0/applications/${ID}/federatedIdentityCredentials`, {
    GET: { page: "FederatedIdentityCredential" },
    POST: { sent: "NewFederatedIdentityCredential", got: "FederatedIdentityCredential" },
  }],
  [`/v1.0/applications/${ID}/federatedIdentityCredentials/${ID}`, {
    GET: { got: "FederatedIdentityCredential" },
    PATCH: { sent: "FederatedIdentityCredentialChange" },
    DELETE: {},
  }],
  ["/v1.0/servicePrincipals", {
    GET: { page: "ServicePrincipal" },
    POST: { sent: "NewServicePrincipal", got: "ServicePrincipal" },
  }],
  [`/v1.0/servicePrincipals(?:/${ID}|\\(appId='[^']+'\\))`, {
    GET: { got: "ServicePrincipal" },
    PATCH: { sent: "NewServicePrincipal", got: "ServicePrincipal" },
    DELETE: {},
  }],
  [`/v1.0/servicePrincipals/${ID}/appRoleAssignments`, { GET: { page: "AppRoleAssignment" } }],
  [`/v1.0/servicePrincipals/${ID}/appRoleAssignedTo`, {
    GET: { page: "AppRoleAssignment" },
    POST: { sent: "NewAppRoleAssignment", got: "AppRoleAssignment" },
  }],
  [`/v1.0/servicePrincipals/${ID}/appRoleAssignedTo/${ID}`, { DELETE: {} }],
  ["/v1.0/roleManagement/directory/roleDefinitions", { GET: { page: "RoleDefinition" } }],
  ["/v1.0/roleManagement/directory/roleAssignments", {
    GET: { page: "RoleAssignment" },
    POST: { sent: "NewRoleAssignment", got: "RoleAssignment" },
  }],
  [`/v1.0/roleManagement/directory/roleAssignments/${ID}`, {
    GET: { got: "RoleAssignment" },
    DELETE: {},
  }],
  ["/beta/roleManagement/exchange/roleDefinitions", { GET: { page: "ExchangeRoleDefinition" } }],
  ["/beta/roleManagement/exchange/roleAssignments", {
    GET: { page: "ExchangeRoleAssignment" },
    POST: { sent: "NewExchangeRoleAssignment", got: "ExchangeRoleAssignment" },
  }],
  [`/beta/roleManagement/exchange/roleAssignments/${ID}`, { DELETE: {} }],
  [`/v1.0/users/${ID}`, { GET: { got: "User" } }],
  ["/v1.0/organization", { GET: { page: "Organization" } }],
  [`/v1.0/directory/deletedItems/microsoft.graph.application`, { GET: { page: "Application" } }],
  [`/v1.0/directory/deletedItems/${ID}/restore`, { POST: { sent: null, got: "Application" } }],
];

const OBJECTS = {
  "#microsoft.graph.user": "User",
  "#microsoft.graph.servicePrincipal": "ServicePrincipal",
};

export function typescript(records) {
  const seen = new Set();
  const statements = records.flatMap(unbatched).flatMap((record) => statementsOf(record, seen));
  const missing = PLACES.flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  ).filter((place) => !seen.has(place));
  if (missing.length > 0) throw new Error(`nothing was recorded of ${missing.join(", ")}`);
  const head = 'import type * as published from "./published";\n';
  // The same object read again says nothing new.
  const said = new Map();
  for (const it of statements) if (!said.has(it.type + it.body)) said.set(it.type + it.body, it);
  const distinct = [...said.values()];
  const constants = distinct.map(({ where, type, body }, number) =>
    `// ${where}\nexport const body${number}: ${type} = ${body};\n`,
  );
  return { text: [head, ...constants].join("\n"), bodies: distinct.length, places: seen.size };
}

// The requests within a batch, as if each had come alone.
function unbatched(record) {
  if (record.path !== "/v1.0/$batch") return [record];
  const { requests } = JSON.parse(record.sent);
  const { responses } = JSON.parse(record.got);
  return requests.map(({ id, method, url, body }) => {
    const [path, query = ""] = url.split("?");
    const response = responses.find((response) => response.id === id);
    const text = (value) => (value === undefined ? "" : JSON.stringify(value));
    const sent = text(body);
    const got = text(response.body);
    return { method, path: `/v1.0${path}`, query, sent, status: response.status, got };
  });
}

function statementsOf(record, seen) {
  const where = `${record.method} ${record.path}${record.query && "?" + record.query}`;
  const [path, methods] = PLACES.find(([path]) => new RegExp(`^${path}$`).test(record.path)) ?? [];
  const place = methods?.[record.method];
  if (!place) throw new Error(`no published type is known for ${where}`);
  const all = [];
  if (record.sent !== "") all.push(request(record, place, where));
  if (record.status < 400) {
    seen.add(`${record.method} ${path}`);
    if (record.got !== "") all.push(answer(record, place, `${where}: ${record.status}`));
    else if (record.status !== 204) throw new Error(`${where}: ${record.status} without a body`);
  } else {
    all.push({ where: `${where}: ${record.status}`, type: "published.Refusal", body: record.got });
  }
  return all.filter(Boolean).map((it) => ({ ...it, body: literal(it.body) }));
}

function request(record, place, where) {
  if (place.reference) {
    const { "@odata.id": id, ...more } = JSON.parse(record.sent);
    if (typeof id !== "string" || Object.keys(more).length > 0) {
      throw new Error(`${where} is no reference: ${record.sent}`);
    }
    return undefined;
  }
  const isUpsert = place.upsert && record.status === 201;
  const type = isUpsert ? place.upsert : place.sent;
  if (!type) throw new Error(`${where} takes no body: ${record.sent}`);
  return { where, type: `published.${type}`, body: record.sent };
}

function answer(record, place, where) {
  const select = new URLSearchParams(record.query).get("$select");
  const named = (type) => {
    if (!select) return `published.${type}`;
    const names = select.split(",").map((name) => JSON.stringify(name));
    return `published.Selected<published.${type}, ${names.join(" | ")}>`;
  };
  const { value } = JSON.parse(record.got);
  if (place.objects) {
    const types = value.map((object) => {
      const type = OBJECTS[object["@odata.type"]];
      if (!type) throw new Error(`${where}: an object without a type: ${JSON.stringify(object)}`);
      return named(type);
    });
    return { where, type: `published.Page<[${types.join(", ")}]>`, body: record.got };
  }
  if (place.page) return { where, type: `published.Page<${named(place.page)}[]>`, body: record.got };
  if (!place.got) throw new Error(`${where} gives no body: ${record.got}`);
  return { where, type: named(place.got), body: record.got };
}

function literal(body) {
  const isAnnotation = (name) => name.includes("@odata.");
  const kept = (name, value) => (isAnnotation(name) ? undefined : value);
  return JSON.stringify(JSON.parse(body, kept), null, 1);
}
