/** Folders for one unit of work each, gone when it ends. What a killed process left behind goes when the next one starts. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface TempDirs {
  use<T>(work: (dir: string) => Promise<T>): Promise<T>
}

/** @param root of this process alone, and emptied by whoever opens it */
export function createTempDirs(root: string): TempDirs {
  return {
    async use(work) {
      await mkdir(root, { recursive: true })
      const dir = await mkdtemp(join(root, 'work-'))
      try {
        return await work(dir)
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    },
  }
}
