/**
 * Where a JSON text breaks off. The engines' own messages quote the text around the fault, which may be a secret, and
 * differ from engine to engine; this says only line and column. Grammar: RFC 8259.
 */

/** Deeper nesting is reported as the fault; settings need three levels. */
const deepest = 100;

export interface JsonFault {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** The first place where `text` is not JSON. For a text that is JSON, the place after its end. */
export function findJsonFault(text: string): JsonFault {
  const scanner = new Scanner(text);
  scanner.document();
  const before = text.slice(0, scanner.at).split("\n");
  return { line: before.length, column: before[before.length - 1]!.length + 1 };
}

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): boolean {
    return this.#value(0) && this.#take(/[ \t\r\n]*/y);
  }

  /** Each method stops with `at` on the first character that does not fit, and says whether all fitted. */
  #value(depth: number): boolean {
    this.#space();
    if (depth > deepest) return false;
    if (this.#take(/\{/y)) return this.#list(depth, "}", true);
    if (this.#take(/\[/y)) return this.#list(depth, "]", false);
    return this.#take(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y) || this.#string();
  }

  #list(depth: number, end: "}" | "]", named: boolean): boolean {
    const closing = end === "}" ? /\}/y : /\]/y;
    this.#space();
    if (this.#take(closing)) return true;
    for (;;) {
      this.#space();
      if (named && !(this.#string() && this.#space() && this.#take(/:/y))) return false;
      if (!(this.#value(depth + 1) && this.#space())) return false;
      if (this.#take(closing)) return true;
      if (!this.#take(/,/y)) return false;
    }
  }

  #string(): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside a string.
    return this.#take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
  }

  #space(): boolean {
    return this.#take(/[ \t\r\n]*/y);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
