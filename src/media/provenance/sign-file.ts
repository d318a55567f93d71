/** Signs the finished files of a rendition, last of all: XMP → C2PA → read back. Only in a compositor child. */
import { writeFile } from 'node:fs/promises'
import type { AssetPaths, ComposedFiles } from '#src/contracts/composition.ts'
import type { ProvenanceClaim, SignedFiles, VendorManifest } from '#src/contracts/provenance.ts'
import type { WasmBuilder } from '@contentauth/c2pa-wasm'
import { loadC2pa, messageOf, openBlob, settingsText } from './c2pa.ts'
import { ingredientOf, manifestDefinition } from './manifest.ts'
import type { Algorithm } from './signer.ts'
import { verifyFile } from './verify-file.ts'
import { writeXmp } from './xmp.ts'

/** What a child may know of the signer. */
export interface Signing {
  readonly claim: ProvenanceClaim
  readonly algorithm: Algorithm
  /** Every signature has this many bytes. */
  readonly reservedBytes: number
  /** A signature that proves no time is not good enough. */
  readonly timestamped: boolean
}

interface Signature extends Signing {
  readonly sign: (claim: Uint8Array) => Promise<Uint8Array>
}

const formats = { video: 'video/mp4', poster: 'image/jpeg', preview: 'video/mp4' } as const satisfies Record<
  keyof ComposedFiles,
  string
>

/** A clip's own manifest comes along whole, whatever it is worth: stripping a mark is not ours to do. */
async function addClips(builder: WasmBuilder, { clips }: ProvenanceClaim, paths: readonly string[]): Promise<void> {
  for (const [index, clip] of clips.entries()) {
    using file = openBlob(paths[index]!)
    const ingredient = ingredientOf(clip, index)
    await builder.addIngredientFromBlob(JSON.stringify(ingredient), ingredient.format, file.blob)
  }
}

async function signedBytes(
  path: string,
  format: string,
  clipPaths: readonly string[],
  signature: Signature,
): Promise<Uint8Array> {
  const c2pa = loadC2pa()
  const { claim, algorithm, reservedBytes, sign } = signature
  let fault: unknown
  const signed = (bytes: Uint8Array) =>
    sign(bytes).catch((error: unknown) => {
      fault = error
      throw error
    })
  const builder = c2pa.WasmBuilder.fromJson(JSON.stringify(manifestDefinition(claim, format)), settingsText(null))
  try {
    await addClips(builder, claim, clipPaths)
    using file = openBlob(path)
    const definition = {
      alg: algorithm,
      reserveSize: reservedBytes,
      sign: async (bytes: Uint8Array) => Uint8Array.from(await signed(bytes)),
    }
    return await builder.sign(definition, [], format, file.blob)
  } catch (error) {
    // The library makes its own words of what the signer threw.
    throw fault ?? new Error(`The file cannot be signed: ${messageOf(error)}`, { cause: error })
  } finally {
    builder.free()
  }
}

/** One file in place. @param clipPaths of the claim's clips @returns the label of its manifest @throws as `signFiles` */
export async function signFile(
  path: string,
  format: string,
  clipPaths: readonly string[],
  signature: Signature,
): Promise<string> {
  const { claim } = signature
  const models = claim.clips.map(({ provider, model }) => `${provider}/${model}`)
  await writeXmp(path, format, { digitalSourceType: claim.digitalSourceType, models })
  await writeFile(path, await signedBytes(path, format, clipPaths, signature))
  const { status, manifest_id, summary, signed_by } = await verifyFile(path, { format, trusted: null })
  if (status !== 'valid' || manifest_id === null) throw new Error(`The signed file does not verify: ${summary}`)
  if (signature.timestamped && !signed_by?.signed_at) throw new Error('The time-stamp of the signed file does not verify.')
  return manifest_id
}

async function vendorManifests({ clips }: ProvenanceClaim, paths: readonly string[]): Promise<VendorManifest[]> {
  const found = await Promise.all(
    clips.map(async ({ sha256 }, index) => ({
      sha256,
      ...(await verifyFile(paths[index]!, { format: 'video/mp4', trusted: null })),
    })),
  )
  return found
    .filter(({ status }) => status === 'valid' || status === 'invalid')
    .map(({ sha256, status, claim_generator, signed_by }) => ({
      clip_sha256: sha256,
      claim_generator,
      signer: signed_by?.organization ?? signed_by?.common_name ?? null,
      valid: status === 'valid',
    }))
}

/**
 * Signs the three files in place, which still have their temporary names: if anything fails, none of them is kept.
 * @throws what `sign` throws; Error when a file does not verify afterwards
 */
export async function signFiles(files: ComposedFiles, assets: AssetPaths, signature: Signature): Promise<SignedFiles> {
  const { claim } = signature
  const clipPaths = claim.clips.map(({ sha256 }) => assets[sha256] ?? '')
  const one = (name: keyof ComposedFiles) => signFile(files[name], formats[name], clipPaths, signature)
  const manifests = { video: await one('video'), poster: await one('poster'), preview: await one('preview') }
  return { manifests, vendor_manifests: await vendorManifests(claim, clipPaths) }
}
