// Signing in and up: the eye that shows a password, the time zone this browser is in, the address.
import { $, icon } from "./lib.js";

customElements.define("crm-password", class extends HTMLElement {
  connectedCallback() {
    const [field, button] = [$("input", this), $("button", this)];
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = field.type === "password";
      field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
      button.replaceChildren(icon(show ? "eye-off" : "eye"));
      field.focus();
    });
    // A password that is shown must not be sent as text that the browser remembers.
    field.form?.addEventListener("submit", () => { field.type = "password"; });
  }
});

const zone = $("select[data-guess-zone]");
if (zone && zone.value === "UTC") {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === here)) zone.value = here;
}

// A proposed address that arrives while somebody types one of their own comes too late.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asked = detail.requestConfig?.parameters.subdomain;
  if (detail.target?.id === "address" && asked !== undefined && $("#f-subdomain").value !== asked) detail.shouldSwap = false;
});
