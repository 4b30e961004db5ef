import { $, $$, create, failure, obey, send, toast } from "./lib.js";

let asked; // the cell that was to be edited last: an editor that is drawn later than it is not wanted any more

/**
 * A value edited where it stands. GET data-url gives the editor (a form), POST saves it:
 * 200 the shown value, 422 the editor with its error, 409 the editor with both values and the new version.
 * The record's version sits on the nearest [data-version] and moves on with the answer's X-Version.
 */
class Inline extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.shown = $(".value", this);
    this.button = $(".edit, button.value", this);
    this.button?.addEventListener("click", () => this.edit());
    this.addEventListener("click", (event) => { if (!this.editing && !event.target.closest("a, button")) this.edit(); });
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusout", (event) => this.left(event));
    this.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); this.save(event.submitter, !this.leaves); });
  }

  get editing() { return this.hasAttribute("editing"); }
  get holder() { return this.closest("[data-version]"); }

  async edit() {
    asked = this;
    if (this.editing || this.busy || this.saving) return;
    this.busy = true;
    try {
      const response = await send(this.dataset.url, { method: "GET", accept: "text/html" });
      if (!response.ok) { if (!obey(response)) this.say(response.status); return; }
      const html = await response.text();
      if (asked === this) this.put(html);
    } catch { this.say(0); } finally { this.busy = false; }
  }

  put(html) {
    this.editor ??= create("div", { class: "inline-editor" });
    // Parsed apart: a list stands in a form of its own, and a parser drops a form inside a form.
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    this.editor.replaceChildren(parsed.content);
    this.before_ = new URLSearchParams(new FormData($("form", this.editor))).toString();
    this.setAttribute("editing", "");
    this.leaves = false;
    this.shown.hidden = true;
    if (this.button) this.button.hidden = true;
    if (!this.editor.isConnected) this.append(this.editor);
    window.htmx?.process(this.editor);
    this.dispatchEvent(new Event("crm:drawn", { bubbles: true }));
    const field = $("[aria-invalid=true], [autofocus]", this.editor) || $("input:not([type=hidden]), select, textarea", this.editor);
    // Whoever types elsewhere by now goes on there.
    const at = document.activeElement;
    if (at.matches("input, textarea, select") && !this.contains(at)) return;
    field?.focus();
    if (field?.select && field.type !== "checkbox") field.select();
  }

  close(focus = true) {
    const at = document.activeElement;
    focus &&= at === document.body || this.contains(at);
    this.removeAttribute("editing");
    this.editor?.remove();
    this.shown.hidden = false;
    if (this.button) { this.button.hidden = false; if (focus) this.button.focus({ preventScroll: true }); }
  }

  key(event) {
    if (!this.editing) { if (event.key === "F2") { event.preventDefault(); this.edit(); } return; }
    if (event.key === "Escape" && !$("[popover]:popover-open", this)) { event.preventDefault(); event.stopPropagation(); this.close(); }
    const field = event.target;
    if (event.key === "Enter" && !event.defaultPrevented && (!field.matches("textarea, button") || (field.matches("textarea") && (event.ctrlKey || event.metaKey)))) {
      event.preventDefault();
      field.dispatchEvent(new Event("change", { bubbles: true }));
      this.submit();
    }
  }

  left(event) {
    if (!this.editing || this.saving || this.contains(event.relatedTarget) || $("[data-sending] li", this)) return;
    setTimeout(() => {
      if (this.editing && !this.saving && !this.contains(document.activeElement) && !document.activeElement.closest("#panel") && document.hasFocus() && !$("[popover]:popover-open", this)) this.submit(true);
    }, 0);
  }

  /** As a form is sent: what is being made or sent for it is waited for. */
  submit(leaves = false) {
    this.leaves = leaves;
    $("form", this.editor).requestSubmit();
  }

  async save(submitter, focus = true) {
    if (this.saving) return;
    const form = $("form", this.editor);
    const data = new URLSearchParams(new FormData(form));
    const changed = data.toString() !== this.before_;
    if (submitter?.name) data.set(submitter.name, submitter.value);
    else if (!changed) return this.close(focus);
    if (!data.has("version") && this.holder) data.set("version", this.holder.dataset.version);
    this.saving = true;
    this.still(true);
    this.setAttribute("state", "saving");
    try {
      const response = await send(this.dataset.url, { data, accept: "text/html" });
      const version = response.headers.get("X-Version");
      const spoke = obey(response);
      const html = await response.text();
      if (version && this.holder && response.status !== 409) this.holder.dataset.version = version;
      if (response.ok) {
        this.shown.innerHTML = html;
        this.close(focus);
        this.setAttribute("state", "saved");
        setTimeout(() => this.removeAttribute("state"), 1700);
        this.dispatchEvent(new CustomEvent("record-changed", { bubbles: true, detail: { version } }));
      } else if (response.status === 422 || response.status === 409) {
        this.removeAttribute("state");
        this.put(html);
        this.before_ = null;
      } else {
        this.removeAttribute("state");
        if (!spoke) this.say(response.status);
      }
    } catch {
      this.removeAttribute("state");
      this.say(0);
    } finally { this.saving = false; this.still(false); }
  }

  /** What is on its way stays as it was sent: the answer would take away what somebody typed meanwhile. */
  still(on) { for (const field of $$("input, textarea", this.editor)) field.readOnly = on; }

  say(status) { toast({ text: failure(status === 403 ? "refused" : status ? "failed" : "offline"), tone: "bad" }); }
}
customElements.define("crm-inline", Inline);

/** A list's cell is a button that names its field: it becomes the element when somebody first edits it. */
function begin(event) {
  const button = event.target.closest?.("button[data-edit]");
  if (!button || button.closest("crm-inline") || (event.type === "keydown" && event.key !== "F2")) return;
  event.preventDefault();
  const record = $("td.main-cell a", button.closest("tr")), place = button.parentElement;
  const cell = create("crm-inline", { "data-url": `${record.pathname}/cell/${button.dataset.edit}` }, button);
  place.prepend(cell);
  button.focus({ preventScroll: true });
  cell.edit();
}
document.addEventListener("click", begin);
document.addEventListener("keydown", begin);
