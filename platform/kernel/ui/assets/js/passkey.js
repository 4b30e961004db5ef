// <crm-passkey>: the browser makes a passkey, or signs in with one. Hidden where it can do neither.
import { $, csrf } from "./lib.js";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** What the server sends as text and the browser wants as bytes. */
function opened(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) list?.forEach((key) => { key.id = bytes(key.id); });
  return options;
}

function closed(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

customElements.define("crm-passkey", class extends HTMLElement {
  connectedCallback() {
    const button = $("[data-go]", this);
    if (!window.PublicKeyCredential || !button) return;
    this.hidden = false;
    button.addEventListener("click", () => this.go(button));
    this.form = this.closest("form");
  }

  async go(button) {
    button.disabled = true;
    this.say("");
    try {
      const asked = await this.post(this.dataset.options);
      if (!asked.ok) return this.say((await asked.json()).message);
      const publicKey = opened(await asked.json());
      const making = "make" in this.dataset;
      const credential = await (making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
      const answer = await this.post(this.dataset.answer, { credential: closed(credential) });
      const said = await answer.json();
      if (!answer.ok) return this.say(said.message);
      const here = new URL(said.url, location).pathname === location.pathname;
      location.assign(said.url);
      if (here) location.reload(); // another part of this page is no other page
    } catch (error) {
      this.say(error.name === "InvalidStateError" ? this.dataset.known : this.dataset.given);
    } finally {
      button.disabled = false;
    }
  }

  post(url, more = {}) {
    const data = new FormData(this.form || undefined);
    for (const [name, value] of Object.entries(more)) data.set(name, value);
    return fetch(url, { method: "POST", body: data, credentials: "same-origin", headers: { "X-CSRFToken": csrf() } });
  }

  say(words) {
    const place = $("[data-said]", this);
    place.hidden = !words;
    place.textContent = words;
  }
});
