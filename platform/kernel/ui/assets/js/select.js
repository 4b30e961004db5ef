import { $, $$, announce, count, fill } from "./lib.js";

/** Rows with a checkbox named ids and a bulk bar that appears with the first of them. */
class SelectRows extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.addEventListener("click", (event) => this.range(event));
    this.addEventListener("change", (event) => {
      if (event.target.matches("[data-all-rows]")) for (const box of this.boxes) box.checked = event.target.checked;
      if (event.target.matches("[data-all-rows], [name=ids]")) this.refresh();
    });
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-clear]")) this.clear();
      if (event.target.closest("[data-everything]")) this.everything(true);
    });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.chosen.length && !event.target.closest("crm-inline[editing], [popover]")) this.clear();
    });
    this.addEventListener("htmx:afterSettle", () => this.refresh(true));
    addEventListener("pageshow", () => this.refresh(true));
    this.refresh(true);
  }

  get boxes() { return $$("[name=ids]", this); }
  get chosen() { return this.boxes.filter((box) => box.checked); }
  get all() { return $("input[data-all-matching]", this); }

  range(event) {
    const box = event.target;
    if (!box.matches?.("[name=ids]")) return;
    const boxes = this.boxes, at = boxes.indexOf(box);
    if (event.shiftKey && this.last !== undefined) {
      for (let i = Math.min(at, this.last); i <= Math.max(at, this.last); i++) boxes[i].checked = box.checked;
      this.refresh();
    }
    this.last = at;
  }

  everything(on) {
    if (this.all) this.all.disabled = !on;
    this.refresh(false, on);
  }

  clear() {
    for (const box of this.boxes) box.checked = false;
    this.refresh();
    (this.boxes[this.last ?? 0] || this).focus?.();
  }

  refresh(quiet = false, everything = false) {
    const n = this.chosen.length, bar = $("[data-bulk]", this), head = $("[data-all-rows]", this);
    if (!everything && this.all) this.all.disabled = true;
    if (head) { head.checked = n > 0 && n === this.boxes.length; head.indeterminate = n > 0 && n < this.boxes.length; }
    if (!bar) return;
    bar.hidden = n === 0;
    const words = everything ? this.dataset.everything : fill(n === 1 ? this.dataset.one : this.dataset.many, { n: count(n) });
    $("[data-count]", bar).textContent = words;
    const more = $("[data-everything]", bar);
    if (more) more.hidden = everything || n < this.boxes.length || !this.dataset.everything;
    if (!quiet) announce(n ? words : this.dataset.none);
  }
}
customElements.define("crm-select-rows", SelectRows);
