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

/**
 * Hands the first file of the form to `use` and reads the rest away.
 * @throws 422 when there is no file, 400 when the form is broken
 */
export async function readUpload<T>(request: FastifyRequest, use: (upload: Upload) => Promise<T>): Promise<T> {
  let used: Promise<T> | undefined
  const form = new busboy.Busboy({
    headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
    limits: { files: 1 },
  })
  form.on('file', (_field, body, fileName) => {
    used = use({ fileName: fileName || 'file', body })
    used.catch(() => body.resume())
  })
  try {
    await pipeline(request.body as Readable, form)
  } catch (cause) {
    await used?.catch(() => undefined)
    throw new ServiceError('invalid_request', 'The multipart form ends early or is broken.', { cause })
  }
  if (!used) throw missing()
  return await used
}
