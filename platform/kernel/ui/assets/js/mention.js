// Loaded only by pages with a text that takes mentions: after "@" it offers members who may see what is written about.
import { $, announce, count, create, fill, place, uid } from "./lib.js";

const ASKED = /(?:^|[^\p{L}\p{N}@.])@([\p{L}\p{N}\p{M}\u200c._ -]{0,40})$/u;

class Mention extends HTMLElement {
  connectedCallback() {
    if (this.field) return;
    this.field = $("textarea", this);
    this.list = create("div", { role: "listbox", class: "options mention-list", id: uid("mentions"), popover: "manual", "aria-label": this.dataset.label });
    this.append(this.list);
    for (const [name, value] of [["aria-autocomplete", "list"], ["aria-haspopup", "listbox"], ["aria-controls", this.list.id]]) this.field.setAttribute(name, value);
    this.field.addEventListener("input", () => this.ask());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 120));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => { const row = event.target.closest(".option"); if (row) this.pick(+row.dataset.at); });
  }

  disconnectedCallback() { clearTimeout(this.timer); this.asking?.abort(); }

  get opened() { return this.list.matches(":popover-open"); }

  get asked() { return ASKED.exec(this.field.value.slice(0, this.field.selectionStart))?.[1]; }

  ask() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (this.asked === undefined) return this.close();
    this.due = true;
    this.timer = setTimeout(() => this.find(this.asked), 120);
  }

  async find(q) {
    if (q === undefined) return;
    const asking = (this.asking = new AbortController());
    const url = new URL(this.dataset.url, location.href);
    url.searchParams.set("q", q.trim());
    const about = this.closest("form")?.elements.namedItem("about")?.value;
    if (about) url.searchParams.set("about", about);
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" }, signal: asking.signal });
      if (!response.ok) return this.close();
      this.options = await response.json();
    } catch { return this.asking === asking && this.close(); }
    if (document.activeElement !== this.field || this.asked !== q) return;
    if (!this.options.length) return this.close();
    this.list.replaceChildren(...this.options.map((option, at) =>
      create("div", { role: "option", class: "option", id: `${this.list.id}-${at}`, "data-at": at, "aria-selected": "false" }, create("span", { dir: "auto" }, option.label), option.detail ? create("small", {}, create("bdi", {}, option.detail)) : null)));
    this.due = false;
    if (this.eager) return this.pick(0);
    if (!this.opened) this.list.showPopover();
    place(this.list, this.field, {});
    this.move(0);
    announce(fill(this.dataset.found, { n: count(this.options.length) }));
  }

  move(at) {
    this.at = at;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    this.field.setAttribute("aria-activedescendant", this.list.children[at].id);
    this.list.children[at].scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (!this.opened) return;
    const last = this.options.length - 1, takes = (event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab";
    if (event.key === "ArrowDown") this.move(this.at >= last ? 0 : this.at + 1);
    else if (event.key === "ArrowUp") this.move(this.at <= 0 ? last : this.at - 1);
    else if (takes && this.due) this.eager = true; // the open list answers less than what is typed by now
    else if (takes) this.pick(this.at);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pick(at) {
    const option = this.options[at], asked = this.asked;
    this.close();
    if (!option || asked === undefined) return;
    const end = this.field.selectionStart;
    this.field.setRangeText(`@${option.text} `, end - asked.length - 1, end, "end");
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
  }

  close() {
    clearTimeout(this.timer);
    this.due = this.eager = false;
    if (this.opened) this.list.hidePopover();
    this.field.removeAttribute("aria-activedescendant");
  }
}
customElements.define("crm-mention", Mention);
