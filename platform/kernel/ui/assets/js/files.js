import { $, announce, create, csrf, digits, failure, fill, icon, page, send, toast } from "./lib.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const size = (bytes) => {
  const step = Math.min(3, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const unitDisplay = page.lang === "fa" ? "long" : "short";
  return digits(new Intl.NumberFormat(page.lang, { style: "unit", unit: UNITS[step], unitDisplay, maximumFractionDigits: 1 }).format(bytes / 1000 ** step));
};

/** One file on its way: its parts go one after the other, and what arrived is not sent again. */
class Sending {
  constructor(holder, file) {
    this.holder = holder;
    this.file = file;
    this.words = holder.dataset;
    this.bar = create("progress", { max: file.size || 1, value: 0, "aria-label": file.name });
    this.note = create("small", { class: "muted" }, size(file.size));
    this.stop = create("button", { type: "button", class: "button quiet square small", "aria-label": `${this.words.cancel}: ${file.name}` }, icon("x"));
    this.again = create("button", { type: "button", class: "button small", hidden: true }, this.words.retry);
    this.row = create("li", {}, icon("upload"), create("div", { class: "grow" }, create("bdi", { class: "clip" }, file.name), this.bar, this.note), this.again, this.stop);
    this.stop.addEventListener("click", () => this.cancel());
    this.again.addEventListener("click", () => this.send());
    $("[data-sending]", holder).append(this.row);
  }

  async send() {
    this.again.hidden = true;
    delete this.row.dataset.failed;
    this.note.textContent = size(this.file.size);
    try {
      const state = await this.state();
      const left = state.parts.reduce((sum, part) => sum + part.size, 0);
      this.done = this.file.size - left;
      for (const part of state.parts) {
        if (this.cancelled) return;
        const from = (part.number - 1) * state.part_size;
        await this.put(part.url, this.file.slice(from, from + part.size));
        this.done += part.size;
      }
      const answer = await this.ask(state.url, "POST");
      this.row.remove();
      announce(fill(this.words.sent, { name: this.file.name }));
      this.holder.arrived(answer);
    } catch (error) {
      if (!this.cancelled) this.fail(error.told || fill(this.words.failed, { name: this.file.name }), error.final);
    }
  }

  /** Begun once; after that only what is still to come is asked for. */
  async state() {
    if (this.url) return this.ask(this.url, "GET");
    const { about, file, for: field } = this.words;
    const state = await this.ask("/uploads", "POST", { name: this.file.name, size: this.file.size, ...(field ? { for: field } : file ? { file } : { about }) });
    this.url = state.url;
    return state;
  }

  async ask(url, method, data) {
    const response = await send(url, { method, data });
    const answer = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {};
    if (response.ok) return answer;
    throw Object.assign(new Error(response.status), { told: answer.message, final: response.status >= 400 && response.status < 500 });
  }

  /** fetch tells nothing of what was sent so far, hence the older way. */
  put(url, blob) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", url);
      if (new URL(url, location.href).origin === location.origin) request.setRequestHeader("X-CSRFToken", csrf());
      request.upload.addEventListener("progress", (event) => { this.bar.value = this.done + event.loaded; });
      request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Error(request.status))));
      request.addEventListener("error", () => reject(new Error("offline")));
      request.addEventListener("abort", () => reject(new Error("aborted")));
      request.send(blob);
    });
  }

  fail(text, final) {
    this.note.textContent = text;
    this.note.className = "text-bad";
    this.row.dataset.failed = "";
    this.again.hidden = Boolean(final);
    announce(text);
  }

  cancel() {
    this.cancelled = true;
    this.request?.abort();
    this.row.remove();
    if (this.url) send(this.url, { method: "DELETE" }).catch(() => {});
  }
}

/** A field that holds a file: what is chosen or dropped is sent at once, and becomes the field's when its form is saved. */
class Attached extends HTMLElement {
  connectedCallback() {
    if (this.value) return;
    this.value = $("input[type=hidden]", this);
    this.held = $("[data-held]", this);
    this.input = $("input[type=file]", this);
    this.input.addEventListener("change", (event) => { event.stopPropagation(); this.take(this.input.files); this.input.value = ""; });
    this.held.addEventListener("click", (event) => { if (event.target.closest("button")) this.put("", ""); });
    for (const name of ["dragenter", "dragover"]) this.addEventListener(name, (event) => { event.preventDefault(); this.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) this.addEventListener(name, () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => { event.preventDefault(); this.take(event.dataTransfer.files); });
    this.form = this.closest("form");
    this.form?.addEventListener("submit", (event) => {
      if (!$("[data-sending] li:not([data-failed])", this)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      toast({ text: this.dataset.wait, tone: "warn" });
    }, true);
  }

  take([file]) {
    if (!file || this.input.disabled) return;
    this.sending?.cancel();
    this.sending = begin(this, file);
  }

  arrived({ id, label }) { this.put(id, label); }

  put(id, label) {
    const remove = create("button", { type: "button", class: "button quiet square small", "aria-label": fill(this.dataset.removeLabel, { label }) }, icon("x"));
    const link = create("a", { class: "link clip grow", href: `/r/files/${id}/content` }, create("bdi", {}, label));
    this.held.replaceChildren(...(id ? [create("li", {}, icon("paperclip"), link, remove)] : []));
    $("[data-first]", this).hidden = Boolean(id);
    $("[data-other]", this).hidden = !id;
    this.value.value = id;
    this.input.focus();
    // In a cell there is nothing else to fill in.
    if (this.closest(".inline-editor")) this.form.requestSubmit();
    else this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
customElements.define("crm-attached", Attached);

function begin(holder, file) {
  const most = Number(holder.dataset.most), sending = new Sending(holder, file);
  if (file.size > most) sending.fail(fill(holder.dataset.tooBig, { name: file.name, size: size(most) }), true);
  else sending.send();
  return sending;
}

/** The files of a record, or the versions of a file: a button, drops anywhere on the page, pictures from the clipboard. */
class Files extends HTMLElement {
  connectedCallback() {
    if (this.dataset.mayAdd === undefined) return;
    this.input = $("input[type=file]", this);
    this.input?.addEventListener("change", () => { this.take(this.input.files); this.input.value = ""; });
    this.leaving = new AbortController();
    const to = { signal: this.leaving.signal };
    document.addEventListener("dragover", (event) => { if (this.has(event.dataTransfer)) { event.preventDefault(); this.classList.add("over"); } }, to);
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.classList.remove("over"); }, to);
    document.addEventListener("drop", (event) => {
      this.classList.remove("over");
      if (!this.has(event.dataTransfer) || event.target.closest("crm-upload, crm-attached")) return;
      event.preventDefault();
      this.take(event.dataTransfer.files);
    }, to);
    document.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (files?.length) { event.preventDefault(); this.take(files); }
    }, to);
    addEventListener("beforeunload", (event) => { if ($("[data-sending] li:not([data-failed])", this)) event.preventDefault(); }, to);
  }

  disconnectedCallback() { this.leaving?.abort(); }

  has(transfer) { return [...(transfer?.types || [])].includes("Files"); }

  take(files) {
    for (const file of this.dataset.file ? [...files].slice(0, 1) : files) begin(this, file);
  }

  /** Draws the list anew, and leaves what is still being sent where it is. */
  async arrived() {
    if (this.dataset.file) { if (!$("[data-sending] li", this)) location.reload(); return; }
    const turn = (this.turn = {});
    try {
      const response = await send(this.dataset.url, { method: "GET", accept: "text/html" });
      if (!response.ok) return;
      const fresh = document.createElement("template");
      fresh.innerHTML = await response.text();
      if (turn !== this.turn) return; // a list that was asked for earlier does not know the last file
      $(".file-list", this).replaceWith($(".file-list", fresh.content));
      const hint = $(":scope > p", this);
      if (hint) hint.hidden = true;
      window.htmx?.process(this);
    } catch { toast({ text: failure("offline"), tone: "bad" }); }
  }
}
customElements.define("crm-files", Files);
