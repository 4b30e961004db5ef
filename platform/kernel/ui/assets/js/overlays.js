// Menus are native popovers, dialogs are native dialogs; here is only what the platform leaves out.
import { $, $$, place, show } from "./lib.js";

const openers = new WeakMap();

// The button with popovertarget places its menu and gets aria-expanded; arrow keys walk the items. A menu is told that it
// is open a moment after it is: until it has its place nobody sees it, or presses what will not be there.
const isMenu = (node) => node instanceof Element && node.matches(".menu[popover]");
document.addEventListener("beforetoggle", ({ target, newState }) => {
  if (isMenu(target) && newState === "open") target.style.visibility = "hidden";
}, true);
document.addEventListener("toggle", (event) => {
  const pop = event.target;
  if (!isMenu(pop)) return;
  const opener = openers.get(pop) || $(`[popovertarget="${pop.id}"]`);
  const open = event.newState === "open";
  pop.style.visibility = "";
  opener?.setAttribute("aria-expanded", String(open));
  if (open && opener) {
    place(pop, opener, { end: opener.hasAttribute("data-end") });
    ($("[autofocus]", pop) || $(".item, input, select, a, button", pop))?.focus({ preventScroll: true });
  }
}, true);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[popovertarget]");
  if (button) { const pop = document.getElementById(button.getAttribute("popovertarget")); if (pop) openers.set(pop, button); }
  const item = event.target.closest(".menu[popover] .item");
  if (item && !item.querySelector("input") && !item.hasAttribute("data-keep")) item.closest("[popover]").hidePopover();
  const opens = event.target.closest("[data-dialog]");
  if (opens) { event.preventDefault(); show(document.getElementById(opens.dataset.dialog), opens); }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) {
    const box = event.target.getBoundingClientRect();
    const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (outside && event.detail > 0 && !dirty(event.target)) event.target.close();
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[popover]");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) || event.target.matches("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
  const items = $$("a.item, button.item, .item input", menu).filter((item) => item.offsetParent);
  const at = items.indexOf(document.activeElement), last = items.length - 1;
  const next = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
  event.preventDefault();
  items[next]?.focus();
});

const dirty = (dialog) => $$("form", dialog).some((form) => form.dataset.touched !== undefined);
document.addEventListener("input", (event) => { const form = event.target.closest("dialog form"); if (form) form.dataset.touched = ""; });

// What htmx swaps into #dialog-content or #panel-content opens its dialog; an empty answer closes it.
let asked;
document.addEventListener("htmx:beforeRequest", (event) => { if (!event.detail.elt.closest("dialog")) asked = event.detail.elt; });
document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (!target?.matches?.("[data-content]")) return;
  const dialog = target.closest("dialog");
  if (!target.childElementCount) dialog.close();
  else if (!dialog.open) show(dialog, asked);
  else ($("[aria-invalid=true]", dialog) || $(".errors", dialog))?.focus();
});
for (const name of ["close-dialog", "close-panel"]) {
  document.addEventListener(name, () => $(name === "close-dialog" ? "#dialog" : "#panel")?.close());
}
