/** COSE_Sign1 (RFC 9052) as C2PA wants it: detached payload, certificates in the protected header, padded to a fixed size. */
import { algorithms, type ProvenanceSigner } from './signer.ts'

const majorOf = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const

function head(kind: keyof typeof majorOf, value: number): Buffer {
  const major = majorOf[kind] << 5
  if (value < 24) return Buffer.of(major | value)
  if (value < 0x100) return Buffer.of(major | 24, value)
  if (value < 0x10000) return Buffer.of(major | 25, value >> 8, value & 255)
  const long = Buffer.alloc(5, major | 26)
  long.writeUInt32BE(value, 1)
  return long
}

const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts)
const bytes = (value: Uint8Array): Buffer => join(head('bytes', value.length), value)
const text = (value: string): Buffer => join(head('text', Buffer.byteLength(value)), Buffer.from(value))
const array = (items: readonly Uint8Array[]): Buffer => join(head('array', items.length), ...items)
const map = (entries: readonly (readonly [Uint8Array, Uint8Array])[]): Buffer =>
  join(head('map', entries.length), ...entries.flat())
const integer = (value: number): Buffer => (value < 0 ? head('negative', -1 - value) : head('unsigned', value))
const nothing = Buffer.of(0xf6)

const algLabel = 1
const x5chainLabel = 33
const sign1Tag = 18

const chainValue = (chain: readonly Uint8Array[]): Buffer => (chain.length === 1 ? bytes(chain[0]!) : array(chain.map(bytes)))

const protectedHeader = ({ algorithm, chain }: Pick<ProvenanceSigner, 'algorithm' | 'chain'>): Buffer =>
  map([
    [integer(algLabel), integer(algorithms[algorithm].cose)],
    [integer(x5chainLabel), chainValue(chain)],
  ])

/** `sigTst2`: a time-stamp token over the signature (C2PA 2.x, "Time-stamps"). */
const timestampEntry = (token: Uint8Array): readonly [Uint8Array, Uint8Array] => [
  text('sigTst2'),
  map([[text('tstTokens'), array([map([[text('val'), bytes(token)]])])]]),
]

/** Room for a token with the time-stamp server's own certificates. */
const timestampRoom = 8_192
const otherRoom = 1_280

/** How many bytes a file keeps free for the signature; every signature has exactly this size. */
export const reservedBytes = ({ chain }: Pick<ProvenanceSigner, 'chain'>, timestamped: boolean): number =>
  chain.reduce((sum, certificate) => sum + certificate.length + 5, otherRoom) + (timestamped ? timestampRoom : 0)

export interface CoseOptions {
  /** @returns a time-stamp token over these bytes */
  readonly timestamp?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined
}

/**
 * Signs a C2PA claim.
 * @returns COSE_Sign1 of `reservedBytes` bytes
 * @throws what the signer or the time-stamp server throws
 */
export async function coseSign1(signer: ProvenanceSigner, claim: Uint8Array, { timestamp }: CoseOptions): Promise<Uint8Array> {
  const header = protectedHeader(signer)
  const structure = (context: string, payload: Uint8Array) =>
    array([text(context), bytes(header), bytes(new Uint8Array()), bytes(payload)])
  const toBeSigned = structure('Signature1', claim)
  const signature = await signer.sign(toBeSigned)
  const token = timestamp && (await timestamp(structure('CounterSignature', bytes(signature))))
  const assemble = (padding: number) => {
    const unprotected = [...(token ? [timestampEntry(token)] : []), [text('pad'), bytes(new Uint8Array(padding))] as const]
    return join(head('tag', sign1Tag), array([bytes(header), map(unprotected), nothing, bytes(signature)]))
  }
  return padded(assemble, reservedBytes(signer, timestamp !== undefined))
}

/** The padding's own length takes one to three bytes, so the first guess may be a little too long. */
function padded(assemble: (padding: number) => Buffer, size: number): Buffer {
  let padding = size - assemble(0).length
  if (padding < 0)
    throw new Error(`The signature with its certificates and time-stamp needs ${-padding} bytes more than ${size}.`)
  let cose = assemble(padding)
  while (cose.length > size) cose = assemble((padding -= cose.length - size))
  return cose
}
