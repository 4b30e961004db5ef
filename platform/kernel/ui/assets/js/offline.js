// Without a network: a bar says so, and what is being typed into a form stays on this device until it is saved.
import { $, $$, toast } from "./lib.js";

const DRAFT = "draft:", DAYS = 7 * 864e5;
const kept = (input) =>
  input.name && !input.closest("[data-remote]") && !/^(hidden|password|file|submit|button)$/.test(input.type) && !/^(version|base|csrf)/.test(input.name);

class Offline extends HTMLElement {
  connectedCallback() {
    this.mine = `${DRAFT}${this.dataset.for}:`;
    const say = () => { this.hidden = navigator.onLine; };
    for (const name of ["online", "offline"]) addEventListener(name, say);
    say();
    // Once the page stands: what is fetched for a day without a network must not slow a first visit.
    setTimeout(() => navigator.serviceWorker?.register(`/sw.js?for=${encodeURIComponent(this.dataset.for)}`).catch(() => {}), 4000);
    this.sweep();
    document.addEventListener("input", (event) => this.type(event.target));
    document.addEventListener("change", (event) => this.type(event.target));
    document.addEventListener("submit", (event) => this.leave(event), true);
    document.addEventListener("htmx:afterRequest", (event) => {
      const { elt: form, xhr, requestConfig } = event.detail;  // the form itself: a part of it that asks for hints saves nothing
      // By the status: what leads to another page is told as neither done nor failed.
      if (form.matches?.("form[data-draft]") && xhr.status >= 200 && xhr.status < 400 && requestConfig.verb === "post") this.answered(form);
    });
    // Taken in place of what was being typed.
    document.addEventListener("click", (event) => {
      const form = event.target.closest?.("a[data-drop]")?.closest("form[data-draft]");
      if (form) this.drop(form);
    });
    for (const form of $$("form[data-draft]")) {
      this.meet(form);
      this.type([...form.elements].find(typed));  // quicker than this part was loaded
    }
  }

  key(form) { return `${this.mine}${location.pathname} ${form.dataset.draft}`; }
  drop(form) { clearTimeout(form.drafting); localStorage.removeItem(this.key(form)); }

  /** Nobody else's drafts stay, no old ones, and none of a form that was saved: its page led to this one. */
  sweep() {
    const from = document.referrer && new URL(document.referrer).pathname;
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(DRAFT)) continue;
      const { at = 0, sent } = read(key);
      const path = key.slice(this.mine.length).split(" ")[0];
      if (!key.startsWith(this.mine) || Date.now() - at > DAYS || (sent && path === from && path !== location.pathname)) localStorage.removeItem(key);
    }
  }

  type(input) {
    const form = input?.closest?.("form[data-draft]");
    if (!form || !kept(input)) return;
    clearTimeout(form.drafting);
    form.drafting = setTimeout(() => this.keep(form), 300);
  }
  keep(form, sent) {
    clearTimeout(form.drafting);
    const values = held(form);
    if (sent) form.left = JSON.stringify(values);
    try { localStorage.setItem(this.key(form), JSON.stringify({ at: Date.now(), sent, values })); } catch { /* no room: then without */ }
  }

  /** What somebody typed while it was on its way is not saved. */
  answered(form) {
    if (JSON.stringify(held(form)) === form.left) this.drop(form);
    else this.keep(form);
  }

  leave(event) {
    const form = event.target;
    if (form.getAttribute("action") === "/logout") return this.forget();
    if (!form.matches("form[data-draft]")) return;
    this.keep(form, true);
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    toast({ text: this.dataset.kept, tone: "warn" });
  }
  forget() {
    for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFT)) localStorage.removeItem(key);
    navigator.serviceWorker?.controller?.postMessage("forget");
  }

  /** What was typed here and not saved is offered, never put in by itself: the record may have moved on. */
  meet(form) {
    const { values, at } = read(this.key(form));
    if (!values || $(".errors", form)) return;
    const differs = values.some(([name, value, on]) => find(form, name, value, on).some((input) => (on === null ? input.value !== value : input.checked !== on)));
    if (!differs) return this.drop(form);
    const notice = $("template", this).content.firstElementChild.cloneNode(true);
    const time = $("time", notice);
    time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
    notice.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.matches("[data-back]")) put(form, values);
      else this.drop(form);
      notice.remove();
    });
    form.prepend(notice);
  }
}

const held = (form) => [...form.elements].filter(kept).map((input) => [input.name, input.value, /^(checkbox|radio)$/.test(input.type) ? input.checked : null]);
const typed = (input) => "defaultValue" in input && !/^(checkbox|radio)$/.test(input.type) && kept(input) && input.value !== input.defaultValue;
const read = (key) => { try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; } };
const find = (form, name, value, on) =>
  [...form.elements].filter((input) => input.name === name && kept(input) && (on === null || input.value === value));
function put(form, values) {
  for (const [name, value, on] of values) {
    for (const input of find(form, name, value, on)) {
      if (on === null) input.value = value;
      else input.checked = on;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}
customElements.define("crm-offline", Offline);
