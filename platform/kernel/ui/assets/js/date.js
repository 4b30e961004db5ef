import { $, ascii, create, digits, icon, place, uid, rtl } from "./lib.js";
import { Calendar, DAY, fromIso, iso } from "./calendars.js";

const TIME = /(\d{1,2})[:٫.](\d{2})$/;

/**
 * A date (or date and time) field. Without JavaScript it is a text field the server reads; with it the text is what
 * people see and a hidden input of the same name carries ISO 8601.
 */
class DateField extends HTMLElement {
  connectedCallback() {
    if (this.text) return;
    this.text = $("input", this);
    this.timed = this.dataset.time !== undefined;
    this.calendar = new Calendar(this.dataset.calendar);
    this.other = new Calendar(this.calendar.jalali ? "gregorian" : "jalali");
    this.hidden_ = create("input", { type: "hidden", name: this.text.name, value: this.dataset.value || "" });
    this.text.removeAttribute("name");
    this.text.after(this.hidden_);
    this.button = create("button", { type: "button", "aria-label": this.dataset.open, "aria-haspopup": "dialog", "aria-expanded": "false" }, icon("calendar"));
    this.text.closest(".affix").append(this.button);
    if (this.text.disabled || this.text.readOnly) this.button.disabled = true;
    this.button.addEventListener("click", () => (this.opened ? this.pop.hidePopover() : this.open()));
    this.text.addEventListener("change", (event) => { event.stopPropagation(); this.typed(); });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.typed(); // Ctrl+Enter sends the form before the text has changed
      if (event.key === "ArrowDown" && (event.altKey || !this.timed)) { event.preventDefault(); this.open(); }
    });
    // Somebody may have been quicker than this part was loaded.
    if (this.dataset.value && this.text.value === this.text.defaultValue) this.set(fromIso(this.dataset.value), (this.dataset.value.match(/T(\d\d:\d\d)/) || [])[1], true);
    else this.typed(true);
  }

  get opened() { return this.pop?.matches(":popover-open"); }
  get day() { return /^\d{4}-/.test(this.hidden_.value) ? fromIso(this.hidden_.value) : NaN; }

  today() {
    const now = new Intl.DateTimeFormat("en-CA", { timeZone: this.dataset.zone || undefined }).format(new Date());
    return fromIso(now);
  }

  typed(quiet = false) {
    let text = this.text.value.trim(), clock;
    if (!text) return this.clear(quiet);
    if (this.timed) {
      const match = ascii(text).match(TIME);
      if (match && +match[1] < 24 && +match[2] < 60) { clock = `${match[1].padStart(2, "0")}:${match[2]}`; text = ascii(text).slice(0, match.index).trim().replace(/[,،]$/, ""); }
    }
    const day = this.calendar.read(text);
    if (Number.isNaN(day)) {
      // The server sees what was typed and answers in its own words too.
      this.hidden_.value = this.text.value;
      this.complain(quiet ? "" : this.dataset.bad);
      return;
    }
    this.set(day, clock, quiet);
  }

  clear(quiet) { this.hidden_.value = ""; this.complain(""); if (!quiet) this.tell(); }

  set(day, clock, quiet = false) {
    this.cursor = day;
    if (this.timed) this.clock = clock || this.clock || "09:00";
    this.hidden_.value = iso(day) + (this.timed ? `T${this.clock}` : "");
    this.text.value = this.calendar.short(day) + (this.timed ? ` ${digits(this.clock)}` : "");
    this.complain("");
    if (!quiet) this.tell();
  }

  tell() { this.hidden_.dispatchEvent(new Event("change", { bubbles: true })); }

  complain(words) {
    this.note ??= create("p", { class: "error", id: uid("date-error") });
    if (words) {
      this.note.textContent = words;
      this.after(this.note);
      this.text.setAttribute("aria-invalid", "true");
      this.text.setAttribute("aria-describedby", this.note.id);
    } else if (this.note.isConnected) {
      this.note.remove();
      this.text.removeAttribute("aria-invalid");
    }
  }

  open() {
    if (!this.pop) this.build();
    this.cursor = Number.isNaN(this.day) ? this.today() : this.day;
    this.draw();
    this.pop.showPopover();
    place(this.pop, this.text.closest(".affix"));
    this.focusDay();
  }

  build() {
    const step = (name, label, by) => {
      const button = create("button", { type: "button", class: "button quiet square small", "aria-label": label }, icon(name));
      button.addEventListener("click", () => { this.cursor = this.calendar.shift(this.cursor, by); this.draw(); });
      return button;
    };
    this.heading = create("b", { id: uid("month"), "aria-live": "polite" });
    this.body = create("tbody");
    const head = create("tr");
    for (let i = 0; i < 7; i++) {
      const day = DAY * (3 + this.calendar.firstWeekday + i); // 1970-01-04 was a Sunday
      head.append(create("th", { scope: "col", abbr: this.calendar.days.format(day) }, this.calendar.initials.format(day)));
    }
    const grid = create("table", { role: "grid", "aria-labelledby": this.heading.id }, create("thead", {}, head), this.body);
    this.converted = create("span", { class: "other", dir: "auto" });
    const today = create("button", { type: "button", class: "button quiet small" }, this.dataset.today);
    today.addEventListener("click", () => this.choose(this.today()));
    const foot = create("footer", {}, this.converted, today);
    if (this.timed) {
      this.clockField = create("input", { class: "input time", dir: "ltr", inputmode: "numeric", "aria-label": this.dataset.clock, value: digits(this.clock || "09:00") });
      this.clockField.addEventListener("change", () => {
        const match = ascii(this.clockField.value).match(/^(\d{1,2})[:٫.]?(\d{2})$/);
        if (match && +match[1] < 24 && +match[2] < 60) { this.clock = `${match[1].padStart(2, "0")}:${match[2]}`; if (!Number.isNaN(this.day)) this.set(this.day, this.clock); }
        this.clockField.value = digits(this.clock || "09:00");
      });
      foot.prepend(this.clockField);
    }
    this.pop = create("div", { class: "calendar", popover: "auto", role: "dialog", "aria-label": this.dataset.open, "data-calendar": "" },
      create("header", {}, step("chevron-left", this.dataset.previous, -1), this.heading, step("chevron-right", this.dataset.next, 1)), grid, foot);
    this.pop.addEventListener("click", (event) => { const cell = event.target.closest("[data-day]"); if (cell) this.choose(+cell.dataset.day); });
    grid.addEventListener("keydown", (event) => this.key(event));
    this.pop.addEventListener("toggle", (event) => {
      this.button.setAttribute("aria-expanded", String(event.newState === "open"));
      if (event.newState === "closed" && this.pop.contains(document.activeElement)) this.text.focus();
    });
    this.append(this.pop);
  }

  key(event) {
    const ahead = rtl() ? -1 : 1;
    const by = { ArrowLeft: -ahead, ArrowRight: ahead, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const weekday = (new Date(this.cursor).getUTCDay() - this.calendar.firstWeekday + 7) % 7;
    if (by) this.cursor += by * DAY;
    else if (event.key === "PageUp") this.cursor = this.calendar.shift(this.cursor, event.shiftKey ? -12 : -1);
    else if (event.key === "PageDown") this.cursor = this.calendar.shift(this.cursor, event.shiftKey ? 12 : 1);
    else if (event.key === "Home") this.cursor -= weekday * DAY;
    else if (event.key === "End") this.cursor += (6 - weekday) * DAY;
    else return;
    event.preventDefault();
    this.draw();
    this.focusDay();
  }

  focusDay() { $("[data-day][tabindex='0']", this.pop)?.focus(); }

  choose(day) {
    this.set(day, this.clock);
    this.pop.hidePopover();
    this.text.focus();
  }

  draw() {
    const { calendar } = this, [year, month] = calendar.parts(this.cursor), first = calendar.day(year, month, 1);
    const lead = (new Date(first).getUTCDay() - calendar.firstWeekday + 7) % 7, today = this.today(), chosen = this.day;
    const rows = [];
    for (let week = 0; week < 6; week++) {
      const row = create("tr");
      for (let i = 0; i < 7; i++) {
        const day = first + (week * 7 + i - lead) * DAY, [, m, d] = calendar.parts(day);
        const classes = [m === month ? "" : "out", calendar.restDays.includes(new Date(day).getUTCDay()) ? "rest" : ""].join(" ").trim();
        const button = create("button", { type: "button", "data-day": day, tabindex: day === this.cursor ? "0" : "-1", class: classes || null, "aria-current": day === today ? "date" : null, "aria-label": calendar.long(day) }, digits(d));
        row.append(create("td", { role: "gridcell", "aria-selected": day === chosen ? "true" : null }, button));
      }
      if (week > 3 && calendar.parts(first + (week * 7 - lead) * DAY)[1] !== month) break;
      rows.push(row);
    }
    this.body.replaceChildren(...rows);
    this.heading.textContent = calendar.month(this.cursor);
    const [, , d] = this.other.parts(this.cursor);
    this.converted.textContent = `${digits(d)} ${this.other.month(this.cursor)}`;
  }
}
customElements.define("crm-date", DateField);
