// Loaded only by pages with open tasks: done and put off where they stand, at once, and the server after.
import { $, failure, obey, send, toast } from "./lib.js";

/** The lines come again from the page's own address when something changed; [data-put-off] says what the menu is for. */
class Todos extends HTMLElement {
  connectedCallback() {
    if (this.heard) return;
    this.addEventListener("submit", (event) => {
      if (!event.target.matches("[data-done]")) return;
      event.preventDefault();
      this.act(event.target.closest("li"), event.target.action, {});
    });
    document.addEventListener("click", (this.heard = (event) => this.clicked(event)));
    document.body.addEventListener("undone", (this.undone = () => this.renew()));
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.heard);
    document.body.removeEventListener("undone", this.undone);
    this.heard = null;
  }

  clicked(event) {
    const opener = event.target.closest("[data-put-off]");
    if (opener && this.contains(opener)) this.opener = opener;
    const item = event.target.closest("#put-off .item");
    if (!item || !this.opener) return;
    const url = this.opener.dataset.putOff;
    if (item.dataset.to) this.act(this.opener.closest("li"), url, { to: item.dataset.to });
    else window.htmx.ajax("GET", `${url}?next=${encodeURIComponent(location.pathname + location.search)}`, "#dialog-content");
  }

  async act(line, url, data) {
    if (line.classList.contains("gone")) return;
    line.classList.add("gone");
    const next = line.nextElementSibling || line.previousElementSibling;
    try {
      const response = await send(url, { data: { ...data, quiet: 1 } });
      const spoke = obey(response);
      if (!response.ok) throw new Error(spoke ? "" : "failed");
      ($(".tick, a", next || document.createElement("i")) || $("h1"))?.focus?.({ preventScroll: true });
      this.renew();
    } catch (error) {
      line.classList.remove("gone");
      if (error.message) toast({ text: failure(error.message === "failed" ? "failed" : "offline"), tone: "bad" });
    }
  }

  renew() {
    window.htmx.ajax("GET", location.href, { target: `#${this.id}`, select: `#${this.id}`, swap: "outerHTML" });
  }
}
customElements.define("crm-todos", Todos);

// What stands in the bar of a phone opens the composer at its place.
document.addEventListener("click", (event) => {
  const to = event.target.closest("[data-compose]");
  const radio = to && document.getElementById(to.hash.slice(1));
  if (!radio) return;
  event.preventDefault();
  radio.checked = true;
  radio.closest(".composer").scrollIntoView({ block: "start" });
  radio.focus({ preventScroll: true });
});
