/** Runs initdb and pg_ctl, and explains what they say when they fail. */
import { type Binaries, EmbeddedPostgresFault } from './embedded-postgres-binaries.ts'
import type { RunAs } from './embedded-postgres-user.ts'
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

export interface Programs {
  /** `path` as those programs must be told it. */
  visible(path: string): string
  /** @throws EmbeddedPostgresFault with the end of what the program printed */
  run(program: 'initdb' | 'pg_ctl', args: readonly string[]): Promise<void>
  close(): Promise<void>
}

const hints: readonly [RegExp, string][] = [
  [/no space left/i, 'The disk is full: free some space, or choose another DATA_DIR.'],
  [/shared libraries|cannot open shared object/i, 'The package is incomplete: run npm ci --include=dev (with install scripts).'],
  [/read-only file system/i, 'DATA_DIR lies on a read-only disk: choose another one.'],
  [
    /permission denied/i,
    'The files must belong to the user that runs Postgres: correct their owner, or choose another DATA_DIR.',
  ],
  [
    /incompatible with server|database files are incompatible/i,
    'The data was made by another version of Postgres: restore that version, or choose another DATA_DIR.',
  ],
  [/shared memory|semaphores/i, 'The machine grants too little shared memory: raise its limits, or set DATABASE_URL.'],
]

/** What went wrong and what to do, from the output of a program or a log. */
export function explain(doing: string, output: string): EmbeddedPostgresFault {
  const lines = output.trim().split('\n').slice(-6).join(' | ')
  const hint = hints.find(([pattern]) => pattern.test(output))?.[1] ?? 'Set DATABASE_URL to use a Postgres of your own.'
  return new EmbeddedPostgresFault(`The embedded Postgres could not ${doing}: ${lines || 'it said nothing'}. ${hint}`)
}

interface Invocation {
  readonly command: string
  readonly args: readonly string[]
  readonly user: RunAs
  readonly folderFd: number
}

function execute({ command, args, user, folderFd }: Invocation): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...user,
      cwd: '/',
      // No secret of ours reaches the server, and Ctrl-C in a terminal stops us first, then, in order, the server.
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', folderFd],
    })
    let output = ''
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000))
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/**
 * @param folder holds all that Postgres owns. As root on Linux it is handed over as an open directory, /proc/self/fd/3:
 *   a folder above it, such as /root, may be closed to the user that runs Postgres.
 */
export async function createPrograms(binaries: Binaries, user: RunAs, folder: string): Promise<Programs> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  const throughHandle = user !== undefined && process.platform === 'linux'
  return {
    visible: (path) => (throughHandle ? path.replace(folder, '/proc/self/fd/3') : path),
    async run(program, args) {
      const command = join(binaries.folder, 'bin', program)
      const { code, output } = await execute({ command, args, user, folderFd: handle.fd })
      if (code !== 0) throw explain(`run ${program} ${args.at(-1)}`, output)
    },
    close: () => handle.close(),
  }
}
