import { describe, expect, it } from "vitest";
import { addsUp, paired, rowsOf, scaleOf, total } from "../../src/lib/ledger";
import type { Ledger, Term } from "../../src/protocol/payloads";

function term(kind: Term["kind"], layer: number | null, value: number): Term {
  return { kind, layer, head: null, expert: null, neuron: null, source: null, value };
}

const TERMS = [
  term("embedding", null, 0.1),
  term("attention", 0, -3),
  term("mlp", 0, 2),
  term("attention", 1, 1.5),
  term("mlp", 1, -0.25),
];
const LEDGER: Ledger = { value: 0.35, sum: 0.35, error: 0, tolerance: 1e-6, by: "sublayer", terms: TERMS };

it("leaves no bar longer than its scale, that of the others included", () => {
  const { shown, others } = rowsOf([...TERMS, term("mlp", 2, 9), term("mlp", 3, 9), term("mlp", 4, 9)], 2, "size");
  expect(scaleOf(0, shown, others.value)).toBeCloseTo(9.35, 12);
  expect(scaleOf(20, shown, others.value)).toBe(20);
});

describe("rows", () => {
  it("by effect are those of the largest, and those without one stand last", () => {
    const effects = new Map([
      [TERMS[2], 0.1],
      [TERMS[3], -2],
      [TERMS[4], 0.5],
    ]);
    const rows = rowsOf(TERMS, 4, "effect", undefined, (each) => effects.get(each) ?? null);
    expect(rows.shown.map((row) => row.value)).toEqual([1.5, -0.25, 2, -3]);
    expect(rows.others).toEqual({ count: 1, value: 0.1 });
  });

  it("are the largest, and the others are their net", () => {
    const rows = rowsOf(TERMS, 2, "size");
    expect(rows.shown.map((row) => row.value)).toEqual([-3, 2]);
    expect(rows.others.count).toBe(3);
    expect(rows.others.value).toBeCloseTo(1.35, 12);
    expect(rows.sum).toBeCloseTo(0.35, 12);
  });

  it("keep the order of the layers when asked, and what must be seen", () => {
    const rows = rowsOf(TERMS, 2, "layer", (each) => each.kind === "embedding");
    expect(rows.shown.map((row) => row.value)).toEqual([0.1, -3, 2]);
    expect(rows.others).toEqual({ count: 2, value: 1.25 });
  });

  it("sum to the same whatever is shown", () => {
    for (const limit of [0, 1, 3, 99]) {
      const { shown, others } = rowsOf(TERMS, limit, "size");
      expect(total(shown.map((row) => row.value)) + others.value).toBeCloseTo(0.35, 12);
    }
  });
});

describe("the total", () => {
  it("loses nothing to the order of the addends", () => {
    expect(total([1, 1e100, 1, -1e100])).toBe(2);
  });

  it("is added up here and held against the tolerance", () => {
    expect(addsUp(LEDGER).holds).toBe(true);
    expect(addsUp({ ...LEDGER, terms: TERMS.slice(1) }).holds).toBe(false);
    expect(addsUp({ ...LEDGER, value: 0.35 + 2e-6 }).holds).toBe(false);
  });
});

describe("two ledgers", () => {
  it("pair by part, and a missing term is null", () => {
    const pairs = paired(TERMS.slice(0, 2), [term("attention", 0, -1), term("mlp", 3, 4)]);
    expect(pairs.map(({ a, b }) => [a, b])).toEqual([
      [0.1, null],
      [-3, -1],
      [null, 4],
    ]);
  });
});
