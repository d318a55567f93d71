import { describe, expect, it } from 'vitest'
import { rangeOf } from '#src/http/range.ts'

const file = { bytes: 1000, sha256: 'abc' }
const range = (header: string, ifRange?: string) => rangeOf(header, ifRange, file)

describe('the Range header', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=500-', { start: 500, end: 999 }],
    ['bytes=-100', { start: 900, end: 999 }],
    ['bytes=-5000', { start: 0, end: 999 }],
    ['bytes=990-2000', { start: 990, end: 999 }],
  ])('%s names bytes', (header, expected) => expect(range(header)).toEqual(expected))

  it.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('%s is outside the file', (header) =>
    expect(range(header)).toBe('unsatisfiable'),
  )

  it.each(['', 'bytes=-', 'bytes=5-2', 'items=0-1', 'bytes=0-1,5-6', 'bytes=a-b'])('"%s" counts as no range', (header) =>
    expect(range(header)).toBeNull(),
  )

  it('is ignored when the file is another one than If-Range says', () => {
    expect(range('bytes=0-0', '"other"')).toBeNull()
    expect(range('bytes=0-0', '"abc"')).toEqual({ start: 0, end: 0 })
  })
})
