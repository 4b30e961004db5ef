// The server renders data-theme from a cookie, so no page flashes; here it only changes.
import { $$, page } from "./lib.js";

const YEAR = 31536000;
export const remember = (name, value) => {
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `${name}=${value};path=/;max-age=${YEAR};samesite=lax${secure}`;
};

class Theme extends HTMLElement {
  connectedCallback() {
    for (const input of $$("input[data-set]", this)) {
      const name = input.dataset.set;
      input.checked = (page.dataset[name] || input.dataset.default) === input.value;
    }
    this.addEventListener("change", (event) => {
      const { set, default: usual } = event.target.dataset;
      if (!set) return;
      const { value } = event.target;
      if (value === usual) delete page.dataset[set];
      else page.dataset[set] = value;
      remember(set, value);
    });
  }
}
customElements.define("crm-theme", Theme);
