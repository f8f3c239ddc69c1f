import { describe, expect, it } from "vitest";
import cases from "../../../tests/view/formatting.json";
import {
  bareBeside,
  blank,
  decimal,
  isolated,
  labelOf,
  marked,
  percent,
  scientific,
  share,
  signed,
  textOf,
  told,
  visible,
} from "../../src/lib/format";

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

it.each(cases.blank)("says white space as $text", ({ value, text }) => {
  expect(blank(value)).toBe(text);
});

it("shows half a surrogate pair as its code", () => {
  // No table of cases in JSON can hold one that every parser takes.
  expect(visible("a\ud83d")).toBe("a\\ud83d");
});

it("shows a token that holds bytes of a character by its part of it", () => {
  const shared = [
    { text: "<0xE9>", fragment: "首 1/2" },
    { text: "<0x96><0xE9>", fragment: "首 2/2 都 1/2" },
    { text: "<0xBD>", fragment: "都 2/2" },
    { text: " of", fragment: null },
  ];
  expect(shared.map(labelOf)).toEqual(["首 1/2", "首 2/2 都 1/2", "都 2/2", "·of"]);
  expect(textOf(shared)).toBe("首都 of");
  expect(labelOf({ text: "<0xE9>" })).toBe("<0xE9>");
  expect(labelOf(undefined)).toBe("");
});

it("keeps right-to-left words of a line apart, and leaves others as they are", () => {
  expect(isolated("L1.H0: ועוד 77.3% → 14.7%")).toBe("L1.H0: \u2068ועוד\u2069 77.3% → 14.7%");
  expect(isolated("Without مرحبا بك alone: و 5%")).toBe("Without \u2068مرحبا بك\u2069 alone: \u2068و\u2069 5%");
  expect(isolated("After 3 ·France: ·Paris has 77.3%")).toBe("After 3 ·France: ·Paris has 77.3%");
});

it("tells tokens apart that differ by white space alone", () => {
  expect(bareBeside(" Paris", ["Paris", " the"])).toBe("\u00b7Paris");
  expect(bareBeside("Paris", [" Paris"])).toBe("Paris");
  expect(bareBeside(" ", ["  ", "\u00a0"])).toBe("a space");
  expect(bareBeside(" Paris", [" Paris", " the"])).toBe("Paris");
});
