import { describe, expect, it } from "vitest";
import { type Column, columnsOf, columnToken, flowOf, namesOf, pathName, through } from "../../src/lib/flow";
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

  it("tells what runs through a node, and lights it", () => {
    const flow = flowOf(payload([path(0, 1, 3), path(1, -4, 2), path(2, 2)], 10), 0);
    const all = through(flow, "output");
    expect([all.paths.length, all.value]).toEqual([3, -1]);
    const one = through(flow, "head 2 2 0 1");
    expect(one.paths.map((each) => each.value)).toEqual([-4]);
    expect([...one.lit].sort()).toEqual(
      ["mlp 1 0", "head 2 2 0 1", "output", "mlp 1 0 head 2 2 0 1", "head 2 2 0 1 output"].sort(),
    );
  });

  it("names two nodes of one head by what each reads", () => {
    const step = (source: number) => ({ layer: 3, head: 1, source, destination: 2 });
    const start = { kind: "mlp", layer: 0, position: 0 } as const;
    const flow = flowOf(
      payload(
        [
          { ...start, steps: [step(0)], value: 2 },
          { ...start, steps: [step(1)], value: 3 },
        ],
        5,
      ),
      0,
    );
    const names = namesOf(flow.nodes, ({ position }) => `t${position}`);
    expect([...names.values()].sort()).toEqual(["", "L0 mlp", "L3.H1 from t0", "L3.H1 from t1"]);
  });

  it("never has more than the nodes that can be read", () => {
    const many = Array.from({ length: 500 }, (_, place) => path(place % 11, 500 - place, place % 9, place % 7));
    const flow = flowOf(payload(many, 100), 0);
    expect(flow.nodes.length).toBeLessThanOrEqual(60);
    expect(flow.paths.length).toBeGreaterThan(5);
  });
});

describe("flow of an encoder-decoder", () => {
  const crossing: PathEntry = {
    kind: "embedding",
    layer: null,
    position: 2,
    steps: [
      { layer: 0, head: 1, source: 2, destination: 1, encoder: true },
      { layer: 1, head: 3, source: 1, destination: 1, cross: true },
    ],
    value: 4,
    of_source: true,
  };
  const bias: PathEntry = {
    kind: "cross_value_bias",
    layer: 1,
    position: 2,
    steps: [{ layer: 1, head: 0, source: 2, destination: 1, cross: true }],
    value: 1,
    of_source: true,
  };
  const own: PathEntry = { kind: "embedding", layer: null, position: 2, steps: [], value: 3 };
  const flow = flowOf(payload([crossing, bias, own], 8), 0);
  const node = (label: string, ofSource: boolean) =>
    flow.nodes.find((each) => each.label === label && each.ofSource === ofSource);

  it("stands the source left of the prompt, and the encoder below the decoder", () => {
    expect(columnsOf(flow.nodes)).toEqual([
      { ofSource: true, position: 1 },
      { ofSource: true, position: 2 },
      { ofSource: false, position: 1 },
      { ofSource: false, position: 2 },
      { ofSource: false, position: 3 },
    ]);
    const heights = ["enc.embedding", "enc.L0.H1"].map((label) => node(label, true)?.height ?? 0);
    expect(heights[0]).toBeLessThan(heights[1] as number);
    expect(heights[1]).toBeLessThan(node("embedding", false)?.height as number);
  });

  it("keeps the two embeddings of one position apart", () => {
    const from = flow.edges.map((edge) => [edge.from, edge.value]);
    expect(from).toContainEqual(["embedding null 2", 3]);
    expect(from).toContainEqual(["enc.embedding null 2", 4]);
  });

  it("selects cross-attention's heads and parts inside the encoder", () => {
    expect(node("L1.X3", false)?.part).toEqual({ kind: "cross_head", layer: 1, head: 3 });
    expect(node("enc.L0.H1", true)?.part).toEqual({ kind: "head", layer: 0, head: 1, encoder: true });
    expect(node("L1 cross value bias", true)?.part).toBeNull();
    expect(node("L1 cross value bias", true)?.height).toBeGreaterThan(0);
  });

  it("names a path by the tokens of both", () => {
    const texts = {
      tokens: [0, 1, 2].map((i) => ({ text: `t${i}` })),
      sources: [0, 1, 2].map((i) => ({ label: `s${i}` })),
    };
    const token = (column: Column) => columnToken(texts as unknown as PathsPayload, column)?.text ?? "";
    expect(pathName(crossing, token)).toBe("enc.embedding at 2 s2 → enc.L0.H1 (to 1 s1) → L1.X3 (to 1 t1)");
  });
});
