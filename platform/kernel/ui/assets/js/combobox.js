import { $, $$, announce, count, create, failure, fill, icon, place, send, toast, uid } from "./lib.js";

/**
 * A relation picker: text with a list from data-url (GET ?q=), ids in hidden inputs of the field's name.
 * data-multiple keeps several as tokens; data-create (POST label=) offers a new record for a name not found.
 * Text of which nothing was chosen is sent in the place of an id: the server knows who is called so, or says so.
 */
class Combobox extends HTMLElement {
  connectedCallback() {
    if (this.field) return;
    this.field = $("[role=combobox]", this);
    this.multiple = this.dataset.multiple !== undefined;
    this.name = this.dataset.name;
    this.values = $(".values", this);
    this.tokens = $(".tokens", this);
    this.list = create("div", { role: "listbox", class: "options", id: uid("options"), popover: "manual", "aria-label": this.dataset.label });
    this.append(this.list);
    this.field.setAttribute("aria-controls", this.list.id);
    this.options = [];
    this.at = -1;
    this.value = this.multiple ? create("input", { type: "hidden", name: this.name }) : $("input", this.values);
    const chosen = !this.multiple && this.dataset.typed === undefined; // else the server gave back what it knows nobody by
    this.keep(chosen ? this.value.value : "", chosen ? this.field.value : "");
    this.field.addEventListener("input", () => { this.typed(); this.search(this.field.value); });
    this.field.addEventListener("click", () => this.opened || this.search(this.field.value === this.chosen ? "" : this.field.value));
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => { if (this.opened || this.field.value !== this.chosen) setTimeout(() => this.leave(), 120); });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => { const row = event.target.closest(".option"); if (row) this.pick(+row.dataset.at); });
    $(".open", this)?.addEventListener("click", () => { if (this.opened) this.close(); else { this.field.focus(); this.search(""); } });
    this.tokens?.addEventListener("click", (event) => { const button = event.target.closest(".remove"); if (button) { button.closest(".chip").remove(); this.field.focus(); this.tell(); } });
  }

  disconnectedCallback() { this.asking?.abort(); }

  get opened() { return this.list.matches(":popover-open"); }

  search(text) {
    clearTimeout(this.timer);
    this.due = true;
    this.timer = setTimeout(() => this.ask(text.trim()), text ? 150 : 0);
  }

  async ask(q) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const url = new URL(this.dataset.url, location.href);
    url.searchParams.set("q", q);
    try {
      const response = await send(url, { method: "GET", signal: asking.signal });
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      const results = Array.isArray(answer) ? answer : answer.results;
      const taken = new Set(this.multiple ? $$("input", this.tokens).map((input) => input.value) : []);
      this.options = results.filter((option) => !taken.has(String(option.id)));
      const exact = results.some((option) => option.label.trim().toLocaleLowerCase() === q.toLocaleLowerCase());
      if (q && this.dataset.create && !exact) this.options.push({ label: q, fresh: true });
      this.due = false;
      if (this.eager) this.hurried(q);
      else this.draw(q);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.due = false;
      this.eager = this.eager?.();
      toast({ text: failure("offline"), tone: "bad" });
    }
  }

  /** Enter came before the answer. It takes the first that was found, but makes nothing that nobody saw offered. */
  hurried(q) {
    const release = this.eager, found = this.options[0] && !this.options[0].fresh;
    this.eager = null;
    if (found) this.pick(0);
    else { this.field.focus(); this.draw(q); }
    release(found);
  }

  draw(q, said) {
    if (!this.field.isConnected || !this.contains(document.activeElement)) return;
    const rows = this.options.map((option, at) => {
      const row = create("div", { role: "option", class: `option${option.fresh ? " new" : ""}`, id: `${this.list.id}-${at}`, "data-at": at, "aria-selected": "false" });
      if (option.fresh) row.append(icon("plus"), fill(this.dataset[option.anyway ? "anywayLabel" : "createLabel"], { text: option.label }));
      else {
        row.append(create("span", { dir: "auto" }, option.label));
        if (option.detail) row.append(create("small", {}, create("bdi", {}, option.detail)));
      }
      return row;
    });
    const note = said || (rows.length ? "" : this.dataset.empty);
    if (note) rows.unshift(create("div", { class: "note", role: "option", "aria-disabled": "true" }, note));
    this.list.replaceChildren(...rows);
    if (!this.opened) this.list.showPopover();
    place(this.list, this.field.closest(".affix") || this.field, { width: true });
    this.field.setAttribute("aria-expanded", "true");
    this.move(q && this.options.length ? 0 : -1);
    announce(note || fill(this.dataset.found, { n: count(this.options.length) }));
  }

  move(at) {
    this.at = at;
    $$(".option", this.list).forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    const row = $$(".option", this.list)[at];
    if (at >= 0 && row) { this.field.setAttribute("aria-activedescendant", row.id); row.scrollIntoView({ block: "nearest" }); }
    else this.field.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const last = this.options.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.opened) return this.search(this.field.value === this.chosen ? "" : this.field.value);
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.move(this.at + step > last ? 0 : this.at + step < 0 ? last : this.at + step);
    } else if (event.key === "Enter" && this.due && this.field.value.trim() && this.field.value !== this.chosen) {
      // The list that is open, if one is, answers less than what is typed by now.
      event.preventDefault();
      event.stopPropagation();
      this.eager ||= this.hold();
    } else if (event.key === "Enter" && this.opened) {
      event.preventDefault();
      event.stopPropagation();
      if (this.at >= 0) this.pick(this.at);
    } else if (event.key === "Escape" && this.opened) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      this.field.value = this.chosen;
      this.typed();
    } else if (event.key === "Backspace" && this.multiple && !this.field.value) {
      this.tokens.lastElementChild?.remove();
      this.tell();
    }
  }

  async pick(at) {
    let option = this.options[at];
    if (!option) return;
    this.close();
    // Cleared now: by the time one is made, the next may be typed.
    if (this.multiple) { this.field.value = ""; this.typed(); }
    const release = option.fresh && this.hold();
    if (option.fresh) option = await this.make(option);
    if (option) this.put(option);
    if (release) release(option);
  }

  /** Whoever sends the form while a record is being made sends it with that record. */
  hold() {
    const form = this.closest("form");
    let held;
    const wait = (event) => { event.preventDefault(); event.stopImmediatePropagation(); held = { by: event.submitter }; };
    form?.addEventListener("submit", wait, true);
    return (made) => {
      form?.removeEventListener("submit", wait, true);
      if (held && made && form.isConnected) form.requestSubmit(held.by);
    };
  }

  async make({ label, anyway }) {
    try {
      const response = await send(this.dataset.create, { data: anyway ? { label, anyway } : { label } });
      const answer = await response.json();
      if (response.ok) return answer;
      if (answer.candidates) {
        // Is it one of these? The list asks, and goes on as with what was found.
        this.options = [...answer.candidates, ...(answer.may_insist ? [{ label, fresh: true, anyway: 1 }] : [])];
        this.field.value = label;
        this.typed();
        this.field.focus();
        return this.draw("", answer.message);
      }
      toast({ text: answer.message || failure("failed"), tone: "bad" });
    } catch { toast({ text: failure("offline"), tone: "bad" }); }
    return null;
  }

  put({ id, label }) {
    if (this.multiple) {
      const remove = create("button", { type: "button", class: "remove", "aria-label": fill(this.dataset.removeLabel, { label }) }, icon("x"));
      this.tokens.append(create("span", { class: "chip plain" }, create("span", { dir: "auto" }, label), create("input", { type: "hidden", name: this.name, value: id }), remove));
    } else {
      this.value.value = id;
      this.field.value = label;
      this.keep(id, label);
      this.complain("");
    }
    this.tell();
  }

  keep(id, label) { this.id = id; this.chosen = label; }

  typed() {
    const text = this.field.value.trim(), is = text === this.chosen.trim();
    this.value.value = is ? this.id : text;
    if (this.multiple) { if (text) this.append(this.value); else this.value.remove(); }
    this.complain("");
  }

  complain(words) {
    this.note ??= create("p", { class: "error", id: uid("picker-error") });
    if (words) {
      this.note.textContent = words;
      this.after(this.note);
      this.field.setAttribute("aria-invalid", "true");
      this.field.setAttribute("aria-describedby", this.note.id);
    } else if (this.note.isConnected) {
      this.note.remove();
      this.field.removeAttribute("aria-invalid");
    }
  }

  /** Text that names one that was found chooses it; other text stays to be mended; an emptied field means no value. */
  leave() {
    if (this.eager || this.contains(document.activeElement)) return;
    const text = this.field.value.trim(), same = text && this.options.findIndex((option) => !option.fresh && option.label.trim() === text);
    this.close();
    if (text === this.chosen.trim()) this.field.value = this.chosen;
    else if (!text) { this.value.value = ""; this.keep("", ""); this.tell(); }
    else if (same >= 0) this.pick(same);
    else this.complain(this.dataset.bad);
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.due = false;
    this.eager = this.eager?.();
    if (this.opened) this.list.hidePopover();
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  tell() { this.dispatchEvent(new Event("change", { bubbles: true })); }
}
customElements.define("crm-combobox", Combobox);
