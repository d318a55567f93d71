/** What can be seen in a storyboard. A motif makes its choices once and is then a function of time. */
import { hotCup } from './storyboard-cup.ts'
import { city, hills, waves } from './storyboard-places.ts'
import { type MotifMaker, petals, rays, stage, tiles, orbs } from './storyboard-shapes.ts'

export const motifs = { hills, waves, city, orbs, rays, stage, tiles, petals, hotCup } as const satisfies Record<
  string,
  MotifMaker
>
export type Motif = keyof typeof motifs

/** Words that suggest a motif. A hint, no translation: a prompt in another language gets one by chance. */
const hints: readonly (readonly [Motif, RegExp])[] = [
  ['city', /\b(city|street|town|urban|skyline|office|tower|car|taxi|traffic|neon)\b/iu],
  ['hills', /\b(mountains?|hills?|landscape|desert|snow|ski|hik\w+|field|valley|road|farm|camp\w*)\b/iu],
  ['waves', /\b(sea|ocean|beach|waves?|river|lake|water|surf\w*|rain|silk|fabric|dress)\b/iu],
  ['petals', /\b(flowers?|roses?|petals?|leaves|garden\w*|autumn|spring|confetti|party|gift|birthday)\b/iu],
  ['rays', /\b(sun|sunrise|sunset|dawn|morning|fireworks?|stars?|energy|sale|celebrat\w+)\b/iu],
  ['hotCup', /\b(cups?|mugs?|coffee|espresso|cappuccino|latte|tea|cocoa)\b/iu],
  ['stage', /\b(product|bottle|jar|cream|perfume|phone|watch|shoes?|sneakers?|box|table|desk|plate|marble)\b/iu],
  ['orbs', /\b(bubbles?|drops?|serum|fruit|berr\w+|balloons?|planets?|soap|juice)\b/iu],
  ['tiles', /\b(app|screen|data|bank|card|digital|software|tech\w*|music|dance)\b/iu],
]

/** Motifs that the prompt's words suggest, in the order of the table. */
export const hinted = (prompt: string): readonly Motif[] =>
  hints.filter(([, words]) => words.test(prompt)).map(([motif]) => motif)
