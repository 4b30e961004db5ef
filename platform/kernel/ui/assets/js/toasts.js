import { create, icon, obey, send, toast, failure } from "./lib.js";

const LIFE = 8000;
const ICONS = { good: "circle-check", bad: "alert-circle", warn: "alert-triangle" };

/** The live region of base.html. A toast waits while it is pointed at or holds the focus. */
class Toasts extends HTMLElement {
  connectedCallback() {
    this.shown ??= (event) => this.show(event.detail);
    document.addEventListener("toast", this.shown);
    for (const ready of this.children) this.watch(ready);
  }

  disconnectedCallback() { document.removeEventListener("toast", this.shown); }

  show(detail) {
    const { text, tone = "", undo, url, label } = detail?.value ?? detail ?? {};
    if (!text) return;
    const words = create("span");
    words.textContent = text;
    const node = create("div", { class: `toast ${tone}` }, ICONS[tone] ? icon(ICONS[tone]) : null, words);
    if (undo) node.append(create("button", { type: "button", "data-undo": undo, "aria-keyshortcuts": "Control+Z" }, this.dataset.undo));
    if (url) node.append(create("button", { type: "button", "data-go": url }, label || this.dataset.open));
    node.append(create("button", { type: "button", class: "close", "aria-label": this.dataset.close }, icon("x")));
    while (this.children.length > 2) this.firstElementChild.remove();
    this.append(node);
    this.watch(node);
  }

  watch(node) {
    let left = LIFE, since, timer;
    const run = () => { since = Date.now(); timer = setTimeout(() => node.remove(), left); };
    const pause = () => { clearTimeout(timer); left = Math.max(1500, left - (Date.now() - since)); };
    const resume = () => { if (!node.matches(":hover, :focus-within")) { clearTimeout(timer); run(); } };
    node.addEventListener("pointerenter", pause);
    node.addEventListener("focusin", pause);
    node.addEventListener("pointerleave", resume);
    node.addEventListener("focusout", () => requestAnimationFrame(resume));
    node.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.undo) this.undo(button.dataset.undo);
      if (button.dataset.go) location.href = button.dataset.go;
      node.remove();
    });
    run();
  }

  /** Ctrl+Z: what the newest of the notices offers to take back. */
  last() {
    const button = [...this.querySelectorAll("[data-undo]")].at(-1);
    button?.click();
    return Boolean(button);
  }

  async undo(url) {
    try {
      const response = await send(url);
      const spoke = obey(response);
      if (!response.ok && !spoke) toast({ text: failure("failed"), tone: "bad" });
      if (response.ok && !response.headers.has("HX-Redirect")) document.body.dispatchEvent(new CustomEvent("undone", { detail: { url } }));
    } catch { toast({ text: failure("offline"), tone: "bad" }); }
  }
}
customElements.define("crm-toasts", Toasts);
