// Puts the search on the page: filters, the list of what is found, and the change that is chosen.

const element = (name, ...content) => {
  const made = document.createElement(name);
  made.append(...content);
  return made;
};
const marked = (name, className, ...content) => {
  const made = element(name, ...content);
  made.className = className;
  return made;
};

const marksOf = (shape) => {
  const marks = [];
  if (shape.weakens.length > 0) marks.push("weakens");
  if (shape.removes.length > 0) marks.push("removes values");
  if (shape.action === "delete") marks.push("deletes");
  if (shape.irreversible_because !== undefined) marks.push("cannot be undone");
  return marks;
};

// One side of an attribute; what the other side of a set lacks is marked with a word.
function side(value, other, mark) {
  if (value === null) return marked("span", "faint", "none");
  if (Array.isArray(value)) {
    if (value.length === 0) return marked("span", "faint", "empty");
    const whole = document.createDocumentFragment();
    value.forEach((name, at) => {
      if (at > 0) whole.append(", ");
      const isNew = Array.isArray(other) && !other.includes(name);
      whole.append(isNew ? marked("span", mark, `${visible(name)} (${mark})`) : visible(name));
    });
    return whole;
  }
  if (typeof value === "object") return marked("span", "faint", "known after apply");
  return visible(String(value));
}

function differenceOf(shape) {
  const differs = ([, before, after]) => JSON.stringify(before) !== JSON.stringify(after);
  const attributes = [...shape.attributes].sort((one, other) => differs(other) - differs(one));
  const rows = attributes.map((attribute) => {
    const [name, before, after] = attribute;
    const head = element("th", element("code", name));
    head.scope = "row";
    if (!differs(attribute)) head.append(marked("span", "faint", " unchanged"));
    const cell = (name, value) => {
      const made = element("td", value);
      made.dataset.side = name;
      return made;
    };
    return element("tr", head, cell("Before", side(before, after, "removed")), cell("After", side(after, before, "added")));
  });
  const heads = ["Attribute", "Before", "After"].map((word) => {
    const head = element("th", word);
    head.scope = "col";
    return head;
  });
  const table = element("table", element("thead", element("tr", ...heads)), element("tbody", ...rows));
  table.className = "difference";
  return table;
}

function detailOf({ shape, address, guid }) {
  const facts = element("dl");
  const fact = (name, value) => facts.append(element("div", element("dt", name), element("dd", value)));
  fact("Action", shape.action);
  if (shape.recipient_type) fact("Mailbox type", shape.recipient_type);
  if (guid) fact("Guid", element("code", guid));
  fact("Why", visible(shape.reason).replaceAll("`", ""));
  facts.className = "facts";

  const losses = marked("ul", "losses");
  const loss = (mark, words) => losses.append(element("li", element("strong", `${mark}:`), ` ${visible(words)}`));
  shape.weakens.forEach((words) => loss("Weakens", words.replaceAll("`", "")));
  shape.removes.forEach(([name, values]) => loss("Removes", `${name}: ${values.join(", ")}`));
  if (shape.leaves_microsoft_management.length > 0) {
    const later = "actions that Microsoft adds to its default set later will not be recorded";
    loss("Leaves Microsoft's management", `${shape.leaves_microsoft_management.join(", ")}: ${later}`);
  }
  if (shape.irreversible_because) loss("Cannot be undone", shape.irreversible_because);

  const title = element("h3", element("bdi", address));
  return [title, ...(losses.children.length > 0 ? [losses] : []), facts, differenceOf(shape)];
}

function fillSelects(model) {
  const fill = (id, values, words = (value) => value) => {
    const select = document.getElementById(id);
    for (const value of values) {
      const option = element("option", words(value));
      option.value = value;
      select.append(option);
    }
  };
  const all = (key) => [...new Set(model.shapes.map((shape) => shape[key]))].filter((value) => value !== undefined);
  fill("by-section", all("section"));
  fill("by-type", all("recipient_type").sort());
  fill("by-action", all("action"));
  const policies = new Map(model.shapes.map((shape) => [shape.group, shape.section]));
  fill("by-group", all("group").sort((one, other) => one - other), (group) => `${group + 1}: ${policies.get(group)}`);
}

function start() {
  for (const hidden of document.querySelectorAll(".needs-script")) hidden.hidden = false;
  prepareCopy();
  preparePrint();
  if (!document.getElementById("explorer")) return;

  const model = readModel();
  const byId = (id) => document.getElementById(id);
  const [search, hits, detail] = ["search", "hits", "detail"].map(byId);
  const texts = { section: "by-section", type: "by-type", action: "by-action", group: "by-group" };
  const checks = { weakens: "only-weakens", removes: "only-removes", leaves: "only-leaves", irreversible: "only-irreversible" };
  fillSelects(model);

  const nothing = "Choose a change in the list to see it before and after.";
  const show = virtualList(byId("list"), byId("rows"), {
    describe(place) {
      const { shape, name } = model.get(place);
      const about = [shape.action, shape.section, shape.recipient_type].filter(Boolean).join(", ");
      return { name, marks: marksOf(shape), about };
    },
    choose(place) {
      detail.replaceChildren(...detailOf(model.get(place)));
      detail.scrollTop = 0;
    },
  });
  const run = searcher(model, (found) => {
    show(found);
    const [number, all] = [found.length, model.length].map((count) => count.toLocaleString("en"));
    hits.textContent = `${number} of ${all} changes found`;
    detail.replaceChildren(marked("p", "faint", found.length > 0 ? nothing : "Nothing is found."));
    document.documentElement.dataset.ready = String(performance.now());
  });
  const update = () => {
    const filter = { text: search.value.trim() };
    for (const [key, id] of Object.entries(texts)) filter[key] = byId(id).value;
    for (const [key, id] of Object.entries(checks)) filter[key] = byId(id).checked;
    run(filter);
  };
  const clear = () => {
    search.value = "";
    for (const id of Object.values(texts)) byId(id).value = "";
    for (const id of Object.values(checks)) byId(id).checked = false;
  };

  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(update, 80);
  });
  for (const id of [...Object.values(texts), ...Object.values(checks)]) byId(id).addEventListener("change", update);
  byId("clear").addEventListener("click", () => {
    clear();
    update();
  });
  for (const button of document.querySelectorAll("[data-group]")) {
    button.addEventListener("click", () => {
      clear();
      byId("by-group").value = button.dataset.group;
      update();
      byId("explorer").scrollIntoView();
      byId("explorer").focus();
    });
  }
  update();
}

function prepareCopy() {
  const copy = document.getElementById("copy");
  copy?.addEventListener("click", async () => {
    const digest = document.getElementById("digest");
    const copied = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(digest.textContent);
      copied.textContent = "Copied";
    } catch {
      // A browser that gives pages from files no clipboard: the text is selected, and the keys do it.
      getSelection().selectAllChildren(digest);
      copied.textContent = "Selected: copy it with the keys of your system";
    }
  });
}

// Printed, every group is open; afterwards those are closed again that were.
function preparePrint() {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
}

// After the first picture, so that a large plan is read while its summary is seen.
requestAnimationFrame(() => setTimeout(start));
