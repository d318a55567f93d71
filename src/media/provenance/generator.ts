/** By what name files say that Spotsmith made them. */
import packageJson from '../../../package.json' with { type: 'json' }

export const generator = { name: 'Spotsmith', version: packageJson.version } as const
