// Loaded only by lists and boards: records know the list they were opened from, open beside it, and groups open and close.
import { $, $$, announce, create, csrf, failure, icon, rtl, send, toast } from "./lib.js";
import "./select.js";

const wide = matchMedia("(min-width: 60rem)");

/** Stands beside the rows. data-slug and data-in tell the type and the question; data-peek names the button. */
class List extends HTMLElement {
  connectedCallback() {
    if (this.ends) return;
    this.ends = new AbortController();
    const on = (name, act) => document.addEventListener(name, act, { signal: this.ends.signal, capture: true });
    // The address of a record gets its list only when somebody goes there: rows stay short.
    for (const name of ["pointerdown", "click", "keydown"]) on(name, (event) => this.lead(event.target));
    on("click", (event) => this.clicked(event));
    if (!this.dataset.peek) return;
    on("keydown", (event) => this.key(event));
    on("pointerover", (event) => this.offer(event.target));
    on("focusin", (event) => this.offer(event.target));
  }

  disconnectedCallback() {
    this.ends.abort();
    this.ends = null;
  }

  /** The link to a record of this list, if this is one. */
  record(target) {
    const link = target.closest?.("main a[href]");
    return link && new RegExp(`^/r/${this.dataset.slug}/[0-9a-f-]{36}$`).test(link.pathname) ? link : null;
  }

  lead(target) {
    const link = this.record(target);
    if (link && this.dataset.in && !link.search) link.search = `?in=${encodeURIComponent(this.dataset.in)}`;
  }

  clicked(event) {
    const group = event.target.closest("[data-group]");
    if (!group) return;
    const body = document.getElementById(group.getAttribute("aria-controls"));
    body.hidden = !body.hidden;
    group.setAttribute("aria-expanded", String(!body.hidden));
  }

  key(event) {
    if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = event.target.matches?.("td.main-cell > a") && this.record(event.target);
    if (!link || !wide.matches) return;
    event.preventDefault();
    this.peek(link);
  }

  /** One button for all rows, in the row that is pointed at. */
  offer(target) {
    const cell = target.closest?.("main tbody tr")?.querySelector("td.main-cell");
    if (!cell || !wide.matches || !this.record($("a", cell) || cell)) return;
    this.button ||= this.make();
    if (this.button.parentElement !== cell) cell.append(this.button);
  }

  make() {
    const button = create("button", { type: "button", class: "button quiet square small peek-button", title: this.dataset.peek, "aria-label": this.dataset.peek, tabindex: "-1" }, icon("eye"));
    button.addEventListener("click", () => this.peek($("a", button.parentElement)));
    return button;
  }

  peek(link) {
    link.focus({ preventScroll: true });
    window.htmx.ajax("GET", `${link.pathname}?peek=1&in=${encodeURIComponent(this.dataset.in || "")}`, "#panel-content");
  }
}
customElements.define("crm-list", List);

/**
 * Lines that are put in order by their buttons, by Alt and an arrow, or by hand where they are draggable; what is sent
 * follows the order on the page. With data-url each new order is sent there at once. data-items says what a line is
 * where that is no li, data-across that they stand beside each other.
 */
class Order extends HTMLElement {
  get across() { return this.dataset.across !== undefined; }
  get lines() { return $$(this.dataset.items || "li", this); }
  get ids() { return this.lines.map((line) => line.dataset.id).join(","); }
  line(target) { return this.lines.find((line) => line.contains(target)); }

  connectedCallback() {
    this.sent ??= this.ids;
    addEventListener("pagehide", (this.leaving = () => this.left()));
    this.onclick = (event) => {
      const button = event.target.closest("[data-up], [data-down]");
      if (!button) return;
      event.preventDefault();
      this.move(button, button.matches("[data-up]") ? -1 : 1);
    };
    this.onkeydown = (event) => {
      const [back, on] = !this.across ? ["ArrowUp", "ArrowDown"] : rtl() ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
      if (!event.altKey || ![back, on].includes(event.key) || !this.line(event.target)) return;
      event.preventDefault();
      this.move(event.target, event.key === on ? 1 : -1);
    };
    this.ondragstart = (event) => {
      this.held = this.line(event.target);
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
      this.held.classList.add("held");
    };
    this.ondragover = (event) => {
      const line = this.line(event.target);
      if (!this.held || !line) return;
      event.preventDefault();
      if (line === this.held) return;
      const { left, top, width, height } = line.getBoundingClientRect();
      const beyond = this.across ? (event.clientX > left + width / 2) !== rtl() : event.clientY > top + height / 2;
      line[beyond ? "after" : "before"](this.held);
    };
    this.ondrop = (event) => event.preventDefault();
    this.ondragend = () => {
      this.held.classList.remove("held");
      this.held = null;
      this.tell();
    };
  }

  disconnectedCallback() { removeEventListener("pagehide", this.leaving); }

  /** The line that holds the focus, one place on or back. */
  move(focused, by) {
    const lines = this.lines, line = this.line(focused), other = lines[lines.indexOf(line) + by];
    if (!other) return;
    other[by > 0 ? "after" : "before"](line);
    focused.focus();
    line.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.tell();
  }

  /** Another order than the one last sent is kept by the server; one that was refused is loaded anew. */
  async tell() {
    if (!this.dataset.url || this.telling) return;
    this.telling = true;
    try {
      // One after the other: of two on their way the older one might arrive last, and stay.
      while (this.ids !== this.sent) {
        const { ids } = this;
        this.sent = ids;
        const answer = await send(this.dataset.url, { data: { ids } });
        if (!answer.ok) return location.reload();
        announce(this.dataset.done);
      }
    } catch {
      this.sent = "";
      toast({ text: failure("offline"), tone: "bad" });
    } finally { this.telling = false; }
  }

  /** An order that still waits for its turn goes before the page does. */
  left() {
    const { ids } = this;
    if (this.telling && ids !== this.sent) navigator.sendBeacon(this.dataset.url, new URLSearchParams({ ids, csrfmiddlewaretoken: csrf() }));
  }
}
customElements.define("crm-order", Order);
