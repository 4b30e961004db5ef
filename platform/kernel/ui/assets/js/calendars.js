// Calendar arithmetic by Intl alone. A day is the UTC midnight of its date, in milliseconds.
import { ascii, digits, page } from "./lib.js";

export const DAY = 864e5;
const two = (n) => String(n).padStart(2, "0");
export const iso = (day) => new Date(day).toISOString().slice(0, 10);
export const fromIso = (text) => Date.parse(`${text.slice(0, 10)}T00:00Z`);

const numbers = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { year: "numeric", month: "numeric", day: "numeric", timeZone: "UTC" });

export class Calendar {
  constructor(name) {
    this.jalali = name === "jalali";
    const base = page.lang.startsWith("fa") ? "fa-IR" : "en-GB";
    this.locale = `${base}-u-ca-${this.jalali ? "persian" : "gregory"}`;
    const part = (options) => new Intl.DateTimeFormat(this.locale, { ...options, timeZone: "UTC" });
    this.months = part({ month: "long" });
    this.days = part({ weekday: "long" });
    this.initials = part({ weekday: page.lang.startsWith("fa") ? "narrow" : "short" });
    this.firstWeekday = this.jalali ? 6 : 1;
    this.restDays = this.jalali ? [5] : [];
  }

  /** [year, month, day] of a day in this calendar. */
  parts(day) {
    if (!this.jalali) { const d = new Date(day); return [d.getUTCFullYear(), d.getUTCMonth() + 1, d.getUTCDate()]; }
    const found = {};
    for (const { type, value } of numbers.formatToParts(day)) found[type] = parseInt(value, 10);
    return [found.year, found.month, found.day];
  }

  /** The day of year, month and day here, or NaN when there is no such date. */
  day(year, month, date) {
    if (!this.jalali) {
      const guess = Date.UTC(year, month - 1, date);
      return new Date(guess).getUTCDate() === date && month >= 1 && month <= 12 ? guess : NaN;
    }
    if (!(month >= 1 && month <= 12 && date >= 1 && date <= 31)) return NaN;
    const guess = Date.UTC(year + 621, 2, 21) + ((month <= 7 ? (month - 1) * 31 : 186 + (month - 7) * 30) + date - 1) * DAY;
    for (const shift of [0, -1, 1, -2, 2]) {
      const [y, m, d] = this.parts(guess + shift * DAY);
      if (y === year && m === month && d === date) return guess + shift * DAY;
    }
    return NaN;
  }

  /** The day somebody typed: any script, / - or . between; a year above 1700 is Gregorian in either calendar. */
  read(text) {
    const match = ascii(text).trim().match(/^(\d{3,4})\s*[/\-.]\s*(\d{1,2})\s*[/\-.]\s*(\d{1,2})$/);
    if (!match) return NaN;
    const [year, month, date] = match.slice(1).map(Number);
    if (this.jalali && year > 1700) return GREGORIAN.day(year, month, date);
    if (!this.jalali && year < 1700) return NaN;
    return this.day(year, month, date);
  }

  short(day) { const [y, m, d] = this.parts(day); const mark = this.jalali || page.lang.startsWith("fa") ? "/" : "-"; return digits([y, two(m), two(d)].join(mark)); }
  month(day) { return `${this.months.format(day)} ${digits(this.parts(day)[0])}`; }
  long(day) { return `${this.days.format(day)} ${digits(this.parts(day)[2])} ${this.month(day)}`; }

  /** The same date `by` months on, or the last one of that month. */
  shift(day, by) {
    let [y, m, d] = this.parts(day);
    const at = y * 12 + m - 1 + by;
    y = Math.floor(at / 12); m = at - y * 12 + 1;
    let found = NaN;
    while (Number.isNaN(found) && d > 0) found = this.day(y, m, d--);
    return found;
  }
}
const GREGORIAN = new Calendar("gregorian");
