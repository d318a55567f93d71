/** What the demo was asked for. */
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'

const sample = resolve(import.meta.dirname, 'sample')

export interface DemoOptions {
  readonly template: string
  readonly segments: string
  readonly output: string
  /** Keep the service up afterwards, for calls of one's own. */
  readonly stay: boolean
}

export const usage = `npm run demo -- [--template my.json] [--segments my.csv] [--output demo-output] [--stay]`

/** @throws TypeError for an unknown option */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      template: { type: 'string', default: resolve(sample, 'template.json') },
      segments: { type: 'string', default: resolve(sample, 'segments.csv') },
      output: { type: 'string', default: 'demo-output' },
      stay: { type: 'boolean', default: false },
    },
  })
  return {
    template: resolve(values.template),
    segments: resolve(values.segments),
    output: resolve(values.output),
    stay: values.stay,
  }
}
