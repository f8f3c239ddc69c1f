/** Find text in a prompt that is cut into tokens. */

/** Where each match begins, by the number of its token; a match may go on into later tokens. Case is ignored. */
export function tokensWith(texts: readonly string[], wanted: string): number[] {
  const sought = wanted.toLowerCase();
  if (!sought) return [];
  const starts: number[] = [];
  let whole = "";
  for (const text of texts) {
    starts.push(whole.length);
    whole += text.toLowerCase();
  }
  const found: number[] = [];
  let token = 0;
  for (let at = whole.indexOf(sought); at >= 0; at = whole.indexOf(sought, at + 1)) {
    while (token + 1 < starts.length && (starts[token + 1] ?? 0) <= at) token += 1;
    if (found.at(-1) !== token) found.push(token);
  }
  return found;
}
