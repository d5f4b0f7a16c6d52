"use strict";
// The changes of the plan, and which of them are asked for. Reads the JSON elements of the page;
// draws nothing. A change is known by its place: first those that are not of mailboxes, then
// mailboxes in the order of the plan.

const data = (name) => JSON.parse(document.getElementById(`data-${name}`).textContent);

// What a reader would not see, or would see in the wrong place, is written as an escape.
const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

function readModel() {
  const few = data("few");
  const patterns = data("patterns");
  const patternOf = Uint32Array.from(data("pattern-of"));
  const names = data("names");
  const guids = data("guids");

  const guid = (mailbox) => {
    const hex = guids.slice(32 * mailbox, 32 * mailbox + 32);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
  const escaped = (key) => key.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

  return {
    length: few.length + names.length,
    shapes: [...few, ...Object.values(patterns)],
    // All that is known of a change: what it shares, and what is its own.
    get(place) {
      if (place < few.length) {
        return { shape: few[place], name: visible(few[place].address), address: visible(few[place].address) };
      }
      const mailbox = place - few.length;
      const shape = patterns[patternOf[mailbox]];
      const name = names[mailbox];
      const address = visible(`${shape.section}["${escaped(name.toLowerCase())}"]`);
      return { shape, name: visible(name), address, guid: guid(mailbox) };
    },
    // A function that tells of a place whether it is asked for. What patterns decide is decided
    // once for each of them.
    matcher(filter) {
      const fits = (shape) =>
        (!filter.section || shape.section === filter.section) &&
        (!filter.type || shape.recipient_type === filter.type) &&
        (!filter.action || shape.action === filter.action) &&
        (filter.group === "" || shape.group === Number(filter.group)) &&
        (!filter.weakens || shape.weakens.length > 0) &&
        (!filter.removes || shape.removes.length > 0) &&
        (!filter.leaves || shape.leaves_microsoft_management.length > 0) &&
        (!filter.irreversible || shape.irreversible_because !== undefined);
      const fewFit = few.map(fits);
      const patternFits = new Map(Object.entries(patterns).map(([id, shape]) => [Number(id), fits(shape)]));
      const words = filter.text.toLowerCase();
      const hex = /^[0-9a-f-]{4,36}$/.test(words) ? words.replaceAll("-", "") : "";
      return (place) => {
        if (place < few.length) {
          return fewFit[place] && few[place].address.toLowerCase().includes(words);
        }
        const mailbox = place - few.length;
        if (!patternFits.get(patternOf[mailbox])) return false;
        if (words === "" || names[mailbox].toLowerCase().includes(words)) return true;
        if (hex !== "" && guids.slice(32 * mailbox, 32 * mailbox + 32).includes(hex)) return true;
        // An address as the plan writes it: mailbox_audit.people["ada@contoso.com"].
        return words.startsWith("mailbox_audit") && this.get(place).address.includes(words);
      };
    },
  };
}

// Finds the places that are asked for, in slices so that the page answers in between. A search that
// begins ends the one before.
function searcher(model, report) {
  let current = 0;
  return (filter) => {
    const search = ++current;
    const matches = model.matcher(filter);
    const found = new Uint32Array(model.length);
    let number = 0;
    let place = 0;
    const slice = () => {
      if (search !== current) return;
      const until = performance.now() + 12;
      while (place < model.length) {
        const end = Math.min(place + 2000, model.length);
        for (; place < end; place++) if (matches(place)) found[number++] = place;
        if (performance.now() > until) break;
      }
      if (place < model.length) setTimeout(slice);
      else report(found.subarray(0, number));
    };
    slice();
  };
}

