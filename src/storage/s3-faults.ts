/** What an error of the S3 client means, and what an operator can do about it. */
import { S3ServiceException } from '@aws-sdk/client-s3'
import type { BucketLocation } from './storage-url.ts'

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined

/** A missing bucket is no missing object: that would hide a wrong setting behind "not found". */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && (error as S3ServiceException).name !== 'NoSuchBucket'
export const isOutside = (error: unknown): boolean => statusOf(error) === 416

const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET'])

function codeOf(error: unknown): string {
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown }
  if (typeof code === 'string') return code
  const inner = errors?.[0] ?? cause
  return inner ? codeOf(inner) : ''
}

/** One line that names the bucket, what is wrong and what to change; never a key. */
export function explain(error: unknown, { bucket, endpoint, region }: BucketLocation): string {
  const where = endpoint ?? `AWS${region ? ` ${region}` : ''}`
  const status = statusOf(error)
  const name = error instanceof Error ? error.name : 'unknown'
  if (name === 'NoSuchBucket' || (status === 404 && name === 'NotFound')) {
    const option = endpoint ? ` --endpoint-url ${endpoint}` : ''
    return `The bucket "${bucket}" does not exist at ${where}. Create it (aws s3 mb s3://${bucket}${option}) or correct STORAGE_URL.`
  }
  if (name === 'CredentialsProviderError') {
    return `No credentials for the bucket "${bucket}": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`
  }
  if (status === 403 || status === 401) {
    return `${where} refuses the bucket "${bucket}" (${name}): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights to read, write, list and delete.`
  }
  if (status === 301)
    return `The bucket "${bucket}" is in another region than ${region ?? 'the default'}: set region=… in STORAGE_URL.`
  if (unreachable.has(codeOf(error)) || name === 'TimeoutError') {
    return `The object store at ${where} cannot be reached (${codeOf(error) || name}): check endpoint=… in STORAGE_URL.`
  }
  return `The bucket "${bucket}" at ${where} cannot be used: ${error instanceof Error ? error.message : name}`
}
