import { describe, expect, it } from "vitest";
import { columnKey, type Node } from "../../src/lib/flow";
import { layoutOf, lineOf } from "../../src/lib/layout";

/** Nodes at a few heights and positions, by a generator of its own; the first is the output. */
function nodes(seed: number): Node[] {
  let state = seed;
  const draw = (below: number) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  const count = 1 + draw(30);
  return Array.from({ length: count }, (_, place) => {
    const carries = draw(2) === 1;
    const [id, height] = place === 0 ? ["output", 99] : [`${place}`, draw(8)];
    return { id, label: id, height, position: draw(4), ofSource: false, carries, source: null, part: null };
  });
}

describe("the layout of a flow", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("keeps nodes apart and in the bands of their tokens (%i)", (seed) => {
    const drawn = nodes(seed);
    const names = new Map(drawn.map(({ id }) => [id, `L${id}.H1 from word`]));
    const { boxes, bands, width } = layoutOf(drawn, names, 300 * seed);
    const edges = drawn.map((node) => {
      const box = boxes.get(node.id) ?? { x: Number.NaN, y: 0, width: 0, height: 0 };
      const band = bands.find(({ column }) => columnKey(column) === columnKey(node));
      expect(box.x - box.width / 2).toBeGreaterThan(band?.x ?? Number.NaN);
      expect(box.x + box.width / 2).toBeLessThan((band?.x ?? 0) + (band?.width ?? 0));
      return { y: box.y, from: box.x - box.width / 2, to: box.x + box.width / 2 };
    });
    const overlaps = edges.filter((one) =>
      edges.some((other) => other !== one && other.y === one.y && other.from < one.to + 10 && one.from < other.to + 10),
    );
    expect(overlaps).toEqual([]);
    expect(bands.at(-1)?.x).toBeLessThan(width);
  });

  it("gives a token with one node no more room than that needs, and draws lines between edges", () => {
    const [output] = nodes(1) as [Node];
    const below = { ...output, id: "mlp", position: 9, height: 1 };
    const layout = layoutOf([output, below], new Map([[below.id, "L11 mlp"]]));
    expect(layout.bands.map(({ width }) => width.toFixed(1))).toEqual(["90.0", "94.2"]);
    expect(lineOf(below.id, "output", layout)).toMatch(/^M[\d.]+,44 Q/);
  });
});
