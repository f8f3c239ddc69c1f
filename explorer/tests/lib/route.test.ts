import { expect, it } from "vitest";
import { alongCurve, bendOf } from "../../src/lib/route";

const [FROM, TO] = [
  { x: 0, y: 200 },
  { x: 0, y: 0 },
];

it("is straight where nothing is in the way", () => {
  expect(bendOf(FROM, TO, [{ x: 200, y: 100, width: 50, height: 20 }])).toEqual({ x: 0, y: 100 });
});

it("goes around what is in the way, however many boxes there are", () => {
  const boxes = [40, 80, 120, 160].map((y) => ({ x: 0, y, width: 50, height: 18 }));
  const middle = bendOf(FROM, TO, boxes);
  const points = Array.from({ length: 99 }, (_, at) => alongCurve(FROM, middle, TO, (at + 1) / 100));
  for (const { x, y } of points)
    for (const box of boxes) expect(Math.abs(x - box.x) < 25 && Math.abs(y - box.y) < 9).toBe(false);
});

it("is straight where no way is free", () => {
  expect(bendOf(FROM, TO, [{ x: 0, y: 100, width: 5000, height: 20 }])).toEqual({ x: 0, y: 100 });
});
