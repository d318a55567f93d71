/**
 * npm run generate: writes what is made from the code and kept in the repository. `--check` writes nothing and ends with
 * 1 when something is out of date; test/generate.test.ts does the same.
 */
import { settings } from './config.ts'
import { eventTypesFile } from './generate-events.ts'
import { createApp } from './http/app.ts'
import { readFile, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import type { ZodType } from 'zod'

interface SettingRow {
  readonly name: string
  readonly fallback: string | undefined
  readonly meaning: string
  readonly example: string | undefined
}

/** What a setting is when it is not set, as a person would write it. */
function fallbackOf(schema: ZodType): string | undefined {
  const { data } = schema.safeParse(undefined)
  return data === undefined || (Array.isArray(data) && data.length === 0) ? undefined : JSON.stringify(data).replaceAll('"', '')
}

const rows: readonly SettingRow[] = Object.entries(settings).map(([name, { schema, meaning, example }]) => ({
  name,
  fallback: fallbackOf(schema),
  meaning,
  example,
}))

const envExample = (): string =>
  [
    '# Every setting, with its default or an example. All are optional for one process (ROLE=all).',
    '# Made from src/config.ts by `npm run generate`; an empty value counts as not set.',
    ...rows.map(({ name, fallback, meaning, example }) => `\n# ${meaning}\n#${name}=${fallback ?? example ?? ''}`),
    '',
  ].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|')

const settingsTable = (): string =>
  [
    '| setting | default | meaning |',
    '|---|---|---|',
    ...rows.map(({ name, fallback, meaning }) => `| \`${name}\` | ${fallback ? `\`${fallback}\`` : ''} | ${cell(meaning)} |`),
  ].join('\n')

/** Stands for whatever a description of the API does not touch. */
const unused: never = new Proxy(
  {},
  { get: (_, name) => (typeof name === 'symbol' || name === 'then' ? undefined : unused) },
) as never

async function openapi(): Promise<string> {
  const app = await createApp({
    db: unused,
    services: unused,
    health: unused,
    authenticate: async () => undefined,
    newRequestId: () => 'req_description',
    requestsPerMinute: 1,
  })
  try {
    await app.ready()
    return stringify(app.swagger(), { lineWidth: 120, aliasDuplicateObjects: false })
  } finally {
    await app.close()
  }
}

const begin = '<!-- settings:begin -->'
const end = '<!-- settings:end -->'

function withTable(readme: string): string {
  const [before, rest] = readme.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`README.md lacks the markers "${begin}" and "${end}".`)
  return `${before}${begin}\n${settingsTable()}\n${end}${after}`
}

const at = (name: string): URL => new URL(`../${name}`, import.meta.url)

/** File name → what it should contain. */
export async function generate(): Promise<Readonly<Record<string, string>>> {
  return {
    '.env.example': envExample(),
    'README.md': withTable(await readFile(at('README.md'), 'utf8')),
    'openapi.yaml': await openapi(),
    'src/client/webhook-events.ts': eventTypesFile(),
  }
}

/** @returns the names of the files that differ from what the code says */
export async function outOfDate(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const current = await Promise.all(Object.keys(files).map((name) => readFile(at(name), 'utf8').catch(() => '')))
  return Object.entries(files).flatMap(([name, text], i) => (current[i] === text ? [] : [name]))
}

if (import.meta.main) {
  const files = await generate()
  const stale = await outOfDate(files)
  const check = process.argv.includes('--check')
  if (!check) await Promise.all(stale.map((name) => writeFile(at(name), files[name]!)))
  const state = stale.length === 0 ? 'Everything is up to date' : `${check ? 'Out of date' : 'Written'}: ${stale.join(', ')}`
  process.stdout.write(`${state}.\n`)
  process.exitCode = check && stale.length > 0 ? 1 : 0
}
