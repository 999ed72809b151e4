/**
 * The little Markdown that descriptions are written in: paragraphs, lists of `-`, code blocks fenced or indented by four spaces,
 * tables, `code`, **bold**, *emphasis* and [links](#to). Anything else is text. There is no way to write HTML in it.
 */

import { type Html, html } from "./html.ts";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(((?:https?:\/\/|\/|#)[^)\s]*)\)/g;
const FENCE = /^```/;
const ITEM = /^\s*[-*] /;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|[\s:|-]+\|\s*$/;
const INDENTED = /^ {4}/;

export function markdown(text: string): Html {
  const lines = text.replaceAll("\r", "").split("\n");
  const blocks: Html[] = [];
  let at = 0;
  const takeWhile = (is: (line: string) => boolean) => {
    const from = at;
    while (at < lines.length && is(lines[at]!)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    if (line.trim() === "") at++;
    else if (FENCE.test(line)) {
      at++;
      blocks.push(codeBlock(takeWhile((next) => !FENCE.test(next)).join("\n")));
      at++;
    } else if (INDENTED.test(line)) {
      const code = takeWhile((next) => INDENTED.test(next) || next.trim() === "");
      blocks.push(
        codeBlock(
          code
            .map((next) => next.replace(INDENTED, ""))
            .join("\n")
            .trimEnd(),
        ),
      );
    } else if (ROW.test(line)) blocks.push(table(takeWhile((next) => ROW.test(next))));
    else if (ITEM.test(line)) blocks.push(list(takeWhile((next) => next.trim() !== "")));
    else blocks.push(html`<p>${inline(takeWhile((next) => isText(next)).join(" "))}</p>`);
  }
  return html`${blocks}`;
}

/** One line of it. */
export function inline(text: string): Html {
  const parts: (Html | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, emphasis, label, to] = match;
    parts.push(text.slice(end, match.index));
    if (code !== undefined) parts.push(html`<code>${code}</code>`);
    else if (bold !== undefined) parts.push(html`<strong>${inline(bold)}</strong>`);
    else if (emphasis !== undefined) parts.push(html`<em>${inline(emphasis)}</em>`);
    else parts.push(html`<a href="${to}">${label}</a>`);
    end = match.index + whole.length;
  }
  return html`${[...parts, text.slice(end)]}`;
}

/** A block that may be wider than the page: it scrolls by itself, by keyboard too. */
export function codeBlock(text: string): Html {
  return html`<pre tabindex="0"><code>${text}</code></pre>`;
}

function isText(line: string): boolean {
  return line.trim() !== "" && !FENCE.test(line) && !ITEM.test(line) && !ROW.test(line);
}

function list(lines: readonly string[]): Html {
  const items: string[] = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
  }
  return html`<ul>${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`;
}

function table(lines: readonly string[]): Html {
  const rows = lines.filter((line) => !RULE.test(line)).map((line) => line.trim().slice(1, -1).split("|"));
  const [head = [], ...body] = rows;
  const cells = (row: readonly string[], tag: "th" | "td") =>
    row.map((cell) =>
      tag === "th" ? html`<th>${inline(cell.trim())}</th>` : html`<td>${inline(cell.trim())}</td>`,
    );
  return html`<table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body.map((row) => html`<tr>${cells(row, "td")}</tr>`)}</tbody></table>`;
}
