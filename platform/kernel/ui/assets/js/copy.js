// <crm-copy>: a text to copy and a button that does it, shown only where it can.
import { $, announce, icon } from "./lib.js";

customElements.define("crm-copy", class extends HTMLElement {
  connectedCallback() {
    const button = $("button", this);
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy ?? $("[data-text]", this).textContent.trim());
      announce(button.dataset.done);
      const before = [...button.childNodes];
      const words = $("span", button);
      button.replaceChildren(icon("check"), ...(words ? [button.dataset.done] : []));
      setTimeout(() => { button.replaceChildren(...before); }, 2000);
    });
  }
});
