// What single keys do. The page says which there are: {"KeyG KeyD": ["go-deals", "/r/deals"]}; see kernel/web/shortcuts.py.
import { $, $$ } from "./lib.js";

const WINDOW = 1000;
let before = "", at = 0;

const rows = () => $$("#main :is(tbody tr, .cards > li, .search-hits > li, .inbox > li)").filter((row) => row.offsetParent && $("a[href]", row));
const here = () => document.activeElement?.closest("tbody tr, .cards > li, .search-hits > li, .inbox > li");
const shown = (node) => node.offsetParent !== null || node.getClientRects().length;

const acts = {
  search: () => document.dispatchEvent(new Event("palette")),
  sheet: (url) => window.htmx.ajax("GET", url, { target: "#dialog-content", source: "#dialog-content" }),
  "row-next": () => step(1),
  "row-previous": () => step(-1),
  select: () => select(false),
  "select-range": () => select(true),
};

function step(by) {
  const all = rows(), now = all.indexOf(here());
  const row = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1)];
  const link = row && $("a[href]", row);
  link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest" });
}

function select(shift) {
  const row = here();
  row?.closest("crm-select-rows")?.dispatchEvent(new CustomEvent("select-row", { detail: { row, shift } }));
}

/** One key pressed while nobody types. A key that begins a pair waits a second for the other. */
export function press(event, keys) {
  const code = event.key === "?" ? "Shift+Slash" : event.shiftKey ? `Shift+${event.code}` : event.code;
  if (/^(Shift|Control|Alt|Meta)/.test(event.code)) return;
  const pair = event.timeStamp - at < WINDOW ? keys[`${before} ${code}`] : null;
  before = pair ? "" : code;
  at = event.timeStamp;
  const [name, url] = pair || keys[code] || [];
  if (!name) return;
  const marked = name in acts ? [] : $$(`[data-shortcut~="${name}"]`);
  const own = marked.find((node) => here()?.contains(node)) || marked.find(shown) || marked[0];
  if (own) own.matches("input, textarea") ? own.focus() : own.click();
  else if (acts[name]) acts[name](url);
  else if (url) location.href = url;
}
