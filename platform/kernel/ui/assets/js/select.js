import { $, $$, announce, count, create, fill } from "./lib.js";

// Where there is no header of a table the second step stands for its box, too.
const narrow = matchMedia("(max-width: 60rem)");

/**
 * Rows with a checkbox named ids and a bulk bar that appears with the first of them. With data-key the selection holds
 * while somebody pages through the list; a selection of all that match remembers what was taken out of it. A button
 * [data-pick] of the page shows the boxes where they are not always there: on phones, and on the cards of a board.
 */
class SelectRows extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.ends = new AbortController();
    this.ids = new Set();
    this.out = new Set();
    this.whole = false;
    this.recall();
    this.addEventListener("click", (event) => this.range(event));
    this.addEventListener("change", (event) => {
      if (event.target.matches("[data-all-rows]")) for (const box of this.boxes) this.mark(box, event.target.checked);
      if (event.target.matches("[data-all-rows]")) this.refresh();
    });
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-clear]")) this.clear();
      if (event.target.closest("button[data-everything]")) this.everything();
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-pick]")) this.picking(!this.hasAttribute("picking"));
      else this.card(event);
    }, { signal: this.ends.signal, capture: true });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.target.closest("crm-inline[editing], dialog, input:not([type=checkbox])") || $(":popover-open")) return;
      if (this.size) this.clear(); else if ($("[data-pick]")) this.picking(false);
    }, { signal: this.ends.signal });
    this.addEventListener("submit", (event) => this.send(event));
    this.addEventListener("select-row", (event) => this.byKey(event));
    for (const name of ["htmx:afterSettle", "card-changed"]) this.addEventListener(name, () => this.refresh(true));
    addEventListener("pageshow", () => this.refresh(true));
    this.refresh(true);
  }

  disconnectedCallback() {
    this.ends.abort();
  }

  get boxes() { return $$("input[type=checkbox][name=ids]", this); }
  get all() { return $("input[type=hidden][data-all-matching]", this); }
  get size() { return this.whole ? (this.total ? this.total - this.out.size : Infinity) : this.ids.size; }
  get total() { return Number(this.dataset.all || 0); }

  mark(box, on) {
    box.checked = on;
    if (this.whole) this.out[on ? "delete" : "add"](box.value);
    else this.ids[on ? "add" : "delete"](box.value);
  }

  range(event) {
    const box = event.target;
    if (!box.matches?.("[name=ids]")) return;
    this.mark(box, box.checked);
    this.reach(box, event.shiftKey, box.checked);
  }

  reach(box, shift, on) {
    const boxes = this.boxes, at = boxes.indexOf(box);
    if (shift && this.last !== undefined) for (let i = Math.min(at, this.last); i <= Math.max(at, this.last); i++) this.mark(boxes[i], on);
    this.last = at;
    this.refresh();
  }

  /** Cards have their boxes only while some are being picked; then a click on a card means its box. */
  cards(on) {
    for (const card of $$(".deal-card", this)) {
      const box = $("[name=ids]", card);
      if (on && !box) card.prepend(create("input", { type: "checkbox", name: "ids", form: "bulk", value: card.dataset.id, "aria-label": $(".title", card).textContent.trim() }));
      if (!on) box?.remove();
    }
  }

  card(event) {
    const card = this.hasAttribute("picking") && event.target.closest(".deal-card"), box = card && $("[name=ids]", card);
    if (!box || !this.contains(box) || event.target.closest("input, button")) return;
    event.preventDefault();
    event.stopPropagation();
    this.mark(box, !box.checked);
    this.reach(box, event.shiftKey, box.checked);
  }

  /** x selects the row that holds the focus, Shift+x all from the last one to it. */
  byKey({ detail }) {
    if (detail.row.matches(".deal-card")) this.picking(true);
    const box = $("[name=ids]", detail.row);
    if (!box) return;
    if (!detail.shift) this.mark(box, !box.checked);
    this.reach(box, detail.shift, detail.shift || box.checked);
  }

  picking(on) {
    this.pressed(on);
    if (!on && this.size) this.clear();
    this.cards(on);
  }

  pressed(on) {
    this.toggleAttribute("picking", on);
    $("[data-pick]")?.setAttribute("aria-pressed", String(on));
  }

  everything() {
    this.whole = true;
    this.out.clear();
    this.refresh();
  }

  clear() {
    this.whole = false;
    this.ids.clear();
    this.out.clear();
    this.refresh();
    (this.boxes[this.last ?? 0] || this).focus?.();
  }

  send(event) {
    const here = new Set(this.boxes.map((box) => box.value));
    this.fill("[data-elsewhere]", this.whole ? [] : [...this.ids].filter((id) => !here.has(id)));
    this.fill("[data-except]", this.whole ? [...this.out] : []);
    if (event.submitter?.value === "export" || !window.htmx) return;
    event.preventDefault();
    const values = {};
    for (const [name, value] of new FormData(event.target, event.submitter)) values[name] = name in values ? `${values[name]},${value}` : value;
    window.htmx.ajax("POST", event.target.action, { target: "#dialog-content", values });
  }

  fill(selector, ids) {
    const input = $(selector, this);
    if (input) { input.value = ids.join(","); input.disabled = !ids.length; }
  }

  recall() {
    for (const box of this.boxes) if (box.checked) this.ids.add(box.value);
    if (!this.dataset.key) return;
    try {
      const kept = JSON.parse(sessionStorage.getItem("selected") || "{}");
      if (kept.key !== this.dataset.key) return;
      this.ids = new Set(kept.ids);
      this.out = new Set(kept.out);
      this.whole = kept.whole;
    } catch { /* nothing kept */ }
  }

  remember() {
    if (!this.dataset.key) return;
    const kept = { key: this.dataset.key, ids: [...this.ids], out: [...this.out], whole: this.whole };
    try { sessionStorage.setItem("selected", JSON.stringify(kept)); } catch { /* full or forbidden: this page has it */ }
  }

  refresh(quiet = false) {
    if (this.size && this.dataset.key) this.pressed(true);
    this.cards(this.hasAttribute("picking"));
    const boxes = this.boxes, n = this.size, bar = $("[data-bulk]", this), head = $("[data-all-rows]", this);
    for (const box of boxes) box.checked = this.whole ? !this.out.has(box.value) : this.ids.has(box.value);
    const here = boxes.filter((box) => box.checked).length;
    if (this.all) this.all.disabled = !this.whole;
    if (head) { head.checked = here > 0 && here === boxes.length; head.indeterminate = here > 0 && here < boxes.length; }
    if (!quiet) this.remember();
    if (!bar) return;
    bar.hidden = n === 0;
    const words = n === Infinity || (this.whole && !this.dataset.key) ? this.dataset.everything : fill(n === 1 ? this.dataset.one : this.dataset.many, { n: count(n) });
    $("[data-count]", bar).textContent = words;
    const more = $("button[data-everything]", bar);
    if (more) more.hidden = this.whole || (head && here < boxes.length && !narrow.matches) || !this.dataset.everything || (this.total && this.total <= n);
    if (!quiet) announce(n ? words : this.dataset.none);
  }
}
// What was done to is selected no longer.
document.addEventListener("submit", (event) => {
  if (event.submitter?.value === "go" && event.target.action.endsWith("/bulk")) sessionStorage.removeItem("selected");
}, true);
customElements.define("crm-select-rows", SelectRows);
