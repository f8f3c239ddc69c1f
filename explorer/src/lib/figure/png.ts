/** What a PNG says of its own size: a picture drawn for 300 dots an inch is placed as large as its figure. */

/** Dots an inch that figures are drawn with. */
export const DPI = 300;

const DOTS_A_METRE = Math.round(DPI / 0.0254);
/** The signature, and the header's chunk, which comes first. */
const HEADER = 8 + 25;

/** A PNG with its density written after its header (the chunk `pHYs`). */
export function withDensity(png: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(21);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set(new TextEncoder().encode("pHYs"), 4);
  view.setUint32(8, DOTS_A_METRE);
  view.setUint32(12, DOTS_A_METRE);
  chunk[16] = 1;
  view.setUint32(17, crc(chunk.subarray(4, 17)));
  const whole = new Uint8Array(png.length + chunk.length);
  whole.set(png.subarray(0, HEADER));
  whole.set(chunk, HEADER);
  whole.set(png.subarray(HEADER), HEADER + chunk.length);
  return whole;
}

/** The checksum of a chunk, as ISO 3309 has it. */
function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
