/** Cuts the text of a predicate into its words. */

/** `name`: a word in double quotes. `odd`: nothing that a predicate has. */
export type TokenKind = "word" | "name" | "number" | "text" | "symbol" | "odd" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As it stands there. */
  readonly source: string;
  /** Without its quotes. */
  readonly value: string;
  /** Characters before it. */
  readonly at: number;
}

/** Tried in this order at each place. A number does not end within a word: `12ab` is odd. */
const SHAPES: readonly (readonly [TokenKind, RegExp])[] = [
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["number", /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/y],
  ["text", /'(?:[^']|'')*'/y],
  ["name", /"(?:[^"]|"")*"/y],
  ["symbol", /<=|>=|<>|!=|[=<>(),]/y],
  ["odd", /['"].*|[^\s'"=<>(),]+|./sy],
];

/** All of them, and behind them one that says where the text ends. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at = matchAt(/\s*/y, text, at).length + at;
    if (at === text.length) return [...tokens, { kind: "end", source: "", value: "", at }];
    for (const [kind, shape] of SHAPES) {
      const source = matchAt(shape, text, at);
      if (source === "") continue;
      tokens.push({ kind, source, value: contentOf(kind, source), at });
      at += source.length;
      break;
    }
  }
}

/** Whether it is this word of the grammar, in any case. */
export function isKeyword({ kind, value }: Token, keyword: string): boolean {
  return kind === "word" && value.toLowerCase() === keyword;
}

function contentOf(kind: TokenKind, source: string): string {
  if (kind === "text") return source.slice(1, -1).replaceAll("''", "'");
  return kind === "name" ? source.slice(1, -1).replaceAll('""', '"') : source;
}

function matchAt(shape: RegExp, text: string, at: number): string {
  shape.lastIndex = at;
  return shape.exec(text)?.[0] ?? "";
}
