/**
 * What the settings of `http` name files for: tokens, and the certificate with its key. They are read once, at the start, and
 * what cannot be used is a problem then. A file of secrets that others than its owner can read is refused.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import process from "node:process";
import { errorCode, type Problem, printable, type Sources } from "../runtime/config.ts";
import { isLoopback } from "../runtime/loopback.ts";
import type { Settings } from "../settings.ts";
import type { TokenGrant } from "./guard/tokens.ts";
import { parseTokens } from "./guard/tokens-file.ts";
import { SCOPES } from "./route.ts";

/** Who may ask, and how what is said is kept from others. */
export interface HttpAccess {
  /** None: everybody may do everything. */
  readonly tokens: readonly TokenGrant[];
  /** PEM texts. Undefined: no TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/** A file's text, and who may read it: permission bits, undefined where there are none. Throws as node:fs does. */
export type ReadSecret = (path: string) => { readonly text: string; readonly mode: number | undefined };

export type AccessOpened =
  /** `warnings` are sentences for the log. */
  | { readonly ok: true; readonly access: HttpAccess; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type HttpSettings = Settings["http"];
type FileSetting = "tokenFile" | "tokensFile" | "tlsCert" | "tlsKey";

/** Name of the token in `http.token`. No name in a file of tokens has a dot. */
const OWN_TOKEN = "http.token";
const DAY_MS = 86_400_000;
/** A certificate that ends before is warned of. */
const SOON_MS = 14 * DAY_MS;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

/** Reads what the settings name. @param nowMs wall time, for the certificate */
export function openAccess(
  { value: { http }, sources }: { readonly value: Pick<Settings, "http">; readonly sources: Sources },
  readSecret: ReadSecret,
  nowMs: number,
): AccessOpened {
  const files = new SecretFiles(http, sources, readSecret);
  const tokens = [...tokensOf(http), ...readTokens(files, http.token)];
  const tls = readTls(files, nowMs);
  if (files.problems.length > 0) return { ok: false, problems: files.problems };
  files.warnIfOpen("tokenFile");
  if (tls === undefined && !isLoopback(http.host)) {
    files.warnings.push(
      "http.host: tokens and data travel over the network in clear, as there is no TLS; give http.tlsCert and http.tlsKey, or listen on loopback behind a proxy that speaks TLS",
    );
  }
  return { ok: true, access: { tokens, tls }, warnings: files.warnings };
}

/** The tokens that stand in the settings themselves. */
export function tokensOf({ token }: Pick<HttpSettings, "token">): readonly TokenGrant[] {
  return token === undefined ? [] : [{ name: OWN_TOKEN, token, scopes: SCOPES }];
}

function readTokens(files: SecretFiles, own: string | undefined): readonly TokenGrant[] {
  const text = files.readSecret("tokensFile");
  if (text === undefined) return [];
  const read = parseTokens(text);
  const remedy = "correct it there; a new token is made for instance by: openssl rand -hex 32";
  if (!read.ok) {
    files.refuse("tokensFile", read.expected, read.came, remedy);
    return [];
  }
  // One of them would count, with its scopes, and nobody could say which.
  const same = read.grants.find(({ token }) => token === own);
  if (same !== undefined) {
    files.refuse("tokensFile", "tokens that differ from http.token", `the same one for ${same.name}`, remedy);
    return [];
  }
  return read.grants;
}

/** Both are given or none: the settings see to it. */
function readTls(files: SecretFiles, nowMs: number): HttpAccess["tls"] {
  const cert = files.read("tlsCert")?.text;
  const key = files.readSecret("tlsKey");
  const certificate = cert === undefined ? undefined : certificateOf(files, cert, nowMs);
  const privateKey = key === undefined ? undefined : keyOf(files, key);
  if (cert === undefined || key === undefined || certificate === undefined || privateKey === undefined) {
    return undefined;
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    const expected = "the key that the certificate in http.tlsCert was made for";
    files.refuse("tlsKey", expected, "another key", "give the certificate and the key that belong together");
    return undefined;
  }
  return { cert, key };
}

function certificateOf(files: SecretFiles, text: string, nowMs: number): X509Certificate | undefined {
  let certificate: X509Certificate;
  try {
    // The first is the server's own; those that vouch for it follow.
    certificate = new X509Certificate(CERTIFICATE.exec(text)?.[0] ?? "");
  } catch {
    const expected = "a certificate in PEM (-----BEGIN CERTIFICATE-----), the server's own first";
    files.refuse(
      "tlsCert",
      expected,
      "something else",
      "give the file of the certificate, not that of the key",
    );
    return undefined;
  }
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const day = (ms: number) => new Date(ms).toISOString();
  if (nowMs >= toMs) {
    files.refuse("tlsCert", "a certificate in force", `one that ended at ${day(toMs)}`, "renew it");
    return undefined;
  }
  if (nowMs < fromMs) {
    const remedy = "wait, or correct this host's clock";
    files.refuse("tlsCert", "a certificate in force", `one that begins at ${day(fromMs)}`, remedy);
    return undefined;
  }
  if (toMs - nowMs < SOON_MS) {
    files.warnings.push(
      `http.tlsCert: the certificate ends at ${day(toMs)}; renew it, and start again with it`,
    );
  }
  return certificate;
}

function keyOf(files: SecretFiles, text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    const expected = "a private key in PEM (-----BEGIN PRIVATE KEY-----) without a passphrase";
    files.refuse("tlsKey", expected, "something else (hidden)", "give the file of the key, not encrypted");
    return undefined;
  }
}

/** The files that settings name, and what is wrong with them. */
class SecretFiles {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];
  readonly #http: HttpSettings;
  readonly #sources: Sources;
  readonly #read: ReadSecret;

  constructor(http: HttpSettings, sources: Sources, read: ReadSecret) {
    this.#http = http;
    this.#sources = sources;
    this.#read = read;
  }

  refuse(setting: FileSetting, expected: string, came: string, remedy: string): void {
    const name = `http.${setting}`;
    this.problems.push({ setting: name, from: this.#sources[name] ?? "default", expected, came, remedy });
  }

  /** Undefined: the setting is not given, or its file cannot be read, which is a problem. */
  read(setting: FileSetting): ReturnType<ReadSecret> | undefined {
    const path = this.#http[setting];
    if (path === undefined) return undefined;
    try {
      return this.#read(path);
    } catch (error) {
      const remedy = "create it, or correct its name or its mode";
      this.refuse(setting, "a file that can be read", errorCode(error), remedy);
      return undefined;
    }
  }

  /** As `read`, of a file that its owner alone may read. */
  readSecret(setting: FileSetting): string | undefined {
    const file = this.read(setting);
    if (file === undefined || !isOpenToOthers(file.mode)) return file?.text;
    const came = `mode ${((file.mode ?? 0) & 0o777).toString(8).padStart(4, "0")}`;
    this.refuse(setting, "a file that its owner alone may read, mode 0600", came, this.#chmod(setting));
    return undefined;
  }

  /** For a file that has been read before, and is taken whatever its mode. */
  warnIfOpen(setting: FileSetting): void {
    if (this.#http[setting] === undefined) return;
    try {
      if (!isOpenToOthers(this.#read(this.#http[setting]).mode)) return;
    } catch {
      // It is gone since it was read: nobody can read it any more.
      return;
    }
    this.warnings.push(`http.${setting}: others than its owner may read the file; ${this.#chmod(setting)}`);
  }

  #chmod(setting: FileSetting): string {
    return `run chmod 600 ${printable(this.#http[setting] ?? "")}`;
  }
}

function isOpenToOthers(mode: number | undefined): boolean {
  return process.platform !== "win32" && mode !== undefined && (mode & 0o077) !== 0;
}
