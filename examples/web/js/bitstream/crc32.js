// zlib's CRC-32 (reflected polynomial EDB88320), a byte at a time.

const table = new Uint32Array(256).map((_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** Uint8Array -> the checksum, 0 to 2^32 - 1. */
export function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (rest >>> 8) ^ table[(rest ^ byte) & 255];
  return (rest ^ 0xffffffff) >>> 0;
}
