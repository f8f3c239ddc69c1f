/** Which tokens of two prompts correspond. */

export interface Column {
  a: number | null;
  b: number | null;
  /** same: equal tokens; differs: one replaced by one; alone: no partner in the other prompt. */
  how: "same" | "differs" | "alone";
}

/**
 * The tokens of two prompts in columns. Equal tokens pair by the longest common subsequence; between them, a run that
 * was replaced by one of the same length pairs in order and is marked as different; anything else stays alone.
 */
export function align(a: readonly number[], b: readonly number[]): Column[] {
  const columns: Column[] = [];
  let [i, j] = [0, 0];
  for (const [p, q] of [...common(a, b), [a.length, b.length] as const]) {
    const replaced = p - i === q - j;
    while (i < p) {
      columns.push({ a: i, b: replaced ? j : null, how: replaced ? "differs" : "alone" });
      i += 1;
      if (replaced) j += 1;
    }
    for (; j < q; j += 1) columns.push({ a: null, b: j, how: "alone" });
    if (p < a.length && q < b.length) columns.push({ a: p, b: q, how: "same" });
    [i, j] = [p + 1, q + 1];
  }
  return columns;
}

/** The positions that have a partner, as the server wants them. */
export function pairsOf(columns: readonly Column[]): [number, number][] {
  return columns.flatMap(({ a, b }) => (a === null || b === null ? [] : [[a, b] as [number, number]]));
}

/** The longest common subsequence, as pairs of places; shared ends are taken first, which keeps long prompts quick. */
function common(a: readonly number[], b: readonly number[]): [number, number][] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const inner = subsequence(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [
    ...Array.from({ length: head }, (_, place): [number, number] => [place, place]),
    ...inner.map(([p, q]): [number, number] => [p + head, q + head]),
    ...Array.from({ length: tail }, (_, k): [number, number] => [a.length - tail + k, b.length - tail + k]),
  ];
}

function subsequence(a: readonly number[], b: readonly number[]): [number, number][] {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      length[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}
