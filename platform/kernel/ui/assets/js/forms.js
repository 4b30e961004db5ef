// What every form does: says that it is busy, asks once, shows where the errors are.
import { $, $$, csrf, failure, toast, announce } from "./lib.js";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrf();
});

// Before anybody else hears of it: htmx would send a second one as soon as the first is answered.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sending === undefined) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
document.addEventListener("submit", (event) => {
  const form = event.target;
  const remote = form.matches("[hx-post],[hx-get],[hx-put],[hx-patch],[hx-delete]");
  if ((event.defaultPrevented && !remote) || form.method === "dialog" || form.target === "_blank") return;
  const button = event.submitter;
  // After this tick, so that the button's own name and value still travel.
  setTimeout(() => {
    if (event.defaultPrevented && !remote) return;
    button?.setAttribute("aria-busy", "true");
    // What is only asked may be asked anew before it is answered.
    if (form.method !== "get") form.dataset.sending = "";
    else if (!remote) setTimeout(() => free(form), 4000);
  });
});
const free = (form) => {
  delete form.dataset.sending;
  for (const control of form.elements) control.removeAttribute("aria-busy");
};
// The form's own answer, not that of a hint in it; and one that leads to another page has left this one.
document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig, xhr } }) => {
  const form = requestConfig.elt;
  if (form.matches("form") && !/HX-Re(direct|fresh)/i.test(xhr.getAllResponseHeaders())) free(form);
});
addEventListener("pageshow", (event) => { if (event.persisted) $$("form").forEach(free); });

// The server's own sentence wins; these are for answers without one.
const spoken = (xhr) => /"toast"/.test(xhr?.getResponseHeader("HX-Trigger") || "");
document.addEventListener("htmx:responseError", (event) => {
  if (!spoken(event.detail.xhr)) toast({ text: failure(event.detail.xhr.status === 403 ? "refused" : "failed"), tone: "bad" });
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast({ text: failure("offline"), tone: "bad" }));
}

// Errors of a full page: focus the summary, whose links lead to the fields; or what is asked before it is saved.
const summary = () => $(":is(.errors, .asks)[tabindex]:not([data-met])");
function meet() { const box = summary(); if (box && !box.closest("dialog:not([open])")) { box.dataset.met = ""; box.focus(); } }
document.addEventListener("DOMContentLoaded", meet);
document.addEventListener("htmx:afterSettle", meet);
document.addEventListener("click", (event) => {
  const link = event.target.closest(".errors a[href^='#']");
  if (!link) return;
  event.preventDefault();
  const field = document.getElementById(link.hash.slice(1));
  field?.scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
});

// A new page through htmx is announced and read from its heading on.
document.addEventListener("htmx:pushedIntoHistory", () => {
  announce(document.title);
  const heading = $("#main h1");
  if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
});

// A select or checkbox of a filter form applies at once, as does one alone on which the others depend; without JavaScript
// the button does.
document.addEventListener("change", ({ target }) => {
  if (target.closest("[data-auto]") && !target.matches("[type=search], [type=text]")) target.form?.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    if (form) { event.preventDefault(); form.requestSubmit(); }
  }
});
