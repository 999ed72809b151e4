/** What a request is made of, before it is bytes. */
export interface Draft {
  method: string;
  address: string;
  headers: [name: string, value: string][];
  body: Uint8Array | undefined;
  tricks: string[];
}
