/** Reads the text of a predicate (predicate.ts has its grammar) into a tree in which every value is checked and exact. */

import type { PublicColumn } from "./dataset.ts";
import { isKeyword, type Token, tokensOf } from "./predicate-tokens.ts";
import { OPERATORS, type Operator, type ValueTest, valueTest } from "./predicate-values.ts";
import type { TableShape } from "./shape.ts";

export const MAX_CHARACTERS = 2000;
export const MAX_VALUES = 100;
export const MAX_DEPTH = 32;
/** Longest piece of the text that a message repeats. */
const ECHO_CHARACTERS = 40;

export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | { readonly kind: "missing"; readonly column: string }
  /** The column's value passes one of the tests; neither true nor false when it is missing. */
  | { readonly kind: "passes"; readonly column: string; readonly tests: readonly ValueTest[] };

/** The text is no predicate on the table. */
export class PredicateFault extends Error {
  override readonly name = "PredicateFault";
}

/** @throws PredicateFault */
export function parseCondition(text: string, shape: TableShape): Condition {
  if (text.length > MAX_CHARACTERS) {
    throw new PredicateFault(
      `expected a filter of at most ${MAX_CHARACTERS} characters; came ${text.length}`,
    );
  }
  return new Parser(tokensOf(text), shape).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #shape: TableShape;
  #next = 0;
  #values = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], shape: TableShape) {
    this.#tokens = tokens;
    this.#shape = shape;
  }

  whole(): Condition {
    const condition = this.#or();
    if (this.#token.kind !== "end") throw this.#fault("and, or, or the end of the filter");
    return condition;
  }

  #or(): Condition {
    return this.#joined("or", () => this.#joined("and", () => this.#unary()));
  }

  #joined(kind: "and" | "or", part: () => Condition): Condition {
    const first = part();
    if (!isKeyword(this.#token, kind)) return first;
    const parts = [first];
    while (this.#take(kind)) parts.push(part());
    return { kind, parts };
  }

  #unary(): Condition {
    if (isKeyword(this.#token, "not")) {
      return this.#deeper((): Condition => ({ kind: "not", part: this.#unary() }));
    }
    if (!this.#isSymbol("(")) return this.#term();
    return this.#deeper(() => {
      const inner = this.#or();
      this.#expect(")", "and, or, or )");
      return inner;
    });
  }

  /** Takes the token that opens a level, and what is within. */
  #deeper(inner: () => Condition): Condition {
    if (++this.#depth > MAX_DEPTH) {
      throw this.#fault(`at most ${MAX_DEPTH} levels of parentheses and not`);
    }
    this.#next++;
    const condition = inner();
    this.#depth--;
    return condition;
  }

  #term(): Condition {
    const column = this.#column();
    if (this.#take("is")) {
      const isNot = this.#take("not");
      this.#expect("null", isNot ? "null" : "null or not null");
      return negatedIf(isNot, { kind: "missing", column: column.name });
    }
    const isNot = this.#take("not");
    if (this.#take("in")) {
      this.#expect("(", "a list of values in parentheses");
      const tests = [this.#value(column, "=")];
      while (this.#take(",")) tests.push(this.#value(column, "="));
      this.#expect(")", "a comma or )");
      return negatedIf(isNot, { kind: "passes", column: column.name, tests });
    }
    if (isNot) throw this.#fault("in");
    const operator = OPERATORS.find((known) => this.#take(known));
    if (operator === undefined) throw this.#fault(`${OPERATORS.join(" ")} in, not in or is`);
    const isUnlike = operator === "!=" || operator === "<>";
    const test = this.#value(column, isUnlike ? "=" : operator);
    return negatedIf(isUnlike, { kind: "passes", column: column.name, tests: [test] });
  }

  #column(): PublicColumn {
    const { kind, value } = this.#token;
    const isName = kind === "word" || kind === "name";
    const column = this.#shape.publicColumns.find(({ name }) => isName && name === value);
    if (column === undefined) {
      const names = this.#shape.publicColumns.map(({ name }) => name).join(", ");
      throw this.#fault(`a column of ${this.#shape.name} (${names})`);
    }
    this.#next++;
    return column;
  }

  #value(column: PublicColumn, operator: Operator): ValueTest {
    if (++this.#values > MAX_VALUES) throw this.#fault(`at most ${MAX_VALUES} values`);
    const verdict = valueTest(column, operator, this.#token);
    if (!verdict.ok) throw this.#fault(verdict.expected);
    this.#next++;
    return verdict.test;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #isSymbol(symbol: string): boolean {
    return this.#token.kind === "symbol" && this.#token.value === symbol;
  }

  #take(expected: string): boolean {
    if (!this.#isSymbol(expected) && !isKeyword(this.#token, expected)) return false;
    this.#next++;
    return true;
  }

  #expect(token: string, expected: string): void {
    if (!this.#take(token)) throw this.#fault(expected);
  }

  #fault(expected: string): PredicateFault {
    const { kind, source, at } = this.#token;
    const came =
      kind === "end"
        ? "the end of the filter"
        : source.length > ECHO_CHARACTERS
          ? `${source.slice(0, ECHO_CHARACTERS)}…`
          : source;
    return new PredicateFault(`filter, character ${at + 1}: expected ${expected}; came ${came}`);
  }
}

function negatedIf(isNegated: boolean, part: Condition): Condition {
  return isNegated ? { kind: "not", part } : part;
}
