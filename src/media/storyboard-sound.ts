/** A quiet chord of the prompt's own that swells and fades. */
import { audioSink, encoderFrame, sampleRate } from './graph-audio.ts'
import { decimal } from './graph-text.ts'
import { chanceOf } from './storyboard-chance.ts'

const chords = [
  [1, 5 / 4, 3 / 2, 2],
  [1, 6 / 5, 3 / 2, 9 / 5],
  [1, 4 / 3, 3 / 2, 2],
  [1, 5 / 4, 3 / 2, 15 / 8],
] as const satisfies readonly (readonly number[])[]

/** Four partials at 0.03 each: about -28 LUFS. */
const loudness = 0.03

export function soundGraph(prompt: string, seed: number, seconds: number): string {
  const chance = chanceOf(prompt, seed, 'sound')
  const root = 110 * 2 ** (chance.whole(0, 11) / 12)
  const tones = chance
    .pick(chords)
    .map((ratio) => ({ hertz: root * 2 * ratio, beat: chance.between(0.2, 0.7), phase: chance.between(0, 6) }))
  const channel = (detune: number) =>
    tones
      .map(({ hertz, beat, phase }) => {
        const swell = `(0.6+0.4*sin(2*PI*${decimal(beat)}*t+${decimal(phase)}))`
        return `${loudness}*sin(2*PI*${decimal(hertz + detune)}*t)*${swell}`
      })
      .join('+')
  const fade = decimal(Math.min(0.5, seconds / 4))
  return [
    `aevalsrc=exprs='${channel(0)}|${channel(0.6)}':c=stereo:s=${sampleRate}:d=${decimal(seconds)}`,
    `afade=t=in:d=${fade}`,
    `afade=t=out:st=${decimal(seconds - Number(fade))}:d=${fade}`,
    `aformat=sample_fmts=fltp:channel_layouts=stereo,asetnsamples=n=${encoderFrame}:p=0,abuffersink@${audioSink}`,
  ].join(',')
}
