import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync, crc32 } from 'node:zlib'
import { createCanvas } from '@napi-rs/canvas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Compositor, createCompositor } from '#src/media/index.ts'

const clipPath = (name: string) => fileURLToPath(new URL(`./clips/${name}`, import.meta.url))
let folder: string
let compositor: Compositor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-probe-'))
  compositor = createCompositor({ processes: 1, tempDir: join(folder, 'children') })
})
afterAll(async () => {
  await compositor.close()
  await rm(folder, { recursive: true, force: true })
})
const written = async (name: string, bytes: Uint8Array | string) => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

describe('probing a clip', () => {
  it('tells size after turning, length, rate and sound', async () => {
    expect(await compositor.probe(clipPath('rotated.mp4'))).toEqual({
      seconds: 1,
      width: 90,
      height: 160,
      fps: 12,
      hasAudio: false,
      videoCodec: 'h264',
    })
    expect(await compositor.probe(clipPath('vp9-mono.webm'))).toMatchObject({ hasAudio: true, videoCodec: 'vp9', width: 160 })
    expect(await compositor.probe(clipPath('odd-10bit.mp4'))).toMatchObject({ width: 91, height: 57 })
    expect(await compositor.probe(clipPath('vfr.mp4'))).toMatchObject({ videoCodec: 'h264' })
  })

  it.each([
    ['audio-only.mp4', /no picture/],
    ['cut-off.mp4', /cut off: 1\.\d of 3\.0 s/],
    ['mpeg4.mp4', /coded as mpeg4; h264, hevc, vp9 and av1/],
    ['too-wide.mp4', /4224×64; at most 4096/],
    ['too-fast.mp4', /120\.0 pictures a second; at most 60/],
    ['too-long.mp4', /130\.0 s; at most 120/],
    ['track.mp3', /neither an MP4/],
  ])('refuses %s and says why', async (name, message) => {
    await expect(compositor.probe(clipPath(name))).rejects.toMatchObject({
      name: 'Terminal',
      code: 'bad_clip',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['empty', '', /empty file/],
    ['a playlist', '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/clip.ts\n', /neither an MP4/],
    ['a concat script', "ffconcat version 1.0\nfile 'http://127.0.0.1:9/clip.mp4'\n", /neither an MP4/],
    ['noise behind an MP4 head', '\0\0\0\x18ftypmp42' + 'x'.repeat(5000), /cannot be opened/],
    ['a web page', '<!doctype html><title>403</title>', /neither an MP4/],
  ])('refuses %s', async (name, content, message) => {
    const path = await written(`${name.replaceAll(' ', '-')}.mp4`, content)
    await expect(compositor.probe(path)).rejects.toMatchObject({ code: 'bad_clip', message: expect.stringMatching(message) })
  })

  it('survives damage anywhere in a file: an answer or a reason, and the next clip works', async () => {
    const reasons = new Set<unknown>()
    const whole = await readFile(clipPath('rotated.mp4'))
    for (let at = 7; at < whole.length; at += 397) {
      const damaged = Buffer.from(whole)
      for (let i = at; i < Math.min(at + 24, damaged.length); i++) damaged[i] = damaged[i]! ^ 0xa5
      const path = await written(`damaged-${at}.mp4`, damaged)
      await compositor.probe(path).catch((error: Error & { code?: string }) => reasons.add(error.code))
    }
    expect([...reasons]).toEqual(['bad_clip'])
    expect(await compositor.probe(clipPath('rotated.mp4'))).toMatchObject({ width: 90 })
  })

  it('calls a file that is not there no fault of the clip', async () => {
    await expect(compositor.probe(join(folder, 'absent.mp4'))).rejects.toMatchObject({ name: 'Retryable' })
  })
})

describe('inspecting a picture', () => {
  const picture = createCanvas(40, 30)
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  /** A valid head that promises any size. */
  const pngOf = (width: number, height: number) => {
    const header = Buffer.alloc(13)
    header.writeUInt32BE(width, 0)
    header.writeUInt32BE(height, 4)
    header.set([8, 0], 8)
    const data = chunk('IDAT', deflateSync(Buffer.alloc(1000)))
    return Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', header),
      data,
      chunk('IEND', Buffer.alloc(0)),
    ])
  }

  it.each([
    ['image/png', () => picture.encode('png')],
    ['image/jpeg', () => picture.encode('jpeg')],
    ['image/webp', () => picture.encode('webp')],
  ] as const)('knows %s by its bytes, whatever its name', async (mediaType, encode) => {
    const path = await written('upload.bin', await encode())
    expect(await compositor.inspectImage(path)).toEqual({ width: 40, height: 30, mediaType })
  })

  it.each([
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', /no PNG, JPEG or WebP/],
    ['a picture too wide', pngOf(9000, 10), /9000×10; at most 8192/],
    ['a decompression bomb', pngOf(8000, 8000), /64000000 pixels; at most 40000000/],
    ['a damaged picture', pngOf(40, 30).subarray(0, 45), /damaged|does not say/],
    ['an empty file', '', /no PNG, JPEG or WebP/],
  ])('refuses %s', async (_, content, message) => {
    const path = await written('upload.png', content)
    await expect(compositor.inspectImage(path)).rejects.toMatchObject({
      code: 'bad_media',
      message: expect.stringMatching(message),
    })
  })
})
