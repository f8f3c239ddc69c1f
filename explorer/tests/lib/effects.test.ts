import { describe, expect, it } from "vitest";
import { beforeAfter, headMap, nameOfHead, withoutPart } from "../../src/lib/effects";
import type { Effect, ExplainPayload } from "../../src/protocol/payloads";

const EFFECT: Effect = { nats: -3, rank: 1, among: 4, size: "large", verdict: "causal", borderline: false };
const HEAD_EFFECTS = [
  { layer: 0, head: 1, nats: 0.5, probability: 0.8 },
  { layer: 0, head: 0, nats: -3, probability: 0.2 },
  { layer: 1, head: 0, nats: -0.25, probability: 0.7, cross: true },
];
const TESTED = {
  reference: { kind: "mean", value: 0, text: null },
  target: { probability: 0.75 },
  ledger: { value: 2.5 },
  heads: [{ layer: 0, head: 0, cross: false, zeroed: { probability: 0.2, effect: EFFECT, difference: null } }],
  head_effects: HEAD_EFFECTS,
  neurons: [],
  sublayers: [
    { kind: "mlp", layer: 1, zeroed: { probability: 0.6, effect: EFFECT, difference: { ...EFFECT, nats: -1 } } },
  ],
} as unknown as ExplainPayload;

describe("what a part is worth", () => {
  it("comes with its verdict where it is listed, and by its size alone where it is not", () => {
    expect(withoutPart(TESTED, { kind: "head", layer: 0, head: 0 })).toMatchObject({ nats: -3, effect: EFFECT });
    expect(withoutPart(TESTED, { kind: "head", layer: 0, head: 1 })).toMatchObject({ nats: 0.5, effect: null });
    expect(withoutPart(TESTED, { kind: "cross_head", layer: 1, head: 0 })).toMatchObject({ probability: 0.7 });
    expect(withoutPart(TESTED, { kind: "mlp", layer: 1 })).toMatchObject({ nats: -1, probability: 0.6 });
  });

  it("is not that of another part of the same place", () => {
    expect(withoutPart(TESTED, { kind: "head", layer: 0, head: 0, encoder: true })).toBeNull();
    expect(withoutPart(TESTED, { kind: "head", layer: 1, head: 0 })).toBeNull();
    expect(withoutPart(TESTED, { kind: "mlp", layer: 0 })).toBeNull();
  });

  it("is a probability, or a lead where there is another token", () => {
    expect(beforeAfter(TESTED, { nats: -3, probability: 0.2 })).toEqual(["75.0%", "20.0%"]);
    const versus = { ...TESTED, reference: { kind: "versus", value: 0, text: "b" } } as ExplainPayload;
    expect(beforeAfter(versus, { nats: -3, probability: 0.2 })).toEqual(["+2.50", "−0.50"]);
  });
});

it("maps heads by layer, those of cross-attention below", () => {
  const map = headMap(HEAD_EFFECTS);
  expect(map.layers).toEqual([0, 1]);
  expect(map.rows.map((row) => row.name)).toEqual(["H0", "H1", "X0"]);
  expect(map.rows[2]?.at(0)).toBeUndefined();
  expect(map.rows[2]?.at(1)?.nats).toBe(-0.25);
  expect(map.largest).toBe(3);
  expect(HEAD_EFFECTS.map(nameOfHead)).toEqual(["L0.H1", "L0.H0", "L1.X0"]);
});
