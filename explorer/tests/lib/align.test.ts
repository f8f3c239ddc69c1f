import { describe, expect, it } from "vitest";
import { align, pairsOf } from "../../src/lib/align";

const shown = (a: number[], b: number[]) =>
  align(a, b).map(
    (column) => `${column.a ?? "-"}${{ same: "=", differs: "≠", alone: "∅" }[column.how]}${column.b ?? "-"}`,
  );

describe("alignment", () => {
  it("pairs equal prompts", () => {
    expect(shown([1, 2], [1, 2])).toEqual(["0=0", "1=1"]);
  });

  it("pairs a token that was replaced by one, and marks it", () => {
    expect(shown([1, 2, 3], [1, 9, 3])).toEqual(["0=0", "1≠1", "2=2"]);
  });

  it("leaves alone what was added or replaced by a run of another length", () => {
    expect(shown([1, 2, 3], [1, 8, 9, 3])).toEqual(["0=0", "1∅-", "-∅1", "-∅2", "2=3"]);
    expect(shown([1, 3], [1, 2, 3])).toEqual(["0=0", "-∅1", "1=2"]);
    expect(shown([], [5])).toEqual(["-∅0"]);
  });

  it("finds the longest common subsequence", () => {
    expect(pairsOf(align([1, 2, 3, 4, 5], [2, 3, 9, 9, 5])).length).toBe(3);
  });

  it("shows each token once, in order, of 1,024", () => {
    const a = Array.from({ length: 1024 }, (_, place) => (place * 7919) % 101);
    const b = a.map((token, place) => (place % 5 === 0 ? 500 : token));
    const columns = align(a, b);
    expect(columns.flatMap((column) => column.a ?? [])).toEqual(a.map((_, place) => place));
    expect(columns.flatMap((column) => column.b ?? [])).toEqual(b.map((_, place) => place));
  });
});
