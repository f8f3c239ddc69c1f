import { describe, expect, it } from "vitest";
import { carriersOf } from "../../../src/lib/carried";
import {
  generationFigure,
  generationTable,
  lookedFigure,
  lookedTable,
  predictionFigure,
  predictionTable,
  testedFigure,
  testedTable,
} from "../../../src/lib/figure/amounts";
import { carriedFigure, carriedTable } from "../../../src/lib/figure/carried";
import { compareFigure, compareTable } from "../../../src/lib/figure/compare";
import { effectsFigure, effectsTable } from "../../../src/lib/figure/effects";
import type { Figure } from "../../../src/lib/figure/figure";
import { flowFigure, flowTable } from "../../../src/lib/figure/flow";
import { knewFigure, knewTable } from "../../../src/lib/figure/knew";
import { knowledgeFigure, knowledgeTable } from "../../../src/lib/figure/knowledge";
import { ledgerFigure, ledgerTable } from "../../../src/lib/figure/ledger";
import {
  attentionFigure,
  attentionTable,
  headsFigure,
  headsTable,
  lensFigure,
  lensTable,
  patchFigure,
  patchTable,
} from "../../../src/lib/figure/maps";
import { csv, type Table } from "../../../src/lib/figure/table";
import { wordsFigure, wordsTable } from "../../../src/lib/figure/words";
import { flowOf } from "../../../src/lib/flow";
import { percent, visible } from "../../../src/lib/format";
import type { ExplainPayload, Head } from "../../../src/protocol/payloads";
import {
  ASKED,
  ATTENTION,
  ATTRIBUTED,
  EXPLAINED,
  GENERATED,
  HOSTILE,
  LENS,
  MODEL,
  PATCHED,
  PATHS,
  TERMS,
  TESTED,
} from "./payloads";

const ALL = { start: 0, size: 128 };
const HEAD = EXPLAINED.heads[0] as Head;
const CARRIERS = carriersOf(EXPLAINED);
const OTHER: ExplainPayload = { ...EXPLAINED, ledger: { ...EXPLAINED.ledger, terms: TERMS.slice(1) } };
const BESIDE = { ...ASKED, beside: "B & <c>" };

const MADE: Record<string, [() => Figure, Table]> = {
  words: [() => wordsFigure(EXPLAINED, ASKED), wordsTable(EXPLAINED)],
  carried: [() => carriedFigure(EXPLAINED, CARRIERS, ASKED), carriedTable(EXPLAINED, CARRIERS)],
  effects: [() => effectsFigure(EXPLAINED, ASKED), effectsTable(EXPLAINED)],
  knew: [() => knewFigure(EXPLAINED, ASKED), knewTable(EXPLAINED)],
  ledger: [() => ledgerFigure(EXPLAINED, 3, "size", ASKED), ledgerTable(EXPLAINED)],
  prediction: [() => predictionFigure(EXPLAINED, ASKED), predictionTable(EXPLAINED)],
  generation: [() => generationFigure(GENERATED, ASKED), generationTable(GENERATED)],
  looked: [() => lookedFigure(EXPLAINED, HEAD, ASKED), lookedTable(HEAD)],
  tested: [() => testedFigure(TESTED, EXPLAINED, ASKED), testedTable(TESTED)],
  lens: [() => lensFigure(LENS, EXPLAINED.target, "rank", ALL, ASKED), lensTable(LENS, ALL)],
  attention: [() => attentionFigure(ATTENTION, ALL, ASKED), attentionTable(ATTENTION, ALL)],
  heads: [() => headsFigure(ATTENTION, ALL, ASKED), headsTable(ATTENTION, ALL)],
  patch: [() => patchFigure(PATCHED, ALL, BESIDE), patchTable(PATCHED)],
  flow: [() => flowFigure(PATHS, flowOf(PATHS, 0.02), ASKED), flowTable(PATHS)],
  knowledge: [() => knowledgeFigure(ATTRIBUTED, ASKED), knowledgeTable(ATTRIBUTED)],
  compare: [() => compareFigure(EXPLAINED, OTHER, BESIDE), compareTable(EXPLAINED, OTHER)],
};

const ENTITY = /&(?:amp|lt|gt|quot|#39);/g;

/** The elements of a document by a reader of XML's own rules: tags nest, attributes are quoted, text is escaped. */
function parsed(svg: string): { tags: { name: string; attributes: Record<string, string> }[]; texts: string[] } {
  const body = svg.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "").trim();
  const open: string[] = [];
  const tags: { name: string; attributes: Record<string, string> }[] = [];
  const texts: string[] = [];
  for (const [piece] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    expect(piece.replaceAll(ENTITY, "")).not.toContain("&");
    if (!piece.startsWith("<")) texts.push(piece);
    else if (piece.startsWith("</")) expect(open.pop()).toBe(piece.slice(2, -1));
    else {
      const whole = /^<([a-z]+[A-Za-z]*)((?: [\w:-]+="[^"<]*")*)(\/?)>$/i.exec(piece);
      expect(whole, piece).not.toBeNull();
      const [, name = "", attributes = "", closed] = whole ?? [];
      const found = [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);
      tags.push({ name, attributes: Object.fromEntries(found) });
      if (!closed) open.push(name);
    }
  }
  expect(open).toEqual([]);
  const plain = (text: string) => new DOMParser().parseFromString(text, "text/html").documentElement.textContent ?? "";
  return { tags, texts: texts.map((text) => plain(text).replace(/[\u2068\u2069]/g, "")) };
}

/** Widths of the bars of some colours, in their order; hatching lies over a bar and is none. */
function bars(figure: Figure, fills: string[], height = 7.5): number[] {
  return parsed(figure.svg)
    .tags.filter(({ name, attributes }) => name === "rect" && fills.includes(attributes.fill ?? ""))
    .filter(({ attributes }) => Number(attributes.height) === height)
    .map(({ attributes }) => Number(attributes.width));
}

/** That bars are as long as their values, all on one scale. */
function proportional(widths: readonly number[], values: readonly number[]): void {
  expect(widths.length).toBe(values.length);
  const scale = Math.max(...widths) / Math.max(...values.map(Math.abs));
  widths.forEach((width, place) => {
    expect(width).toBeCloseTo(scale * Math.abs(values[place] ?? 0), 2);
  });
}

describe.each(Object.entries(MADE))("the figure of %s", (_name, [make, table]) => {
  const { svg, width, height } = make();

  it("is well-formed, the same each time, and holds only what XML can", () => {
    expect(svg).toBe(make().svg);
    const { tags } = parsed(svg);
    expect(tags[0]?.name).toBe("svg");
    expect(tags.map(({ name }) => name)).not.toContain("script");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(svg).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|NaN|undefined|Infinity/);
    expect(svg).not.toMatch(/\p{Cs}/u);
  });

  it("is as wide as a column or a page, and says of what it is", () => {
    expect([85, 170]).toContain(Math.round((width * 25.4) / 72));
    expect(height).toBeLessThan((247 * 72) / 25.4);
    const said = parsed(svg).texts.join(" ").replace(/\s+/g, " ");
    for (const fact of ["toys/a <model>", "float32", "weights SHA-256 0123456789ab", "unembed 1.2.3", "Prompt"])
      expect(said).toContain(fact);
    expect(said).not.toContain("0123456789abc");
  });

  it("keeps its marks inside", () => {
    for (const { name, attributes } of parsed(svg).tags)
      if (name === "rect" && attributes.x !== undefined)
        expect(Number(attributes.x) + Number(attributes.width)).toBeLessThan(width + 0.01);
  });

  it("has a table whose numbers come back as they were", () => {
    const rows = readCsv(csv(table));
    expect(rows[0]).toEqual(table.head);
    expect(rows.length).toBe(table.rows.length + 1);
    table.rows.forEach((row, place) => {
      expect(row.length).toBe(table.head.length);
      row.forEach((cell, column) => {
        const field = rows[place + 1]?.[column];
        if (typeof cell === "number") expect(Number(field)).toBe(cell);
        else expect(field).toBe(cell ?? "");
      });
    });
  });
});

/** A reader of RFC 4180, character by character. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[""]];
  let quoted = false;
  const add = (letter: string) => {
    const row = rows.at(-1) as string[];
    row[row.length - 1] += letter;
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (quoted && letter === '"' && text[at + 1] === '"') add(text[++at] as string);
    else if (letter === '"') quoted = !quoted;
    else if (quoted) add(letter);
    else if (letter === ",") rows.at(-1)?.push("");
    else if (letter === "\r" && text[at + 1] === "\n") {
      rows.push([""]);
      at += 1;
    } else add(letter);
  }
  expect(rows.pop()).toEqual([""]);
  return rows;
}

it("draws bars as long as their values", () => {
  const own = ["#b35806", "#542788", "#9a9a94"];
  const [shown, others] = [[4, 3.5, -2], 0.5];
  proportional(bars(ledgerFigure(EXPLAINED, 3, "size", ASKED), own), [...shown, others, 6]);
  proportional(bars(predictionFigure(EXPLAINED, ASKED), ["#4d5f80"]), [0.75, 0.125]);
  proportional(bars(carriedFigure(EXPLAINED, CARRIERS, ASKED), ["#4d5f80"]), [0.25, 0.9375]);
  proportional(bars(lookedFigure(EXPLAINED, HEAD, ASKED), ["#4d5f80", "#9a9a94"]), [0.625, 0.375]);
  proportional(bars(compareFigure(EXPLAINED, OTHER, BESIDE), own), [0.5, 0, 0, 0, 0.5]);
});

it("hatches what is negative, and only that", () => {
  const hatched = (figure: Figure) => bars(figure, ["url(#hatched)"]).length;
  expect(hatched(ledgerFigure(EXPLAINED, 9, "size", ASKED))).toBe(1);
  expect(hatched(predictionFigure(EXPLAINED, ASKED))).toBe(0);
});

it("writes what is left without each word, with the way it goes, and the answer", () => {
  const { texts } = parsed(wordsFigure(EXPLAINED, ASKED).svg);
  for (const text of [
    "↓ to 50.0%",
    "↓ to 25.0%",
    "80.0%",
    "70.0%",
    "↓ to 10.0%",
    "asked here",
    "Pa<ris",
    percent(0.75),
    '<b>&"',
  ])
    expect(texts).toContain(text);
  const most = {
    ...EXPLAINED,
    words: { ...EXPLAINED.words, units: EXPLAINED.words?.units.slice(1, 2) },
  } as ExplainPayload;
  expect(parsed(wordsFigure(most, ASKED).svg).texts).toContain("↓ to 25.0%");
});

it("shows every token so that all of it can be seen", () => {
  const { texts } = parsed(generationFigure(GENERATED, ASKED).svg);
  HOSTILE.forEach((token, place) => {
    const start = `${6 + place} ${visible(token)}`.replace(/\ufffd/g, "");
    expect(texts.some((text) => text === start || (text.endsWith("…") && start.startsWith(text.slice(0, -1))))).toBe(
      true,
    );
  });
});

it("tells what a windowed map leaves out", () => {
  const { texts } = parsed(lensFigure(LENS, EXPLAINED.target, "top", { start: 1, size: 2 }, ASKED).svg);
  expect(texts.join(" ").replace(/\s+/g, " ")).toContain("Tokens 1 to 2 of 6.");
  expect(lensTable(LENS, { start: 1, size: 2 }).rows.length).toBe(3 * 2);
});

it("shows the end of a long prompt, and says how much it left out", () => {
  const many = Array.from({ length: 900 }, (_, position) => ({ position, id: position, text: ` word${position}` }));
  const units = many.map((token) => ({
    ...(EXPLAINED.words?.units[1] as never as object),
    text: token.text,
    positions: [token.position],
  }));
  const long = { ...EXPLAINED, tokens: many, words: { by: "word", how: "delete", units } } as ExplainPayload;
  const { texts } = parsed(wordsFigure(long, ASKED).svg);
  const first = texts.find((text) => text.startsWith("word"));
  expect(texts).toContain("word899");
  expect(texts.join(" ").replace(/\s+/g, " ")).toContain(`The first ${first?.slice(4)} are not shown.`);
});

it("lays a text that reads from right to left from the right", () => {
  const words = ["\u05d0\u05d1\u05d2", " \u05d3\u05d4\u05d5"];
  const tokens = words.map((text, position) => ({ position, id: position, text }));
  const units = words.map((text, place) => ({ ...EXPLAINED.words?.units[1], text, positions: [place] }));
  const rtl = { ...EXPLAINED, tokens, words: { by: "word", how: "delete", units } } as ExplainPayload;
  const { svg } = wordsFigure(rtl, { prompt: words.join("") });
  const at = words.map((word) => Number(new RegExp(`x="([\\d.]+)"[^>]*>\u2068${word.trim()}`).exec(svg)?.[1]));
  expect(at[0]).toBeGreaterThan(at[1] as number);
});

it("says so where the model has no files and was edited", () => {
  const model = { ...MODEL, weights_sha256: null, edits: ["erase <x>"] };
  const said = parsed(knewFigure({ ...EXPLAINED, model }, ASKED).svg)
    .texts.join(" ")
    .replace(/\s+/g, " ");
  expect(said).toContain("weights of a module in memory, edited: erase <x>, unembed 1.2.3.");
});
