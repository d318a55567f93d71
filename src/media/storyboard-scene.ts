/** The moving picture of a storyboard, without a written word. Drawn on any canvas, so a still can use it as its ground. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import { type Chance, chanceOf } from './storyboard-chance.ts'
import { paletteOf } from './storyboard-palette.ts'
import { backdrop, copySpace, glow, vignette } from './storyboard-light.ts'
import { hinted, type Motif, motifs } from './storyboard-motifs.ts'

export interface SceneSpec {
  readonly prompt: string
  readonly seed: number
}

export interface Scene {
  /** @param progress 0 … 1 of the whole clip */
  draw(context: SKRSContext2D, size: { width: number; height: number }, progress: number): void
}

const names = Object.keys(motifs) as [Motif, ...Motif[]]

function motifFor(prompt: string, chance: Chance): Motif {
  const [first, ...more] = hinted(prompt)
  return first ? chance.pick([first, ...more]) : chance.pick(names)
}

/** Light, a motif and its colours, all of the prompt's own. */
export function sceneOf({ prompt, seed }: SceneSpec): Scene {
  const chance = chanceOf(prompt, seed, 'picture')
  const palette = paletteOf(chance)
  const motif = motifs[motifFor(prompt, chance)](chance, palette)
  const sun = {
    x: chance.between(0.15, 0.85),
    y: chance.between(0.1, 0.5),
    reach: chance.between(0.5, 0.95),
    drift: chance.between(-0.3, 0.3),
  }
  return {
    draw(context, { width, height }, progress) {
      context.save()
      context.scale(width, height)
      backdrop(context, palette)
      context.restore()
      glow(
        context,
        { x: (sun.x + sun.drift * progress) * width, y: sun.y * height, reach: sun.reach * Math.max(width, height) * 0.6 },
        palette.light,
        0.55,
      )
      copySpace(context, { width, height }, palette.shadow, 0.6)
      motif({ context, width, height, unit: Math.min(width, height), progress })
      glow(context, { x: (progress * 1.5 - 0.25) * width, y: height * 0.3, reach: width * 0.5 }, palette.light, 0.16)
      copySpace(context, { width, height }, palette.shadow, 0.42)
      vignette(context, width, height)
    },
  }
}
