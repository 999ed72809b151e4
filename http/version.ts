import manifest from "../package.json" with { type: "json" };

/** The product's version, as it is published. */
export const version: string = manifest.version;
