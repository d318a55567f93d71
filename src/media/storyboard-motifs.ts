/** What can be seen in a storyboard. A motif makes its choices once and is then a function of time. */
import { city, hills, waves } from './storyboard-places.ts'
import { type MotifMaker, petals, rays, stage, tiles, orbs } from './storyboard-shapes.ts'

export const motifs = { hills, waves, city, orbs, rays, stage, tiles, petals } as const satisfies Record<string, MotifMaker>
export type Motif = keyof typeof motifs
