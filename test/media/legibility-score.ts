/** How much of a text was read. */

/** Letters, marks and digits: readers take one comma for another, and say nothing about spaces in Thai or Chinese. */
const lettersOf = (text: string): string[] => Array.from(text.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}]/gu, ''))

/** 1 less the characters to insert, delete or replace (Levenshtein), as a share of the wanted ones; 0 at least. */
export function charactersRead(wanted: string, seen: string): number {
  const [a, b] = [lettersOf(wanted), lettersOf(seen)]
  let row = b.map((_, index) => index + 1)
  a.forEach((letter, i) => {
    let [before, diagonal] = [i + 1, i]
    row = row.map((above, j) => {
      const cost = Math.min(above + 1, before + 1, diagonal + (letter === b[j] ? 0 : 1))
      ;[before, diagonal] = [cost, above]
      return cost
    })
  })
  return Math.max(0, 1 - (row.at(-1) ?? a.length) / a.length)
}
