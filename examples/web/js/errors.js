// Errors whose one-line message is for the person at the page; anything else is a bug.

export class CodecError extends Error {
  name = "CodecError";
}

/** A compressed file is damaged, hostile, or of a kind this page cannot read. */
export class BitstreamError extends CodecError {}

/** A bundle's files are incomplete or do not fit together. */
export class BundleError extends CodecError {}
