/** Trusted time-stamps (RFC 3161): proof that a signature existed at a time, also after its certificate has expired. */
import { createHash } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { MessageImprint, PKIStatus, TimeStampReq, TimeStampReqVersion, TimeStampResp } from '@peculiar/asn1-tsp'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { Retryable } from '#src/errors.ts'
import type { Outgoing } from '#src/network/outgoing.ts'

const sha256 = '2.16.840.1.101.3.4.2.1'
const timeoutMs = 10_000
const maxResponseBytes = 65_536

export interface TimestampOptions {
  readonly url: string
  /** Through the target guard: what the address resolves to is not the operator's choice alone. */
  readonly post: Outgoing['post']
  readonly random: (bytes: Uint8Array) => Uint8Array
}

function queryFor(bytes: Uint8Array, random: TimestampOptions['random']): Buffer {
  const hash = createHash('sha256').update(bytes).digest()
  const messageImprint = new MessageImprint({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: sha256, parameters: null }),
    hashedMessage: new OctetString(hash),
  })
  // The first byte below 0x80 and above 0: a positive integer in its shortest form.
  const nonce = random(new Uint8Array(8)).map((byte, index) => (index === 0 ? (byte & 0x3f) | 0x40 : byte))
  const query = new TimeStampReq({
    version: TimeStampReqVersion.v1,
    messageImprint,
    nonce: Uint8Array.from(nonce).buffer,
    certReq: true,
  })
  return Buffer.from(AsnConvert.serialize(query))
}

const granted = (status: PKIStatus): boolean => status === PKIStatus.granted || status === PKIStatus.grantedWithMods

function tokenIn(body: Uint8Array): Uint8Array {
  const { status, timeStampToken } = AsnConvert.parse(body, TimeStampResp)
  if (!granted(status.status) || !timeStampToken) throw new Error(`it refused (status ${status.status})`)
  return Buffer.from(AsnConvert.serialize(timeStampToken))
}

const unavailable = (reason: string, cause?: unknown): Retryable =>
  new Retryable(`The time-stamp server gave no time-stamp: ${reason}.`, { cause })

/**
 * @returns asks for a token over the sha256 of some bytes
 * @throws Retryable: where time-stamps are asked for, nothing is signed without one
 */
export function createTimestamps({ url, post, random }: TimestampOptions) {
  return async (bytes: Uint8Array): Promise<Uint8Array> => {
    const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' }
    const answer = await post(url, { headers, body: queryFor(bytes, random), timeoutMs, maxResponseBytes })
    if (answer.status === 'failed') throw unavailable(answer.message)
    if (answer.httpStatus !== 200) throw unavailable(`it answered ${answer.httpStatus}`)
    try {
      return tokenIn(answer.body)
    } catch (error) {
      throw unavailable(error instanceof Error ? error.message : 'its answer cannot be read', error)
    }
  }
}
