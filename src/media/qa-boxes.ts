/** The order of an MP4's top-level boxes. A player that streams needs `moov` before `mdat`. */
import { open } from 'node:fs/promises'

/** Names of the first boxes, at most 16. */
export async function topBoxes(path: string): Promise<readonly string[]> {
  const file = await open(path, 'r')
  try {
    const names: string[] = []
    const head = Buffer.alloc(16)
    for (let at = 0; names.length < 16;) {
      const { bytesRead } = await file.read(head, 0, 16, at)
      if (bytesRead < 8) return names
      names.push(head.toString('latin1', 4, 8))
      const size = head.readUInt32BE(0) === 1 ? Number(head.readBigUInt64BE(8)) : head.readUInt32BE(0)
      if (size < 8) return names
      at += size
    }
    return names
  } finally {
    await file.close()
  }
}

export const moovFirst = (boxes: readonly string[]): boolean =>
  boxes.includes('moov') && (!boxes.includes('mdat') || boxes.indexOf('moov') < boxes.indexOf('mdat'))
