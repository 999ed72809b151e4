/**
 * Rules between the settings of HTTP: how the token is given, who may listen beyond loopback, and what TLS needs. Files of tokens and of
 * TLS are read by http/access.ts.
 */

import { errorCode, type Loaded, type Problem, type ReadFile, type Sources } from "../runtime/config.ts";
import { isLoopback } from "../runtime/loopback.ts";
import { type HttpSettings, token } from "./http.ts";

/** Settings that are good each by itself, and where each comes from. */
type Checked<Value extends { readonly http: HttpSettings }> = Extract<Loaded<Value>, { readonly ok: true }>;

/** The settings, and in them the token that stands in `http.tokenFile`. */
export function readTokenFile<Value extends { readonly http: HttpSettings }>(
  loaded: Checked<Value>,
  readFile: ReadFile,
): Loaded<Value> {
  const { http } = loaded.value;
  if (http.tokenFile === undefined) return loaded;
  const from = loaded.sources["http.tokenFile"] ?? "default";
  const refuse = (expected: string, came: string, remedy: string): Loaded<Value> => ({
    ok: false,
    problems: [{ setting: "http.tokenFile", from, expected, came, remedy }],
  });
  if (http.token !== undefined) {
    const other = loaded.sources["http.token"] ?? "default";
    return refuse("the token or its file, not both", `both: the token by ${other}`, "leave one of them out");
  }
  let text: string;
  try {
    text = readFile(http.tokenFile);
  } catch (error) {
    return refuse("a file that can be read", errorCode(error), "create it, or correct its name or its mode");
  }
  const parsed = token.safeParse(text.trim());
  if (!parsed.success) {
    return refuse(
      `a file that holds ${token.meta()?.["expected"]}`,
      "something else (hidden)",
      "write a new token into it, for instance: openssl rand -hex 32",
    );
  }
  return {
    ok: true,
    value: { ...loaded.value, http: { ...http, token: parsed.data } },
    sources: { ...loaded.sources, "http.token": "the file in http.tokenFile" },
  };
}

/** Who listens beyond loopback has to know who asks. */
export function exposedWithoutToken(http: HttpSettings, sources: Sources): Problem | undefined {
  const { host, token, tokensFile } = http;
  if (isLoopback(host) || token !== undefined || tokensFile !== undefined) return undefined;
  return {
    setting: "http.token",
    from: `http.host by ${sources["http.host"] ?? "default"}`,
    expected: "a token, because the host to listen on is not loopback (127.0.0.0/8, ::1, localhost)",
    came: "none",
    remedy:
      "give one by MILLRACE_HTTP_TOKEN, http.tokenFile, http.tokensFile or --token, or stay on loopback with --host 127.0.0.1",
  };
}

/** A certificate is of no use without its key, nor the key without it. */
export function halfOfTls(http: HttpSettings, sources: Sources): Problem | undefined {
  if ((http.tlsCert === undefined) === (http.tlsKey === undefined)) return undefined;
  const [given, missing] = http.tlsCert === undefined ? ["tlsKey", "tlsCert"] : ["tlsCert", "tlsKey"];
  return {
    setting: `http.${missing}`,
    from: `http.${given} by ${sources[`http.${given}`] ?? "default"}`,
    expected: "a certificate and its key, both or none",
    came: `http.${given} alone`,
    remedy: `give http.${missing} too, or leave http.${given} out`,
  };
}
