import { $, $$, announce, number, page } from "./lib.js";

/**
 * Child rows of a form: names are PREFIX-INDEX-FIELD and PREFIX-count says how many indexes there are.
 * A row that was saved before (it has an input [data-id]) is marked PREFIX-INDEX-delete=1, a new one just goes away.
 */
class Rows extends HTMLElement {
  connectedCallback() {
    if (this.holder) return;
    this.holder = $("[data-rows]", this);
    this.counter = $("[data-row-count]", this);
    this.blank = $("template", this);
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-add]")) this.add();
      const remove = event.target.closest("[data-remove]");
      if (remove) this.remove_(remove.closest("[data-row]"));
    });
    this.addEventListener("input", () => this.sum());
    this.addEventListener("change", () => this.sum());
    this.sum();
  }

  add() {
    const index = Number(this.counter.value);
    const made = this.blank.content.cloneNode(true);
    for (const node of made.querySelectorAll("*")) {
      for (const { name, value } of [...node.attributes]) {
        if (value.includes("__i__")) node.setAttribute(name, value.replaceAll("__i__", index));
      }
    }
    const row = made.querySelector("[data-row]");
    this.counter.value = index + 1;
    this.holder.append(made);
    window.htmx?.process(row);
    $("input:not([type=hidden]), select, textarea", row)?.focus();
    this.sum();
  }

  remove_(row) {
    const near = row.nextElementSibling || row.previousElementSibling;
    const saved = $("[data-id]", row)?.value;
    if (saved) { $("[data-delete]", row).value = "1"; row.hidden = true; } else row.remove();
    (near && !near.hidden ? $("input:not([type=hidden]), select", near) : $("[data-add]", this))?.focus();
    announce(this.dataset.removed);
    this.sum();
  }

  /** data-sum="quantity,price" multiplies, data-percent-off="discount" lowers; the server computes the kept amount. */
  sum() {
    const total = $("[data-total]", this);
    if (!this.dataset.sum) return;
    const places = Number(this.dataset.places || 0);
    const show = new Intl.NumberFormat(page.lang, { minimumFractionDigits: places, maximumFractionDigits: places });
    let all = 0, complete = true;
    const rows = $$("[data-row]", this.holder);
    for (const row of rows) {
      if (row.hidden) continue;
      const value = (field) => number($(`[name$="-${field}"]`, row)?.value ?? "");
      let amount = this.dataset.sum.split(",").reduce((product, field) => product * value(field), 1);
      const off = this.dataset.percentOff ? value(this.dataset.percentOff) : NaN;
      if (!Number.isNaN(off)) amount *= 1 - off / 100;
      const cell = $("[data-amount]", row);
      if (cell) cell.textContent = Number.isNaN(amount) ? "–" : show.format(amount);
      if (Number.isNaN(amount)) complete = false; else all += amount;
    }
    if (total) total.textContent = !rows.length ? "" : complete || all ? show.format(all) : "–";
  }
}
customElements.define("crm-rows", Rows);
