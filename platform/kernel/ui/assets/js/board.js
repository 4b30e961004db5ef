// Loaded only by pages with a board: dragging by pointer, moving by Alt+arrows, and by the card's menu.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { $, $$, announce, failure, fill, obey, rtl, send, show, toast } from "./lib.js";

/**
 * Moves a card at once and asks the server after: POST data-move {id, version, to}.
 * 200 {columns: {ID: {count, sum, full}}, card, version, toast}; 422 or 409 {message} puts it back;
 * {form: URL} opens a small form first (a lost reason, a required field) and the card waits for it.
 */
class Board extends HTMLElement {
  connectedCallback() {
    if (this.sortables) return;
    this.sortables = [];
    this.adopt();
    this.addEventListener("htmx:afterSettle", () => this.adopt());
    this.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (this.menu = (event) => {
      // One menu serves all cards: it is told which one it was opened from.
      const opener = event.target.closest("[data-fills-menu]");
      const shared = opener && document.getElementById(opener.getAttribute("popovertarget"));
      if (shared) shared.dataset.card = opener.closest("[data-id]").dataset.id;
      const item = event.target.closest("[data-move-to]");
      if (!item) return;
      const card = this.querySelector(`[data-id="${CSS.escape(item.closest("[data-card]")?.dataset.card || "")}"]`);
      const list = this.list(item.dataset.moveTo);
      if (card && list) this.move(card, list, true);
    }));
  }

  disconnectedCallback() {
    for (const sortable of this.sortables || []) sortable.destroy();
    this.sortables = null;
    document.removeEventListener("click", this.menu);
  }

  get lists() { return $$(".cards", this); }
  list(id) { return $(`.cards[data-column="${CSS.escape(id)}"]`, this); }

  adopt() {
    if (this.dataset.move === undefined) return;
    for (const list of this.lists) {
      if (list.dataset.sortable !== undefined) continue;
      list.dataset.sortable = "";
      this.sortables.push(new Sortable(list, {
        group: "cards", draggable: ".deal-card", sort: false, animation: 140, delay: 180, delayOnTouchOnly: true, touchStartThreshold: 5,
        ghostClass: "ghost", dragClass: "drag", filter: ".more, [data-fixed], [aria-busy]", preventOnFilter: false, scroll: true,
        onStart: ({ item, from }) => { this.from = { list: from, next: item.nextElementSibling }; },
        onEnd: ({ item, to }) => { if (to !== this.from.list) this.commit(item, this.from, to); },
      }));
    }
  }

  key(event) {
    const card = event.target.closest(".deal-card");
    if (!card || !event.altKey || !["ArrowLeft", "ArrowRight"].includes(event.key) || this.dataset.move === undefined) return;
    event.preventDefault();
    const lists = this.lists, ahead = (event.key === "ArrowRight") !== rtl() ? 1 : -1;
    const to = lists[lists.indexOf(card.closest(".cards")) + ahead];
    if (to) this.move(card, to, true);
  }

  move(card, to, focus) {
    const list = card.closest(".cards");
    if (to === list || card.matches("[data-fixed], [aria-busy]")) return;
    const from = { list, next: card.nextElementSibling };
    to.prepend(card);
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focus) $(".title a", card)?.focus();
    this.commit(card, from, to);
  }

  async commit(card, from, to) {
    const back = () => {
      const focused = card.contains(document.activeElement);
      from.list.insertBefore(card, from.next?.parentElement === from.list ? from.next : null);
      this.count([from.list, to]);
      if (focused) $(".title a", card).focus();
    };
    const name = $(".title", card).textContent.trim(), column = $("h2", to.closest(".column")).textContent.trim();
    card.setAttribute("aria-busy", "true");
    this.count([from.list, to]);
    try {
      const response = await send(this.dataset.move, { data: { id: card.dataset.id, version: card.dataset.version, to: to.dataset.column } });
      const spoke = obey(response);
      const answer = await response.json().catch(() => ({}));
      if (answer.form) { back(); this.ask(answer.form, card, to); return; }
      if (!response.ok) {
        back();
        if (!spoke) toast({ text: answer.message || failure(response.status === 403 ? "refused" : "failed"), tone: "bad" });
        announce(fill(this.dataset.back, { name, column: $("h2", from.list.closest(".column")).textContent.trim() }));
        return;
      }
      this.settle(card, answer);
      announce(fill(this.dataset.moved, { name, column }));
      if (answer.toast) toast(answer.toast);
    } catch {
      back();
      toast({ text: failure("offline"), tone: "bad" });
    } finally { card.removeAttribute("aria-busy"); }
  }

  settle(card, { columns = {}, card: html, version }) {
    if (version) card.dataset.version = version;
    for (const [id, { count, sum, full }] of Object.entries(columns)) {
      const column = this.list(id)?.closest(".column");
      if (!column) continue;
      if (count !== undefined) $("[data-count]", column).textContent = count;
      const total = $("[data-sum]", column);
      if (sum !== undefined && total) total.textContent = sum;
      if (full !== undefined && total) total.title = full;
    }
    if (!html) return;
    const focused = card.contains(document.activeElement);
    const box = document.createElement("template");
    box.innerHTML = html.trim();
    const fresh = box.content.firstElementChild;
    card.replaceWith(fresh);
    window.htmx?.process(fresh);
    fresh.dispatchEvent(new CustomEvent("card-changed", { bubbles: true }));
    if (focused) $(".title a", fresh)?.focus();
  }

  /** Until the server counts, a column knows how many of its cards came and went. */
  count(lists) {
    for (const list of lists) list.closest(".column").classList.toggle("bare", !list.querySelector(".deal-card"));
  }

  async ask(url, card) {
    const dialog = $("#dialog");
    await window.htmx.ajax("GET", url, { target: "#dialog-content", swap: "innerHTML" });
    show(dialog, $(".title a", card));
  }
}
customElements.define("crm-board", Board);
