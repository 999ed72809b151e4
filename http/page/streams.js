// Who takes rows live: clients of this server, and outlets with theirs.

import { getJson } from "./api.js";
import { serverNow } from "./connection.js";
import { byId, fillTable, setText } from "./dom.js";
import { bytesText, durationText, numberText } from "./text.js";

export async function showStreams() {
  const { clients, outlets } = await getJson("/v1/streams");
  fillTable(byId("clients-rows"), clients.map(clientRow));
  const rows = outlets.flatMap((outlet) => [outletRow(outlet), ...outlet.clients.map(clientRow)]);
  fillTable(byId("outlets-rows"), rows);
  setText(
    byId("streams-note"),
    `${count(clients.length, "client")}, ${count(outlets.length, "outlet")}. This page is one of the clients while it is looked at.`,
  );
}

function clientRow({ id, transport, datasets, format, state, whenFull, queuedBytes, ...rest }) {
  const { sentRows, sentBytes, droppedRows, since } = rest;
  const cells = [
    transport,
    datasets.join(", "),
    format,
    [state, state === "live" ? "good" : "warn"],
    whenFull,
    [bytesText(queuedBytes), queuedBytes === 0 ? "n zero" : "n"],
    [numberText(sentRows), "n"],
    [bytesText(sentBytes), "n"],
    [numberText(droppedRows), droppedRows === 0 ? "n zero" : "n bad"],
    [durationText(Math.max(0, serverNow() - Date.parse(since))), "n"],
  ];
  return { key: `client ${id}`, cells };
}

function outletRow({ id, address, datasets, format, whenFull, clients, sentRows, openedAt, expiresAt }) {
  const left =
    expiresAt === null ? "" : `, for ${durationText(Math.max(0, Date.parse(expiresAt) - serverNow()))} more`;
  const cells = [
    address,
    datasets.join(", "),
    format,
    [`${count(clients.length, "client")}${left}`, "soft"],
    whenFull,
    ["", "n"],
    [numberText(sentRows), "n"],
    ["", "n"],
    ["", "n"],
    [durationText(Math.max(0, serverNow() - Date.parse(openedAt))), "n"],
  ];
  return { key: `outlet ${id}`, cells };
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
