/** What we use of the systeminformation package. Sizes of `mem` in bytes, of `processes` in units of 1024. */
export interface SystemInformation {
  mem(): Promise<{ total: number; available: number; swapused: number }>;
  processes(): Promise<{ list: readonly SystemProcess[] }>;
}

export interface SystemProcess {
  readonly pid: number;
  readonly name: string;
  readonly cpu: number;
  readonly memRss: number;
  readonly memVsz: number | null;
  readonly started: string;
}
