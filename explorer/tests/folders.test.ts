import { expect, it } from "vitest";
import page from "../src/page/page.css?raw";
import styles from "../src/styles.css?raw";

/** Each folder imports itself and what stands before it; `App.tsx` and `main.tsx` put them together. */
const FOLDERS = ["protocol", "lib", "page", "hooks", "ui", "panels", "views"];
const SOURCES: Record<string, string> = import.meta.glob("../src/*/*.{ts,tsx}", {
  eager: true,
  query: "?raw",
  import: "default",
});

it("imports one way", () => {
  const imports = Object.entries(SOURCES).flatMap(([file, text]) => {
    const from = file.split("/")[2] as string;
    return [...text.matchAll(/from "\.\.\/([^/"]+)/g)].map(([, to]) => ({ file, from, to: to as string }));
  });
  expect(imports.length).toBeGreaterThan(100);
  const place = (folder: string) => FOLDERS.indexOf(folder);
  expect(imports.filter(({ from, to }) => place(to) < 0 || place(from) <= place(to))).toEqual([]);
});

it("takes every style sheet into the bundle", () => {
  const sheets = Object.keys(import.meta.glob("../src/*/*.css")).map((file) => file.replace("../src/", "./"));
  expect([...styles.matchAll(/@import "([^"]+)"/g)].map(([, file]) => file).sort()).toEqual(sheets.sort());
});

it("sets nothing on the container in a query about its own width, which would never hold", () => {
  const inQueries = page.split("@container").slice(1).join("");
  expect(inQueries).toContain(".unembed > *");
  expect(inQueries).not.toMatch(/^ {2}\.unembed \{/m);
});
