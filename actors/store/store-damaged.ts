/** The store holds something that cannot be read as what it is. The message says where, and what to do where that is known. */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
}
