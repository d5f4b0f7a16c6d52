// A list of any length of which only the rows in sight exist. It is a listbox: the focus stays on
// the list, the arrow keys move the choice, and every row says its number and how many there are.

// Browsers cap the height of an element; beyond this the scroll bar moves through the list in steps.
const TALLEST = 8_000_000;
const SPARE_ROWS = 6;

function virtualList(list, rows, { describe, choose }) {
  let found = new Uint32Array(0);
  let chosen = -1;
  let rowHeight = 1;
  const drawn = new Map();

  const height = () => Math.min(found.length * rowHeight, TALLEST);
  const isScaled = () => found.length * rowHeight > TALLEST;
  const inSight = () => Math.max(1, Math.floor(list.clientHeight / rowHeight));

  // The first row in sight, and back. While every row has its own pixels this is a division.
  const firstInSight = () => {
    if (!isScaled()) return Math.floor(list.scrollTop / rowHeight);
    const way = TALLEST - list.clientHeight;
    return Math.round((list.scrollTop / way) * (found.length - inSight()));
  };
  const scrollToFirst = (first) => {
    list.scrollTop = isScaled()
      ? (first / (found.length - inSight())) * (TALLEST - list.clientHeight)
      : first * rowHeight;
  };

  function makeRow(at) {
    const row = document.createElement("div");
    row.setAttribute("role", "option");
    row.id = `row-${at}`;
    row.className = "row";
    row.setAttribute("aria-posinset", at + 1);
    row.setAttribute("aria-setsize", found.length);
    const { name, marks, about } = describe(found[at]);
    const line = document.createElement("bdi");
    line.className = "row-name";
    line.textContent = name;
    const rest = document.createElement("span");
    rest.className = "row-about";
    for (const mark of marks) {
      const strong = document.createElement("strong");
      strong.className = "mark";
      strong.textContent = mark;
      rest.append(strong, " ");
    }
    rest.append(about);
    row.append(line, " ", rest);
    row.addEventListener("click", () => select(at));
    return row;
  }

  function draw() {
    const first = firstInSight();
    const from = Math.max(0, Math.min(first - SPARE_ROWS, chosen === -1 ? Infinity : found.length));
    const until = Math.min(found.length, first + inSight() + 1 + SPARE_ROWS);
    for (const [at, row] of drawn) {
      if (at < from || at >= until) {
        row.remove();
        drawn.delete(at);
      }
    }
    const origin = isScaled() ? list.scrollTop - first * rowHeight : 0;
    for (let at = from; at < until; at++) {
      let row = drawn.get(at);
      if (!row) {
        row = makeRow(at);
        drawn.set(at, row);
        const next = rows.children[[...drawn.keys()].filter((key) => key < at).length];
        rows.insertBefore(row, next ?? null);
      }
      row.style.top = `${origin + at * rowHeight}px`;
      row.setAttribute("aria-selected", at === chosen ? "true" : "false");
    }
    if (drawn.has(chosen)) list.setAttribute("aria-activedescendant", `row-${chosen}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function select(at) {
    if (found.length === 0) return;
    chosen = Math.max(0, Math.min(at, found.length - 1));
    const first = firstInSight();
    if (chosen < first) scrollToFirst(chosen);
    else if (chosen >= first + inSight()) scrollToFirst(chosen - inSight() + 1);
    draw();
    choose(found[chosen]);
  }

  const steps = {
    ArrowDown: () => chosen + 1,
    ArrowUp: () => chosen - 1,
    PageDown: () => chosen + inSight(),
    PageUp: () => chosen - inSight(),
    Home: () => 0,
    End: () => found.length - 1,
  };
  list.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    select(step());
  });
  list.addEventListener("focus", () => {
    if (chosen === -1 && found.length > 0) select(0);
  });
  list.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(list);

  return (places) => {
    found = places;
    chosen = -1;
    for (const row of drawn.values()) row.remove();
    drawn.clear();
    list.hidden = found.length === 0;
    if (found.length > 0) {
      const probe = makeRow(0);
      rows.append(probe);
      rowHeight = Math.max(1, probe.getBoundingClientRect().height);
      probe.remove();
    }
    rows.style.height = `${height()}px`;
    list.scrollTop = 0;
    draw();
  };
}

