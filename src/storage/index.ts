/** The one place that chooses the object store. */
import { join } from 'node:path'
import { createFolderStore } from './folder.ts'
import { createS3Store } from './s3.ts'
import { folderOfUrl } from './storage-url.ts'
import type { ObjectStore } from './storage.ts'

/** The settings of config.ts that matter here. */
export interface StorageSettings {
  readonly STORAGE_URL?: string | undefined
  readonly DATA_DIR: string
  readonly AWS_ACCESS_KEY_ID?: string | undefined
  readonly AWS_SECRET_ACCESS_KEY?: string | undefined
}

const openFolder = (root: string) => ({ ...createFolderStore({ root }), close: () => undefined })

/** @returns a store that nobody has checked yet: call `check()` before use. @throws BadStorageUrl */
export function createStorage(config: StorageSettings): ObjectStore & { close(): void } {
  const { STORAGE_URL: url, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (!url) return openFolder(join(config.DATA_DIR, 'objects'))
  const root = folderOfUrl(url)
  if (root !== undefined) return openFolder(root)
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined
  return createS3Store({ url, credentials })
}
