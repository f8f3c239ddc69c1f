import { expect, it } from "vitest";
import { withDensity } from "../../../src/lib/figure/png";

/** A PNG of one pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

it("writes 300 dots an inch after the header, with the checksum that zlib gives", () => {
  const png = Uint8Array.from(atob(PIXEL), (letter) => letter.charCodeAt(0));
  const whole = withDensity(png);
  expect(whole.length).toBe(png.length + 21);
  expect([...whole.subarray(0, 33)]).toEqual([...png.subarray(0, 33)]);
  expect([...whole.subarray(54)]).toEqual([...png.subarray(33)]);
  const chunk = [...whole.subarray(33, 54)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  expect(chunk).toBe("000000097048597300002e2300002e230178a53f76");
});
