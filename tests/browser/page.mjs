// Opens the pages of two plans and holds them against the documents of the same plans. The first plan
// is small and its names try to break out; the second has 99,989 changes and is measured.
//
//   node page.mjs CHROMIUM DIRECTORY

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [executablePath, directory] = process.argv.slice(2);
const file = (name) => join(directory, name);
const read = (name) => JSON.parse(readFileSync(file(name), "utf8"));
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, headless: true, args: quiet });
const pages = [];

// A page from a file, with all that it should not do kept in `wrong`.
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const url = pathToFileURL(file(name)).href;
  const wrong = [];
  page.on("request", (request) => request.url() === url || wrong.push(`a request to ${request.url()}`));
  page.on("console", (message) => wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    wrong.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  if (options.javaScriptEnabled !== false) {
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`refused by policy: ${event.violatedDirective}`));
    });
  }
  await page.goto(url);
  if (options.javaScriptEnabled !== false) await ready(page);
  pages.push({ name, wrong, context });
  return page;
}

const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.ready);

// Does something and waits until the search that it starts is over.
async function searching(page, act) {
  await page.evaluate(() => delete document.documentElement.dataset.ready);
  await act();
  await ready(page);
}

const hits = async (page) => Number((await page.locator("#hits").textContent()).split(" ")[0].replaceAll(",", ""));
const loses = (change) => Object.keys(change.removes).length > 0;
const weakens = (change) => change.weakens.length > 0;
const checks = [];
const check = (name, run) => checks.push([name, run]);

const plan = read("hostile.json");
const large = read("large.json");

check("the counts on the page are those of the document", async () => {
  for (const [name, document] of [["hostile.html", plan], ["large.html", large]]) {
    const page = await open(name);
    const count = async (of) => Number(await page.locator(`[data-count="${of}"]`).textContent());
    for (const of of ["create", "change", "delete", "unchanged"]) assert.equal(await count(of), document.summary[of], of);
    assert.equal(await count("weaken"), document.changes.filter(weakens).length);
    assert.equal(await count("remove"), document.changes.filter(loses).length);
    assert.equal(await count("irreversible"), document.changes.filter((change) => !change.reversible).length);
    assert.equal(await hits(page), document.changes.length);
  }
});

check("every filter finds what the document says", async () => {
  assert(plan.changes.some(weakens) && plan.changes.some((change) => loses(change) && !weakens(change)));
  const page = await open("hostile.html");
  const expect = async (act, fits) => {
    await searching(page, act);
    assert.equal(await hits(page), plan.changes.filter(fits).length);
    await searching(page, () => page.click("#clear"));
  };
  await expect(() => page.check("#only-weakens"), weakens);
  await expect(() => page.check("#only-removes"), loses);
  await expect(() => page.check("#only-leaves"), (change) => change.leaves_microsoft_management.length > 0);
  await expect(() => page.check("#only-irreversible"), (change) => !change.reversible);
  await expect(() => page.selectOption("#by-type", "SharedMailbox"), (change) => change.recipient_type === "SharedMailbox");
  await expect(() => page.selectOption("#by-action", "create"), (change) => change.action === "create");
  await expect(() => page.selectOption("#by-section", "mailbox_audit.rooms"), (change) => change.address.startsWith("mailbox_audit.rooms["));
});

check("the groups together hold every mailbox, each as its button says", async () => {
  const page = await open("hostile.html");
  let all = 0;
  for (const button of await page.locator("[data-group]").all()) {
    const number = Number((await button.textContent()).match(/\d+/)?.[0] ?? 1);
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    await searching(page, () => button.click());
    assert.equal(await hits(page), number);
    all += number;
  }
  assert.equal(all, plan.changes.filter((change) => change.guid).length);
});

// What the details show of a change.
const detail = (page) => page.locator("#detail").innerText();

check("the search narrows to one mailbox, by name, address and Guid, and shows it before and after", async () => {
  const page = await open("hostile.html");
  const change = plan.changes.find((change) => change.address.includes("ada@contoso.com"));
  for (const words of ["ada@contoso.com", "ADA@CONTOSO", change.address, change.guid]) {
    await searching(page, () => page.fill("#search", words));
    assert.equal(await hits(page), 1, words);
  }
  await page.click("[role=option]");
  const shown = await detail(page);
  for (const expected of [change.address, change.guid, ...change.weakens]) assert(shown.includes(expected), expected);
  for (const [name, values] of Object.entries(change.removes)) {
    for (const value of values) assert(shown.includes(`${value} (removed)`), `${name} ${value}`);
  }
  await searching(page, () => page.fill("#search", "nobody@nowhere"));
  assert.equal(await hits(page), 0);
});

check("the keyboard reaches everything", async () => {
  const page = await open("hostile.html");
  const reached = new Set();
  for (let steps = 0; steps < 200; steps++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const on = document.activeElement;
      return on === document.body ? null : on.id || on.className || on.dataset.group || on.tagName;
    });
    if (at === null) break;
    reached.add(at);
  }
  const all = ["skip needs-script", "search", "by-section", "by-type", "by-action", "by-group", "only-weakens", "only-removes", "only-leaves", "only-irreversible", "clear", "list", "detail", "SUMMARY", "scroll"];
  for (const one of all) assert(reached.has(one), `${one} of ${[...reached]}`);
  await page.locator(".part > summary").last().focus();
  await page.keyboard.press("Enter");
  assert(await page.locator(".part").last().evaluate((part) => part.open));
  await page.focus("#list");
  for (const [key, change] of [["Home", plan.changes[0]], ["ArrowDown", plan.changes[1]], ["End", plan.changes.at(-1)], ["ArrowUp", plan.changes.at(-2)]]) {
    await page.keyboard.press(key);
    assert((await detail(page)).includes(change.address), `${key}: ${change.address}`);
  }
  const chosen = page.locator("[role=option][aria-selected=true]");
  assert.equal(await chosen.getAttribute("aria-posinset"), String(plan.changes.length - 1));
  assert.equal(await chosen.getAttribute("aria-setsize"), String(plan.changes.length));
  assert.equal(await page.getAttribute("#list", "aria-activedescendant"), await chosen.getAttribute("id"));
});

check("axe finds nothing, in light, in dark and at 320 pixels, where nothing is wider than the screen", async () => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { viewport: { width: 320, height: 700 } }]) {
    const page = await open("hostile.html", options);
    await page.focus("#list");
    await page.keyboard.press("End");
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(found, [], JSON.stringify(options));
    assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }
});

check("names stay names", async () => {
  const page = await open("hostile.html");
  for (const words of ["onerror", "<!--", "autofocus"]) {
    await searching(page, () => page.fill("#search", words));
    assert(await hits(page) >= 1, words);
    await page.click("[role=option]");
    assert((await detail(page)).includes(words));
  }
  const made = await page.evaluate(() => [window.hacked, document.images.length, document.querySelectorAll("script:not([type])").length, document.querySelectorAll("[onerror],[onfocus],[autofocus]").length]);
  assert.deepEqual(made, [undefined, 0, 1, 0]);
});

check("without scripts the losses, the counts, the drawing and the groups are there, and no search", async () => {
  const page = await open("hostile.html", { javaScriptEnabled: false });
  for (const id of [".loss li", "#summary", "svg", ".part", "noscript"]) assert(await page.locator(id).first().isVisible(), id);
  assert(await page.locator("#explorer").isHidden());
  assert(await page.locator("[data-group]").first().isHidden());
  const weakest = plan.changes.find((change) => change.guid && weakens(change)).weakens[0];
  assert((await page.locator(".loss").first().innerText()).length > 0 && (await page.locator("body").innerText()).includes(weakest));
});

check("on paper every group is open and the search is gone, and afterwards all is as it was", async () => {
  const page = await open("hostile.html");
  const closed = () => page.locator("details:not([open])").count();
  const before = await closed();
  assert(before > 0);
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.equal(await closed(), 0);
  assert(await page.locator("#explorer").isHidden());
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await closed(), before);
});

check("the digest is copied by its button", async () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const bare = readFileSync(file("hostile.html"), "utf8");
  const section = `<p><code id="digest">${digest}</code> <button type="button" id="copy" class="needs-script" hidden>Copy</button> <span id="copied" role="status"></span></p>`;
  const shown = bare.match(/<code id="digest">([^<]*)/)?.[1];
  writeFileSync(file("digest.html"), shown ? bare : bare.replace("<main>", `<main>${section}`));
  const page = await open("digest.html", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.click("#copy");
  await page.waitForFunction(() => document.getElementById("copied").textContent === "Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown ?? digest);
});

check("99,989 changes are shown and searched without freezing", async () => {
  const options = { viewport: { width: 1200, height: 900 } };
  const page = await open("large.html", options);
  assert.equal(large.changes.length, 99_989);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  const usable = await page.evaluate(() => Number(document.documentElement.dataset.ready));
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
    }).observe({ type: "longtask" });
  });
  const time = async (act) => {
    const start = performance.now();
    await searching(page, act);
    return performance.now() - start;
  };
  const middle = large.changes[50_000];
  const name = middle.anchor.slice("UPN:".length);
  const filtering = await time(() => page.check("#only-weakens"));
  assert.equal(await hits(page), large.changes.filter(weakens).length);
  await searching(page, () => page.click("#clear"));
  const typing = await time(() => page.fill("#search", name));
  const named = large.changes.filter((change) => change.anchor?.toLowerCase().includes(name.toLowerCase()));
  assert.equal(await hits(page), named.length);
  await page.click("[role=option]");
  assert((await detail(page)).includes(named[0].guid));
  await searching(page, () => page.click("#clear"));
  await page.focus("#list");
  await page.keyboard.press("End");
  assert((await detail(page)).includes(large.changes.at(-1).address));
  assert(await page.locator("[role=option]").count() < 60);
  const longest = await page.evaluate(() => window.longest);
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const figures = {
    "page, bytes": statSync(file("large.html")).size,
    "bytes a change": Math.round(statSync(file("large.html")).size / large.changes.length),
    "first paint, ms": Math.round(paint),
    "search ready, ms": Math.round(usable),
    "filter, ms": Math.round(filtering),
    "search, ms": Math.round(typing),
    "longest task while searching, ms": Math.round(longest),
    "script heap, MB": Math.round(usedSize / 1e6),
  };
  for (const [name, value] of Object.entries(figures)) console.log(`    ${name}: ${value.toLocaleString("en")}`);
  assert(paint < 5_000 && usable < 15_000 && filtering < 3_000 && typing < 3_000, "it is too slow");
  assert(longest < 500 && usedSize < 150e6, "it takes too much");
});

let failed = 0;
for (const [name, run] of checks) {
  try {
    await run();
    for (const { name: of, wrong, context } of pages.splice(0)) {
      await context.close();
      assert.deepEqual(wrong, [], of);
    }
    console.log(`  ok: ${name}`);
  } catch (error) {
    failed++;
    pages.splice(0);
    console.error(`  FAILED: ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
