/**
 * The C2PA library (c2pa-rs as WebAssembly) in plain Node. It expects a browser's Blob and FileReaderSync; given ones that
 * read a file by slices, a file of any size takes little memory. Loaded in compositor children and by the command line only.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { initSync, WasmBuilder, WasmReader } from '@contentauth/c2pa-wasm'
import { signingPurposes } from './signer.ts'

/** What the library needs of a Blob. */
class FileSlice {
  readonly #fd: number
  readonly #from: number
  readonly size: number

  constructor(fd: number, from: number, size: number) {
    this.#fd = fd
    this.#from = from
    this.size = size
  }

  slice(from: number, to: number): FileSlice {
    const start = Math.min(from, this.size)
    return new FileSlice(this.#fd, this.#from + start, Math.max(0, Math.min(to, this.size) - start))
  }

  read(): ArrayBuffer {
    const bytes = new Uint8Array(this.size)
    let done = 0
    while (done < bytes.length) {
      const read = readSync(this.#fd, bytes, done, bytes.length - done, this.#from + done)
      if (read === 0) throw new Error('The file became shorter while it was read.')
      done += read
    }
    return bytes.buffer
  }
}

class SliceReader {
  readAsArrayBuffer(slice: FileSlice): ArrayBuffer {
    return slice.read()
  }
}

let ready = false

/** The first call compiles the library, about 0.1 s. */
export function loadC2pa(): { readonly WasmBuilder: typeof WasmBuilder; readonly WasmReader: typeof WasmReader } {
  if (!ready) {
    Object.assign(globalThis, { FileReaderSync: SliceReader })
    initSync({ module: readFileSync(createRequire(import.meta.url).resolve('@contentauth/c2pa-wasm/c2pa.wasm')) })
    ready = true
  }
  return { WasmBuilder, WasmReader }
}

/** Opens a file for the library; it stays open until the result is disposed of. */
export function openBlob(path: string): { readonly blob: Blob } & Disposable {
  const fd = openSync(path, 'r')
  const blob = new FileSlice(fd, 0, fstatSync(fd).size) as unknown as Blob
  return { blob, [Symbol.dispose]: () => closeSync(fd) }
}

/** Nothing is fetched: no remote manifest, no revocation list. @param trusted PEM certificates of trusted roots */
export function settingsText(trusted: string | null): string {
  return JSON.stringify({
    verify: {
      verify_after_reading: true,
      verify_after_sign: false,
      verify_trust: trusted !== null,
      verify_timestamp_trust: false,
      ocsp_fetch: false,
      remote_manifest_fetch: false,
      skip_ingredient_conflict_resolution: false,
    },
    ...(trusted !== null && { trust: { user_anchors: trusted, trust_config: `${signingPurposes.join('\n')}\n` } }),
  })
}

/** Some faults of the library are not Errors. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : typeof error === 'string' ? error : JSON.stringify(error)).slice(0, 300)
