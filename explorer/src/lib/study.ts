/** The prompts of a study as a table: which are shown, in which order, and in which groups. */
import type { StudyPrompt } from "../protocol/payloads";

export type Cell = string | number | boolean | null;

/** A column of the table: `row`, `prompt`, `target`, `probability`, `error`, or one of the file by its number. */
export type Column = "row" | "prompt" | "target" | "probability" | "error" | number;

export interface Order {
  column: Column;
  falling: boolean;
}

export function cellOf(prompt: StudyPrompt, column: Column): Cell {
  return typeof column === "number" ? (prompt.about[column] ?? null) : prompt[column];
}

/** The prompts that hold every word that is sought, in any cell; case is ignored. */
export function filtered(prompts: readonly StudyPrompt[], sought: string): StudyPrompt[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...prompts];
  return prompts.filter((prompt) => {
    const text = [prompt.prompt, prompt.target, prompt.versus, prompt.error, ...prompt.about].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Sorted by a column, equal ones as they stood; what has no value comes last either way. */
export function sorted(prompts: readonly StudyPrompt[], { column, falling }: Order): StudyPrompt[] {
  const sign = falling ? -1 : 1;
  return [...prompts].sort((one, other) => {
    const [a, b] = [cellOf(one, column), cellOf(other, column)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  });
}

export interface Group {
  /** The value that its prompts share; null where nothing is grouped. */
  value: string | null;
  prompts: StudyPrompt[];
  /** How many went well, and their mean probability; null of none. */
  well: number;
  mean: number | null;
}

/** By the value of a column, in the order in which the values first come; one group of all without a column. */
export function grouped(prompts: readonly StudyPrompt[], column: Column | null): Group[] {
  const groups = new Map<string | null, StudyPrompt[]>();
  for (const prompt of prompts) {
    const value = column === null ? null : String(cellOf(prompt, column) ?? "none");
    const group = groups.get(value);
    if (group) group.push(prompt);
    else groups.set(value, [prompt]);
  }
  return [...groups].map(([value, prompts]) => {
    const chances = prompts.flatMap(({ probability }) => (probability === null ? [] : [probability]));
    const sum = chances.reduce((sum, each) => sum + each, 0);
    return { value, prompts, well: chances.length, mean: chances.length ? sum / chances.length : null };
  });
}

/** Whether a prompt was given as token ids, which the field of the page does not take. */
export function isIds(prompt: string): boolean {
  return /^\[\s*\d+(\s*,\s*\d+)*\s*\]$/.test(prompt);
}
