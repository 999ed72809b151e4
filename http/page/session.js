// Who looks: with a token needed and none given, a form asks for it, and the answer's cookie carries it from then on. The token
// itself is kept nowhere on the page.

import { ApiError, getJson, onSignedOut, sendJson } from "./api.js";
import { byId, setClass, setText } from "./dom.js";

/** Tells what may be done, now and whenever it changes: `(scopes)`; none while a token is needed. */
export async function session(tell) {
  async function look() {
    const { scopes, tokenNeeded } = await getJson("/v1/session");
    const may = new Set(scopes);
    show(tokenNeeded && !may.has("read"), tokenNeeded);
    tell(may);
  }

  function show(asks, tokenNeeded) {
    byId("sign-in").hidden = !asks;
    byId("board").hidden = asks;
    byId("sign-out").hidden = !tokenNeeded || asks;
    if (asks) byId("token").focus();
  }

  onSignedOut(() => {
    show(true, true);
    tell(new Set());
  });
  byId("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const note = byId("sign-in-note");
    try {
      await sendJson("POST", "/v1/session", { token: byId("token").value.trim() });
      byId("token").value = "";
      setText(note, "");
      await look();
      byId("main").focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setClass(note, "note error");
      setText(note, error.message);
    }
  });
  byId("sign-out").addEventListener("click", async () => {
    await sendJson("DELETE", "/v1/session").catch(() => {});
    // Everything that was shown goes with the page.
    location.reload();
  });
  await look();
}
