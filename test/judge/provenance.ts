/**
 * A second reader for our signatures: c2pa-node, the native library in another version than the one that signs.
 * `npm run judge:provenance [-- file.mp4 …]` installs it into a temporary folder from the npm registry (77 MB, its install
 * scripts off, Linux x64 only), which is why it is no dependency and no part of `npm test`.
 */
import { boxesOf, signInto, withoutManifest } from '#test/support/signed-file.ts'
import { developmentPem, developmentSigner } from '#test/support/signer.ts'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Judge {
  readonly Reader: {
    fromAsset(
      asset: { path: string; mimeType: string },
      settings: string,
    ): Promise<{ json(): { validation_state?: string } } | null>
  }
}

const version = '0.8.0'

async function openJudge(dir: string): Promise<Judge> {
  await writeFile(join(dir, 'package.json'), '{"private": true}')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `@contentauth/c2pa-node@${version}`]
  execFileSync('npm', args, { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  const entry = join(dir, 'node_modules/@contentauth/c2pa-node/dist/index.js')
  return (await import(pathToFileURL(entry).href)) as Judge
}

const settingsOf = (roots: string | null): string =>
  JSON.stringify({
    verify: { verify_after_reading: true, verify_trust: roots !== null, ocsp_fetch: false, remote_manifest_fetch: false },
    ...(roots && { trust: { user_anchors: roots, trust_config: '1.3.6.1.5.5.7.3.4\n' } }),
  })

const dir = await mkdtemp(join(tmpdir(), 'spotsmith-judge-'))
try {
  const { Reader } = await openJudge(dir)
  const judge = async (path: string, roots: string | null): Promise<string> => {
    const mimeType = path.endsWith('.jpg') ? 'image/jpeg' : 'video/mp4'
    const reader = await Reader.fromAsset({ path, mimeType }, settingsOf(roots)).catch(() => null)
    return reader?.json().validation_state ?? 'no manifest'
  }
  const given = process.argv.slice(2)
  const verdicts: (readonly [string, string, string])[] = []
  for (const path of given) verdicts.push([path, 'Valid', await judge(path, null)])
  if (given.length === 0) {
    const pem = developmentPem()
    const { files } = await signInto(dir, developmentSigner(pem))
    for (const path of Object.values(files)) verdicts.push([path, 'Trusted', await judge(path, pem)])
    const video = await readFile(files.video)
    const flipped = Buffer.from(video)
    const { start } = boxesOf(video).find(({ type }) => type === 'mdat')!
    flipped[start + 50] = flipped[start + 50]! ^ 1
    const changed = async (name: string, bytes: Buffer) => {
      await writeFile(join(dir, name), bytes)
      return await judge(join(dir, name), pem)
    }
    verdicts.push(['one bit flipped', 'Invalid', await changed('flipped.mp4', flipped)])
    verdicts.push(['stream copy', 'no manifest', await changed('stripped.mp4', withoutManifest(video))])
  }
  for (const [what, wanted, found] of verdicts)
    process.stdout.write(`${wanted === found ? 'agrees   ' : 'DISAGREES'} ${found}: ${what}\n`)
  process.exitCode = verdicts.every(([, wanted, found]) => wanted === found) ? 0 : 1
} finally {
  await rm(dir, { recursive: true, force: true })
}
