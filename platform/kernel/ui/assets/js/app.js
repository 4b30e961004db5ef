import "./theme.js";
import "./toasts.js";
import "./overlays.js";
import "./forms.js";
import "./date.js";
import "./combobox.js";
import "./rows.js";
import "./inline.js";
import "./upload.js";
import "./doors.js";
import "./copy.js";
import "./sidenav.js";
import "./keys.js";
import "./offline.js";

// Parts that few pages need come when their element does.
const lazy = { "crm-select-rows": () => import("./list.js"), "crm-list": () => import("./list.js"), "crm-order": () => import("./list.js"), "crm-board": () => import("./board.js"), "crm-todos": () => import("./todos.js"), "crm-files": () => import("./files.js"), "crm-attached": () => import("./files.js"), "crm-mention": () => import("./mention.js"), "crm-passkey": () => import("./passkey.js") };
function load() {
  for (const [name, part] of Object.entries(lazy)) {
    if (!customElements.get(name) && document.querySelector(name)) part();
  }
}
load();
for (const name of ["htmx:afterSettle", "crm:drawn"]) document.addEventListener(name, load);
