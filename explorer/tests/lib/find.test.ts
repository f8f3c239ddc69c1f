import { describe, expect, it } from "vitest";
import { tokensWith } from "../../src/lib/find";

describe("finding text in tokens", () => {
  const texts = ["The", " cap", "ital", " of", " France", " is", " the", " capital"];

  it("tells the token in which each match begins, whatever the case", () => {
    expect(tokensWith(texts, "the")).toEqual([0, 6]);
    expect(tokensWith(texts, "FRANCE")).toEqual([4]);
  });

  it("finds a word that is cut into tokens", () => {
    expect(tokensWith(texts, "capital")).toEqual([1, 7]);
    expect(tokensWith(texts, "l of F")).toEqual([2]);
  });

  it("names a token once, and nothing where there is nothing", () => {
    expect(tokensWith([" aaa", "b"], "a")).toEqual([0]);
    expect(tokensWith(texts, "Berlin")).toEqual([]);
    expect(tokensWith(texts, "")).toEqual([]);
    expect(tokensWith([], "a")).toEqual([]);
    expect(tokensWith(["", "a", "", "b"], "b")).toEqual([3]);
  });

  it("is quick for 8,192 tokens", () => {
    const long = Array.from({ length: 8192 }, (_, place) => ` word${place}`);
    const started = performance.now();
    expect(tokensWith(long, "word8191")).toEqual([8191]);
    expect(tokensWith(long, "w").length).toBe(8192);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
