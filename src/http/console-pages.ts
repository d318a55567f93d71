/**
 * The console's built pages under /console/. Its policy lets nothing in but its own files and the object store that links
 * redirect to; styles that components add carry the nonce of the page.
 */
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServiceError } from '#src/errors.ts'

export interface ConsoleOptions {
  /** Holds index.html and assets/. */
  readonly folder: string
  /** Of presigned links, e.g. https://bucket.s3.example; undefined: files come from the API itself. */
  readonly storageOrigin?: string | undefined
}

const policyOf = (nonce: string, storage: string | undefined): string => {
  const files = ["'self'", 'blob:', ...(storage ? [storage] : [])].join(' ')
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src ${files} data:`,
    `media-src ${files}`,
    `connect-src ${files}`,
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Every address under /console/ is the same page; which screen it shows is decided in the browser. */
async function sendPage(reply: FastifyReply, { folder, storageOrigin }: ConsoleOptions): Promise<FastifyReply> {
  const nonce = randomBytes(16).toString('base64')
  const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => {
    throw new ServiceError('unavailable', 'The console is not built. Run "npm run build" once.')
  })
  return await reply
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': policyOf(nonce, storageOrigin), 'cross-origin-opener-policy': 'same-origin' })
    .send(page.replace('%NONCE%', nonce))
}

export async function addConsole(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const assets = join(options.folder, 'assets')
  if (existsSync(assets)) {
    // Their names change with their content.
    await app.register(fastifyStatic, {
      root: assets,
      prefix: '/console/assets/',
      decorateReply: false,
      cacheControl: false,
      setHeaders: (reply) => void reply.header('cache-control', 'public, max-age=31536000, immutable'),
    })
  }
  const hide = { schema: { hide: true } }
  app.get('/console/favicon.svg', hide, async (_, reply) => {
    const icon = await readFile(join(options.folder, 'favicon.svg')).catch(() => undefined)
    return await reply
      .code(icon ? 200 : 404)
      .type('image/svg+xml')
      .send(icon)
  })
  app.get('/console', hide, async (_, reply) => await sendPage(reply, options))
  app.get('/console/*', hide, async (_, reply) => await sendPage(reply, options))
}
