import { $, $$, announce, ascii, count, create, fill, icon, send, uid } from "./lib.js";

/** Two spellings of one word, made one: for what is on the page. The server folds what it looks for itself. */
const fold = (text) =>
  ascii(text).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/ي|ى/g, "ی").replace(/ك/g, "ک").replace(/ة/g, "ه").replace(/[\s\u200c]+/g, " ").trim();

/** The list behind Ctrl+K: what was opened last, what can be done here, made, gone to, and what is found. */
class Palette extends HTMLElement {
  connectedCallback() {
    this.field = $("[role=combobox]", this);
    this.list = $("[role=listbox]", this);
    this.field.addEventListener("input", () => this.typed());
    this.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row && !event.ctrlKey && !event.metaKey) { event.preventDefault(); this.pick(row); }
    });
    this.list.addEventListener("pointermove", (event) => {
      const row = event.target.closest("[role=option]");
      if (row && row !== this.row) this.choose(row, true);
    });
    this.closest("dialog").addEventListener("close", () => { this.asking?.abort(); clearTimeout(this.timer); this.field.value = ""; });
  }

  /** Shows at once what is known from the last time, then what the server knows now. */
  start() {
    this.done = new Map();
    $$("[data-found]", this.list).forEach((group) => group.remove());
    $("[data-actions]", this.list)?.remove();
    this.list.prepend(...this.actions());
    this.sift();
    this.ask("").then((groups) => {
      if (!groups) return;
      $$("[role=group]:not([data-actions], [data-found])", this.list).forEach((group) => group.remove());
      const first = groups.filter((group) => group.dataset.place === "before");
      this.list.prepend(...first);
      const after = $("[data-actions]", this.list) || first.at(-1);
      const rest = groups.filter((group) => !first.includes(group));
      if (after) after.after(...rest); else this.list.prepend(...rest);
      this.sift();
    });
    if (this.field.value) this.typed();
  }

  /** The buttons of the page's bar, wherever they hide on a small or a large screen, and what can be added to the record. */
  actions() {
    const met = new Set(), options = [];
    for (const node of $$("#main .bar :is(a.button, button.button, .menu .item):not([popovertarget], [data-palette], .bar > a.square), #main [data-compose]")) {
      const label = (node.getAttribute("aria-label") || node.textContent).trim();
      if (!label || met.has(label) || node.closest("[hidden]")) continue;
      met.add(label);
      const row = create("div", { role: "option", class: "palette-option" }, icon(($("use", node)?.getAttribute("href") || "#chevron-right").split("#")[1]), create("span", { class: "what" }, create("span", { class: "clip" }, label)));
      this.done.set(row, node);
      options.push(row);
    }
    if (!options.length) return [];
    return [create("div", { role: "group", "aria-label": this.dataset.actions, "data-actions": true }, create("div", { class: "palette-label", "aria-hidden": "true" }, this.dataset.actions), ...options)];
  }

  typed() {
    clearTimeout(this.timer);
    const q = this.field.value.trim();
    this.sift();
    if (!q) { this.asking?.abort(); $$("[data-found]", this.list).forEach((group) => group.remove()); this.sift(); return; }
    this.timer = setTimeout(async () => {
      const groups = await this.ask(q);
      if (!groups || this.field.value.trim() !== q) return;
      $$("[data-found]", this.list).forEach((group) => group.remove());
      this.list.append(...groups);
      this.sift();
      announce(this.rows.length > 1 ? fill(this.dataset.count, { n: count(this.rows.length - 1) }) : this.dataset.none);
    }, 150);
  }

  async ask(q) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.list.setAttribute("aria-busy", "true");
    try {
      const response = await send(`${this.dataset.url}?q=${encodeURIComponent(q)}`, { method: "GET", accept: "text/html", signal: asking.signal });
      if (!response.ok) return null;
      const box = document.createElement("template");
      box.innerHTML = await response.text();
      return [...box.content.children];
    } catch { return null; } finally { if (this.asking === asking) this.list.removeAttribute("aria-busy"); }
  }

  get rows() { return $$("[role=option]:not([hidden])", this.list).filter((row) => !row.parentElement.hidden); }

  /** Of what is always there, only what has all the words; what was found stays, and none of it twice. */
  sift() {
    const text = this.field.value.trim(), words = fold(text).split(" ").filter(Boolean), seen = new Set();
    $(".palette-all", this.list)?.parentElement.remove();
    if (text) {
      const url = `${this.dataset.page}?q=${encodeURIComponent(text)}`;
      const row = create("a", { role: "option", tabindex: "-1", class: "palette-option palette-all", href: url }, icon("search"), create("span", { class: "what" }, create("span", { class: "clip" }, fill(this.dataset.all, { q: text }))));
      this.list.append(create("div", { role: "group", "aria-label": fill(this.dataset.all, { q: text }), "data-last": true }, row));
    }
    for (const group of $$("[role=group]:not([data-last])", this.list)) {
      let any = false;
      for (const row of $$("[role=option]", group)) {
        row.id ||= uid("palette");
        const known = group.dataset.found !== undefined || words.every((word) => fold(`${row.textContent} ${row.dataset.find || ""}`).includes(word));
        row.hidden = !known || (row.href && (seen.has(row.href) || (group.dataset.place && row.pathname === location.pathname)));
        if (!row.hidden) { any = true; if (row.href) seen.add(row.href); }
      }
      group.hidden = !any;
    }
    const last = $(".palette-all", this.list);
    if (last) last.id ||= uid("palette");
    this.choose(this.rows.includes(this.row) && !text ? this.row : this.rows[0], true);
  }

  choose(row, still) {
    this.row = row;
    $$("[aria-selected=true]", this.list).forEach((other) => other.setAttribute("aria-selected", "false"));
    if (!row) { this.field.removeAttribute("aria-activedescendant"); return; }
    row.setAttribute("aria-selected", "true");
    this.field.setAttribute("aria-activedescendant", row.id);
    if (!still) row.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const rows = this.rows, now = rows.indexOf(this.row);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: Math.min(now + 8, rows.length - 1), PageUp: Math.max(now - 8, 0) }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.choose(rows[(to + rows.length) % rows.length]);
    } else if (event.key === "Enter" && !event.isComposing && event.target === this.field) {
      event.preventDefault();
      event.stopPropagation();
      if (this.row && (event.ctrlKey || event.metaKey) && this.row.href) window.open(this.row.href, "_blank", "noopener");
      else if (this.row) this.pick(this.row);
    }
  }

  pick(row) {
    const node = this.done.get(row), { href } = row;
    this.closest("dialog").close();
    if (href) location.href = href;
    // The focus first goes back to where it was; then what was chosen may take it.
    else setTimeout(() => node.click());
  }
}
customElements.define("crm-palette", Palette);
