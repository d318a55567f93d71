/**
 * What signing adds to a file of 10 MB, in time and bytes: `node test/bench/sign.ts`. In a process that has signed before,
 * as a compositor child has after its first file; the first one also compiles the library.
 */
import { signInto, clipPath, claim } from '#test/support/signed-file.ts'
import { developmentSigner } from '#test/support/signer.ts'
import { loadC2pa } from '#src/media/provenance/c2pa.ts'
import { signFile } from '#src/media/provenance/sign-file.ts'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const rounds = 21
const signer = developmentSigner()

/** A real clip with as much media data as makes it 10 MB. */
async function tenMegabytes(): Promise<Buffer> {
  const clip = await readFile(clipPath)
  const data = randomBytes(10_000_000 - clip.length)
  data.writeUInt32BE(data.length, 0)
  data.write('mdat', 4, 'latin1')
  return Buffer.concat([clip, data])
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const dir = await mkdtemp(join(tmpdir(), 'spotsmith-bench-'))
try {
  const original = await tenMegabytes()
  const path = join(dir, 'file.mp4')
  const { algorithm, reservedBytes, sign } = signer
  const signing = { claim: claim(), algorithm, reservedBytes, timestamped: false, sign }
  const began = performance.now()
  loadC2pa()
  await signInto(dir, signer)
  const firstMs = performance.now() - began
  const times: number[] = []
  const cpu: number[] = []
  let added = 0
  for (let round = 0; round < rounds; round++) {
    await writeFile(path, original)
    const start = performance.now()
    const before = process.cpuUsage()
    await signFile(path, 'video/mp4', [clipPath], signing)
    times.push(performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    added = (await stat(path)).size - original.length
  }
  const figures = {
    file_bytes: original.length,
    rounds,
    median_ms: Math.round(median(times)),
    best_ms: Math.round(Math.min(...times)),
    worst_ms: Math.round(Math.max(...times)),
    median_cpu_ms: Math.round(median(cpu)),
    added_bytes: added,
    first_rendition_of_a_process_ms: Math.round(firstMs),
  }
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}
