/** The field's terms and what each means: the table of docs/glossary.md, its one home. */
import source from "docs/glossary.md?raw";

export interface Entry {
  /** What it is called; some rows have several names. */
  names: string[];
  term: string;
  meaning: string;
}

export const GLOSSARY: readonly Entry[] = entriesOf(source);

/** The rows of the table, as plain text. */
export function entriesOf(text: string): Entry[] {
  return text
    .split("\n")
    .map((line) => /^\| (.+?) \| (.+) \|$/.exec(line))
    .flatMap((row) => (row?.[1] && row[2] && row[1] !== "term" ? [entry(plain(row[1]), plain(row[2]))] : []));
}

function entry(term: string, meaning: string): Entry {
  const names = term.replace(/ \(.*\)$/, "").split(", ");
  return { names: [term, ...names].map((name) => name.toLowerCase()), term, meaning };
}

/** Without Markdown's links and code. */
function plain(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}

/** The row of a term, by any of its names, also in the plural. */
export function entryOf(name: string): Entry | null {
  const sought = [name.toLowerCase(), name.toLowerCase().replace(/s$/, "")];
  return GLOSSARY.find((each) => each.names.some((known) => sought.includes(known))) ?? null;
}
