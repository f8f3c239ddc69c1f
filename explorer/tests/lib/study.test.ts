import { describe, expect, it } from "vitest";
import { filtered, grouped, isIds, sorted } from "../../src/lib/study";
import type { StudyPrompt } from "../../src/protocol/payloads";

const prompt = (
  row: number,
  text: string,
  probability: number | null,
  ...about: StudyPrompt["about"]
): StudyPrompt => ({
  row,
  prompt: text,
  target: probability === null ? null : " Paris",
  target_id: probability === null ? null : 7,
  probability,
  versus: null,
  error: probability === null ? "The prompt is empty" : null,
  about,
});
const PROMPTS = [
  prompt(0, "The capital of France is", 0.75, "capital", 9),
  prompt(1, "The language of France is", 0.25, "language", 10),
  prompt(2, "", null, "capital", null),
  prompt(3, "The capital of Italy is", 0.5, null, -1),
];
const rows = (prompts: StudyPrompt[]) => prompts.map(({ row }) => row);

describe("the table of a study", () => {
  it("keeps the prompts that hold every word, in any cell", () => {
    expect(rows(filtered(PROMPTS, " FRANCE capital "))).toEqual([0]);
    expect(rows(filtered(PROMPTS, "empty"))).toEqual([2]);
    expect(rows(filtered(PROMPTS, " "))).toEqual([0, 1, 2, 3]);
  });

  it("sorts numbers as numbers and puts what is missing last, either way", () => {
    expect(rows(sorted(PROMPTS, { column: "probability", falling: true }))).toEqual([0, 3, 1, 2]);
    expect(rows(sorted(PROMPTS, { column: "probability", falling: false }))).toEqual([1, 3, 0, 2]);
    expect(rows(sorted(PROMPTS, { column: 1, falling: true }))).toEqual([1, 0, 3, 2]);
    expect(rows(sorted(PROMPTS, { column: 0, falling: false }))).toEqual([0, 2, 1, 3]);
  });

  it("groups by a column, with the mean over what went well", () => {
    const told = grouped(PROMPTS, 0).map(({ value, prompts, well, mean }) => [value, rows(prompts), well, mean]);
    expect(told).toEqual([
      ["capital", [0, 2], 1, 0.75],
      ["language", [1], 1, 0.25],
      ["none", [3], 1, 0.5],
    ]);
    expect(grouped(PROMPTS, null).map(({ value, mean }) => [value, mean])).toEqual([[null, 0.5]]);
    expect(grouped([], null)).toEqual([]);
  });

  it("knows token ids, which no field takes", () => {
    expect(["[1, 20]", "[]", "[a]", "1, 2"].map(isIds)).toEqual([true, false, false, false]);
  });
});
