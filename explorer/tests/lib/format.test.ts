import { describe, expect, it } from "vitest";
import cases from "../../../tests/view/formatting.json";
import { decimal, marked, percent, scientific, share, signed, told, visible } from "../../src/lib/format";

interface Case {
  value: number | string;
  digits?: number;
  text: string;
}
const NUMBERS = { decimal, signed, scientific, percent, share };

describe.each(Object.entries(NUMBERS))("%s", (name, write) => {
  const table: Case[] = cases[name as keyof typeof NUMBERS];
  it.each(table)("writes $value as $text", ({ value, digits, text }) => {
    expect(write(Number(value), ...((digits === undefined ? [] : [digits]) as []))).toBe(text);
  });
});

it.each(cases.told)("writes $before and $after as $texts", ({ before, after, texts }) => {
  expect(told(before, after)).toEqual(texts);
});

it("marks what a test found", () => {
  const effect = { nats: -3, rank: 1, among: 270, size: "large", verdict: "causal", borderline: false } as const;
  expect(marked(effect)).toBe("● large causal");
  expect(marked({ ...effect, verdict: "ordinary", borderline: true })).toBe("○ ordinary ~");
  expect(marked({ ...effect, verdict: null })).toBe("● large");
  expect(marked({ ...effect, verdict: null, size: "none" })).toBe("○ none");
});

it.each(cases.visible)("shows a token as $text", ({ value, text }) => {
  expect(visible(value)).toBe(text);
});

it("shows half a surrogate pair as its code", () => {
  // No table of cases in JSON can hold one that every parser takes.
  expect(visible("a\ud83d")).toBe("a\\ud83d");
});
