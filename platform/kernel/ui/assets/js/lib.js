// Small things every element needs. Nothing here knows a word of any language: texts come from data attributes.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const page = document.documentElement;
export const rtl = () => page.dir === "rtl";
export const persian = () => page.lang.startsWith("fa");

const PERSIAN = "۰۱۲۳۴۵۶۷۸۹";
export const digits = (text) => (persian() ? String(text).replace(/\d/g, (d) => PERSIAN[d]) : String(text));
export const ascii = (text) =>
  String(text)
    .replace(/[۰-۹]/g, (c) => c.charCodeAt(0) - 0x6f0)
    .replace(/[٠-٩]/g, (c) => c.charCodeAt(0) - 0x660);

/** A number somebody typed, in any script, or NaN. Only for previews: the server computes what is kept. */
export function number(text) {
  const plain = ascii(text).replace(/[٬,\s\u200e\u200f]/g, "").replace("٫", ".").replace(/^\u2212/, "-");
  return plain === "" ? NaN : Number(plain);
}

export const count = (n) => new Intl.NumberFormat(page.lang).format(n);
export const fill = (template, values) => (template || "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

export function create(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** An icon of the sprite; base.html says where the sprite lives. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon" + (/^(chevron|arrow)-(left|right)/.test(name) ? " flip" : ""));
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${$("meta[name=icons]")?.content || ""}#${name}`);
  svg.append(use);
  return svg;
}

let serial = 0;
export const uid = (prefix) => `${prefix}-${++serial}`;

export const csrf = () => $("meta[name=csrf-token]")?.content || "";

/** Same-origin request that always carries the CSRF token; the caller reads status and body. */
export function send(url, { method = "POST", data, accept = "application/json", signal } = {}) {
  const body = data && !(data instanceof FormData) && !(data instanceof URLSearchParams) ? new URLSearchParams(data) : data;
  return fetch(url, {
    method, body, signal, credentials: "same-origin",
    headers: { Accept: accept, "X-CSRFToken": csrf(), "X-Requested-With": "fetch" },
  });
}

export function announce(text) {
  const live = $("#announcer");
  if (!live) return;
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

export function toast(detail) {
  document.dispatchEvent(new CustomEvent("toast", { detail: typeof detail === "string" ? { text: detail } : detail }));
}

/** A sentence of the page for a failure the server gave no words for. */
export const failure = (kind) => $("#toasts")?.dataset[kind] || "";

/** Acts on what a response says beside its body: toasts, a reload, another page. */
export function obey(response) {
  let spoke = false;
  const trigger = response.headers.get("HX-Trigger");
  if (trigger) {
    let events;
    try { events = JSON.parse(trigger); } catch { events = Object.fromEntries(trigger.split(",").map((name) => [name.trim(), null])); }
    for (const [name, detail] of Object.entries(events)) {
      spoke ||= name === "toast";
      document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
    }
  }
  if (response.headers.get("HX-Refresh") === "true") location.reload();
  const to = response.headers.get("HX-Redirect");
  if (to) location.href = to;
  return spoke;
}

/** Opens a dialog as modal and puts the focus back where it came from when it closes. */
export function show(dialog, opener = document.activeElement) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const first = $("[autofocus], [aria-invalid=true]", dialog) || $("input:not([type=hidden]), select, textarea", dialog);
  first?.focus();
  dialog.addEventListener("close", () => {
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    if (dialog.hasAttribute("data-remote")) $("[data-content]", dialog)?.replaceChildren();
  }, { once: true });
}

/** Places a popover beside its opener, and keeps it there while the page scrolls under it. */
export function place(pop, anchor, options = {}) {
  put(pop, anchor, options);
  if (pop.dataset.placed !== undefined) return;
  pop.dataset.placed = "";
  const follow = (event) => { if (event.type === "resize" || !pop.contains(event.target)) put(pop, anchor, options); };
  const leave = (event) => {
    if (event.newState !== "closed") return;
    delete pop.dataset.placed;
    removeEventListener("scroll", follow, true);
    removeEventListener("resize", follow);
    pop.removeEventListener("toggle", leave);
  };
  addEventListener("scroll", follow, { capture: true, passive: true });
  addEventListener("resize", follow);
  pop.addEventListener("toggle", leave);
}

function put(pop, anchor, { width = false, end = false }) {
  const a = anchor.getBoundingClientRect(), gap = 4, edge = 8;
  if (width) pop.style.inlineSize = `${a.width}px`;
  pop.style.left = pop.style.top = "0px";
  const w = pop.offsetWidth, h = pop.offsetHeight;
  const alignEnd = end !== rtl();
  let x = alignEnd ? a.right - w : a.left;
  x = Math.max(edge, Math.min(x, innerWidth - w - edge));
  let y = a.bottom + gap;
  if (y + h > innerHeight - edge && a.top - gap - h > edge) y = a.top - gap - h;
  y = Math.max(edge, Math.min(y, innerHeight - h - edge));
  pop.style.left = `${x}px`;
  pop.style.top = `${y}px`;
}
