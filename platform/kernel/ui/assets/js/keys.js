// Hears the first key of the palette and of every shortcut; what they do comes when it is needed.
import { $, show } from "./lib.js";

const typing = (node) => node.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], :popover-open");

// One promise for all keys: two imports of what is still on its way may come back in either order.
let acts;

function open(opener) {
  const dialog = $("#palette");
  if (!dialog || dialog.open) return;
  show(dialog, opener);
  import("./palette.js").then(() => $("crm-palette", dialog).start());
}
document.addEventListener("palette", () => open());
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-palette]");
  if (button) open(button);
});
document.addEventListener("keydown", (event) => {
  const keys = $("#palette")?.dataset.keys;
  if (keys === undefined) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.code === "KeyK") {
    event.preventDefault();
    open();
  } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.code === "KeyZ" && !typing(event.target)) {
    if ($("#toasts")?.last()) event.preventDefault();
  } else if (keys && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && !event.defaultPrevented && !typing(event.target)) {
    if (event.code === "Slash" && event.key !== "?" && !event.shiftKey && $("[data-search]")) { event.preventDefault(); $("[data-search]").focus(); $("[data-search]").select(); }
    else (acts ??= import("./shortcuts.js")).then((part) => part.press(event, JSON.parse(keys)));
  }
});
