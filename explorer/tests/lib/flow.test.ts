import { describe, expect, it } from "vitest";
import { flowOf } from "../../src/lib/flow";
import type { PathEntry, PathsPayload } from "../../src/protocol/payloads";

function path(layer: number, value: number, ...heads: number[]): PathEntry {
  const steps = heads.map((head, place) => ({ layer: layer + 1 + place, head, source: place, destination: place + 1 }));
  return { kind: "mlp", layer, position: 0, steps, value };
}

function payload(paths: PathEntry[], value: number): PathsPayload {
  return { paths, value, position: 3, small_count: 7, model: { layers: 12 } } as unknown as PathsPayload;
}

describe("flow", () => {
  it("shows the largest paths and names the rest", () => {
    const flow = flowOf(payload([path(0, 1), path(1, -4, 2), path(2, 0.01)], 10), 0.05);
    expect(flow.paths.map((each) => each.value)).toEqual([-4, 1]);
    expect(flow.remainder.count).toBe(1 + 7);
    expect(flow.remainder.value).toBeCloseTo(13, 12);
  });

  it("adds up the paths that share an edge", () => {
    const shared = { kind: "mlp", layer: 0, position: 0 } as const;
    const first = { layer: 3, head: 1, source: 0, destination: 2 };
    const second = { layer: 5, head: 2, source: 2, destination: 3 };
    const flow = flowOf(
      payload(
        [
          { ...shared, steps: [first], value: 2 },
          { ...shared, steps: [first, second], value: 3 },
        ],
        5,
      ),
      0,
    );
    expect(flow.edges.find((edge) => edge.from === "mlp 0 0")?.value).toBe(5);
    expect(flow.nodes.length).toBe(4);
  });

  it("never has more than the nodes that can be read", () => {
    const many = Array.from({ length: 500 }, (_, place) => path(place % 11, 500 - place, place % 9, place % 7));
    const flow = flowOf(payload(many, 100), 0);
    expect(flow.nodes.length).toBeLessThanOrEqual(60);
    expect(flow.paths.length).toBeGreaterThan(5);
  });
});
