/** Lines of a graph that do not run behind its boxes. */

export interface Point {
  x: number;
  y: number;
}
export interface Box extends Point {
  width: number;
  height: number;
}

const SAMPLES = 24;
const STEP = 24;
const MOST = 24;
/** Between a line and a box. */
const ROOM = 4;

/** The middle of a curve from one point to another that meets none of the boxes: straight where that is free, else bent
 * as little as may be within the width of the drawing; straight as well where no bend is free. */
export function bendOf(from: Point, to: Point, boxes: readonly Box[], width = Number.POSITIVE_INFINITY): Point {
  const straight = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  for (let step = 0; step <= MOST; step++)
    for (const side of step === 0 ? [0] : [1, -1]) {
      const middle = { x: straight.x + side * step * STEP, y: straight.y };
      if (isFree(from, middle, to, boxes, width)) return middle;
    }
  return straight;
}

/** A point of the quadratic curve, `at` from 0 to 1. */
export function alongCurve(from: Point, middle: Point, to: Point, at: number): Point {
  const [a, b, c] = [(1 - at) ** 2, 2 * at * (1 - at), at ** 2];
  return { x: a * from.x + b * middle.x + c * to.x, y: a * from.y + b * middle.y + c * to.y };
}

function isFree(from: Point, middle: Point, to: Point, boxes: readonly Box[], width: number): boolean {
  for (let sample = 1; sample < SAMPLES; sample++) {
    const point = alongCurve(from, middle, to, sample / SAMPLES);
    if (point.x > width || (Number.isFinite(width) && point.x < 0)) return false;
    if (boxes.some((box) => isIn(point, box))) return false;
  }
  return true;
}

/** Boxes are given by their middle. */
function isIn({ x, y }: Point, box: Box): boolean {
  return Math.abs(x - box.x) < box.width / 2 + ROOM && Math.abs(y - box.y) < box.height / 2 + ROOM;
}
