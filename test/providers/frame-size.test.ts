import { expect, test } from 'vitest'
import { frameSize } from '#src/providers/frame-size.ts'

test.each([
  ['9:16', '1080p', 1080, 1920],
  ['16:9', '1080p', 1920, 1080],
  ['4:5', '1080p', 1080, 1350],
  ['2:3', '720p', 720, 1080],
  ['1:1', '480p', 480, 480],
  ['16:9', '480p', 854, 480],
  ['9:16', '180p', 180, 320],
])('%s at %s is %i × %i', (ratio, resolution, width, height) => {
  expect(frameSize(ratio, resolution)).toEqual({ width, height })
})

test.each([
  ['wide', '1080p'],
  ['16:0', '1080p'],
  ['16:9', '4K'],
])('%s at %s is no size', (ratio, resolution) => {
  expect(() => frameSize(ratio, resolution)).toThrow('No frame size')
})
