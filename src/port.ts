/** The port of the API, looked at before anything is opened: a busy one is told at once, and 0 becomes a free one. */
import type { Config } from './config.ts'
import { once } from 'node:events'
import { createServer } from 'node:net'

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program. Stop that one, or set PORT to another one (0 takes a free one)',
  EACCES: 'may not be used by this user. Set PORT to 1024 or higher',
  EADDRNOTAVAIL: 'cannot be used: HOST is no address of this machine. Set HOST to one, e.g. 127.0.0.1 or 0.0.0.0',
  ENOTFOUND: 'cannot be used: HOST cannot be looked up. Set HOST to an address, e.g. 127.0.0.1 or 0.0.0.0',
}

/** Why listening failed, in words that say what to change. */
export function explainListen(error: unknown, { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): Error {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new Error(`Port ${PORT} on ${HOST} ${reasons[code] ?? `cannot be used: ${message}`}.`, { cause: error })
}

async function bindable(host: string, port: number): Promise<number> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  const address = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return address.port
}

/**
 * @returns the settings with the real port in them, for links need it before the API listens
 * @throws when the port cannot be had
 */
export async function claimPort(config: Config): Promise<Config> {
  if (config.ROLE === 'workers') return config
  try {
    return Object.freeze({ ...config, PORT: await bindable(config.HOST, config.PORT) })
  } catch (error) {
    throw explainListen(error, config)
  }
}
