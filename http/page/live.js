// Rows as they come: one stream of server-sent events, which the browser opens again by itself after a cut and which then goes
// on where it was (Last-Event-ID). Where the browser gives up, because the answer was no stream, it is opened anew from here.
// While nobody looks at the page there is no stream: a browser has few connections for one server.

import { connection, doubt, heard, onConnection } from "./connection.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/**
 * @param address gives the address when a stream is opened
 * @param handlers by the event's name: `(data, event)`, data being read from JSON
 * @returns {{ open(): void, close(): void }}
 */
export function liveStream(address, handlers, { onOpen = () => {} } = {}) {
  let source;
  let timer;
  let waitMs = FIRST_WAIT_MS;
  let wanted = false;

  function begin() {
    clearTimeout(timer);
    if (!wanted || document.hidden || source !== undefined) return;
    source = new EventSource(address());
    source.addEventListener("open", () => {
      heard();
      waitMs = FIRST_WAIT_MS;
      onOpen();
    });
    source.addEventListener("error", () => {
      doubt();
      if (source?.readyState !== EventSource.CLOSED) return;
      end();
      timer = setTimeout(begin, waitMs);
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        heard();
        handle(JSON.parse(event.data), event);
      });
    }
  }

  function end() {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
  onConnection((state) => {
    if (state === "live" && source === undefined && connection.state === "live") begin();
  });
  return {
    open() {
      wanted = true;
      begin();
    },
    close() {
      wanted = false;
      end();
    },
  };
}
