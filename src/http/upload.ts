/** The one file of a multipart form, as a stream. */
import busboy from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { ServiceError } from '#src/errors.ts'

export interface Upload {
  readonly fileName: string
  readonly body: Readable
}

const missing = () =>
  new ServiceError('invalid', 'The form has no file. Send the file as the field "file" of multipart/form-data.', {
    errors: [{ pointer: '/file', code: 'missing', message: 'Send the file as the field "file".' }],
  })

const broken = (cause: unknown) => new ServiceError('invalid_request', 'The multipart form ends early or is broken.', { cause })

/** @throws 400 without a boundary */
function formOf({ headers }: FastifyRequest) {
  try {
    return new busboy.Busboy({ headers: { ...headers, 'content-type': headers['content-type'] ?? '' }, limits: { files: 1 } })
  } catch (cause) {
    throw broken(cause)
  }
}

/**
 * Hands the first file of the form to `use` and reads the rest away.
 * @throws 422 when there is no file, 400 when the form is broken
 */
export async function readUpload<T>(request: FastifyRequest, use: (upload: Upload) => Promise<T>): Promise<T> {
  let used: Promise<T> | undefined
  const form = formOf(request)
  form.on('file', (_field, body, fileName) => {
    used = use({ fileName: fileName || 'file', body })
    used.catch(() => body.resume())
  })
  try {
    await pipeline(request.body as Readable, form)
  } catch (cause) {
    await used?.catch(() => undefined)
    throw broken(cause)
  }
  if (!used) throw missing()
  return await used
}
