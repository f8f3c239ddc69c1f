import { expect, it } from "vitest";
import { entriesOf, entryOf, GLOSSARY } from "../../src/lib/glossary";

const SOURCES: Record<string, string> = import.meta.glob("../../src/*/*.tsx", {
  eager: true,
  query: "?raw",
  import: "default",
});

it("reads the rows of the docs' table as plain text", () => {
  const text = "# G\n\n| term | meaning |\n|---|---|\n| causal, suppressor | A `part` ([rule](x.md#y)). |\n";
  expect(entriesOf(text)).toEqual([
    {
      term: "causal, suppressor",
      meaning: "A part (rule).",
      names: ["causal, suppressor", "causal", "suppressor"],
    },
  ]);
  expect(GLOSSARY.length).toBeGreaterThan(55);
  expect(GLOSSARY.every(({ term, meaning }) => term && meaning && !/[`|]|\]\(/.test(term + meaning))).toBe(true);
});

it("finds a term by each of its names, alone or many", () => {
  expect(entryOf("Suppressor")).toBe(entryOf("causal"));
  expect(entryOf("neurons")?.term).toBe("neuron");
  expect(entryOf("activation")?.meaning).toContain("down projection");
  expect(entryOf("banana")).toBeNull();
});

it("has every term that the page links", () => {
  const named = Object.values(SOURCES).flatMap((text) =>
    [...text.matchAll(/<Term name="([^"]+)"/g)].map(([, name]) => name as string),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => entryOf(name) === null)).toEqual([]);
});
