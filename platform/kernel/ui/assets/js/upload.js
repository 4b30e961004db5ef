import { $, create, digits, fill, icon, page } from "./lib.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const size = (bytes) => {
  const step = Math.min(3, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const display = page.lang === "fa" ? "long" : "short";
  return new Intl.NumberFormat(page.lang, { style: "unit", unit: UNITS[step], unitDisplay: display, maximumFractionDigits: 1 }).format(bytes / 1000 ** step);
};

/** A file input that can be dropped on, refuses what the server would refuse, and shows how far the sending is. */
class Upload extends HTMLElement {
  connectedCallback() {
    if (this.input) return;
    this.input = $("input[type=file]", this);
    this.files = $("[data-files]", this);
    for (const name of ["dragenter", "dragover"]) this.addEventListener(name, (event) => { event.preventDefault(); this.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) this.addEventListener(name, () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      const kept = new DataTransfer();
      for (const file of [...event.dataTransfer.files].slice(0, this.input.multiple ? undefined : 1)) kept.items.add(file);
      if (kept.files.length) { this.input.files = kept.files; this.input.dispatchEvent(new Event("change", { bubbles: true })); }
    });
    this.input.addEventListener("change", (event) => { if (!this.show()) event.stopImmediatePropagation(); });
    this.form = this.closest("form");
    this.form?.addEventListener("htmx:xhr:progress", (event) => {
      const bar = $("progress", this.files);
      if (!bar || !event.detail.lengthComputable || !event.detail.total) return;
      bar.hidden = false;
      bar.max = event.detail.total;
      bar.value = event.detail.loaded;
    });
    this.form?.addEventListener("submit", () => { const bar = $("progress", this.files); if (bar) bar.hidden = false; });
  }

  problem(file) {
    const most = Number(this.dataset.max || 0);
    if (most && file.size > most) return fill(this.dataset.tooBig, { name: file.name, size: size(most) });
    const accepted = (this.input.accept || "").split(",").map((kind) => kind.trim().toLowerCase()).filter(Boolean);
    const fits = accepted.some((kind) => (kind.startsWith(".") ? file.name.toLowerCase().endsWith(kind) : file.type === kind));
    return accepted.length && !fits ? fill(this.dataset.wrongType, { name: file.name }) : "";
  }

  show() {
    const error = $("[data-problem]", this), list = [...this.input.files];
    const wrong = list.map((file) => this.problem(file)).find(Boolean) || "";
    error.textContent = wrong;
    error.hidden = !wrong;
    if (wrong) { this.input.value = ""; this.files.replaceChildren(); return false; }
    this.files.replaceChildren(...list.map((file) => create("div", { class: "upload-file" },
      icon("file-spreadsheet"), create("bdi", { class: "clip" }, file.name), create("small", {}, digits(size(file.size))),
      create("progress", { hidden: true, "aria-label": file.name }))));
    return true;
  }
}
customElements.define("crm-upload", Upload);
