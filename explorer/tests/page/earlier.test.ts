import { expect, it } from "vitest";
import { Earlier } from "../../src/page/earlier";

function storage(kept: Record<string, string> = {}): Storage {
  return {
    getItem: (name: string) => kept[name] ?? null,
    setItem: (name: string, value: string) => {
      kept[name] = value;
    },
  } as unknown as Storage;
}

it("keeps what was asked, the latest first and each once, as long as the tab", () => {
  const tab = storage();
  const earlier = new Earlier(tab);
  for (const a of ["one", "two", "one"]) earlier.add({ a, source: null });
  earlier.add({ a: "one", source: "a source" });
  const expected = [
    { a: "one", source: "a source" },
    { a: "one", source: null },
    { a: "two", source: null },
  ];
  expect(earlier.list.value).toEqual(expected);
  expect(new Earlier(tab).list.value).toEqual(expected);
});

it("is no longer than can be read", () => {
  const earlier = new Earlier(null);
  for (let at = 0; at < 30; at++) earlier.add({ a: `${at}`, source: null });
  expect(earlier.list.value.length).toBe(20);
  expect(earlier.list.value[0]?.a).toBe("29");
});

it.each(["", "{", "7", '[{"a":1},null,{"a":"x","source":3}]'])("takes nothing of a storage that holds %s", (text) => {
  expect(new Earlier(storage({ "unembed-earlier": text })).list.value).toEqual([]);
});

it("lives without a storage that takes it", () => {
  const full = storage();
  full.setItem = () => {
    throw new Error("full");
  };
  const earlier = new Earlier(full);
  earlier.add({ a: "one", source: null });
  expect(earlier.list.value.length).toBe(1);
});
