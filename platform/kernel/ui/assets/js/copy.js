// <crm-copy>: a text to copy and a button that does it, shown only where it can.
import { $, announce } from "./lib.js";

customElements.define("crm-copy", class extends HTMLElement {
  connectedCallback() {
    const button = $("button", this);
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText($("[data-text]", this).textContent.trim());
      const words = $("span", button), before = words.textContent;
      words.textContent = button.dataset.done;
      announce(button.dataset.done);
      setTimeout(() => { words.textContent = before; }, 2000);
    });
  }
});
