/** `npm run verify-provenance -- file.mp4 [--trust roots.pem]`: what a file says of where it comes from, without a service. */
import type { FileVerification } from './contracts/provenance.ts'
import { verifyAny } from './media/provenance/verify-file.ts'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

const usage = 'Usage: npm run verify-provenance -- file.mp4 [more files] [--trust roots.pem] [--json]'

/** Nobody is asked: a manifest may name an address, and whoever reads a file must not be told to its sender. */
globalThis.fetch = () => Promise.reject(new Error('Files are read without asking other hosts.'))

const say = (line: string) => process.stdout.write(`${line}\n`)

function linesOf(path: string, found: FileVerification): readonly string[] {
  const { signed_by: by } = found
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['file', path],
    ['status', found.status],
    ['summary', found.summary],
    ['signed by', by && [by.common_name, by.organization].filter(Boolean).join(', ')],
    ['certificate', by?.serial_number && `serial ${by.serial_number}, ${found.trusted ? 'trusted' : 'not trusted'}`],
    ['time-stamp', by && (by.signed_at ?? 'none')],
    ['made with', found.claim_generator],
    ['title', found.title],
    ['campaign', found.campaign_id],
    ['models', found.models.map(({ provider, model }) => `${provider}/${model}`).join(', ')],
    ['disclosure', found.disclosure],
    ['source type', found.digital_source_type],
    ['manifest', found.manifest_id],
    ...found.ingredients.map(
      (one) => ['ingredient', `${one.title}${one.signed_by ? `, signed by ${one.signed_by}` : ''}`] as const,
    ),
    ...found.faults.map(({ code, message }) => ['fault', `${code}: ${message}`] as const),
  ]
  return facts.flatMap(([name, value]) => (value ? [`${name.padEnd(12)} ${value}`] : []))
}

/** @returns 0 when every file is as it was signed, 1 when one is not, 2 when it cannot be looked at */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { trust: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  if (positionals.length === 0) throw new Error(usage)
  const trusted = values.trust === undefined ? null : await readFile(values.trust, 'utf8')
  let code = 0
  for (const path of positionals) {
    const found = await verifyAny({ path, trusted })
    if (found.status !== 'valid') code = 1
    say(values.json ? JSON.stringify({ file: path, ...found }, undefined, 2) : `${linesOf(path, found).join('\n')}\n`)
  }
  return code
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return 2
})
