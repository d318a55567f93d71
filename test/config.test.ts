import { BadSettings, readConfig, settings } from '#src/config.ts'
import { describe, expect, test } from 'vitest'

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof BadSettings) return error.faults
    throw error
  }
  return []
}

const scaledOut = {
  ROLE: 'api',
  DATABASE_URL: 'postgres://u:p@db/x',
  QUEUE_URL: 'redis://redis:6379',
  STORAGE_URL: 's3://bucket',
  SECRET_KEY: 'x'.repeat(32),
}

describe('readConfig', () => {
  test('with nothing set, everything has a default', () => {
    expect(readConfig({})).toMatchObject({ ROLE: 'all', PORT: 8080, DATA_DIR: './data', ALLOWED_PRIVATE_TARGETS: [] })
    expect(Object.keys(readConfig({}))).toEqual(Object.keys(settings))
  })

  test('an empty value counts as not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '' })).toEqual(readConfig({}))
  })

  test.each([
    ['PORT', '70000', /whole number from 0 to 65535/],
    ['PORT', '0x50', /whole number/],
    ['PORT', ' ', /whole number/],
    ['DATABASE_POOL', '1', /whole number from 2 to 200/],
    ['DATABASE_URL', 'mysql://u:top-secret@db/x', /begins with postgres:\/\//],
    ['QUEUE_URL', 'redis', /begins with redis:\/\//],
    ['STORAGE_URL', 'https://bucket', /begins with s3:\/\//],
    ['PUBLIC_URL', 'spotsmith.example', /begins with http:\/\//],
    ['ROLE', 'worker', /one of all, api, workers/],
    ['SECRET_KEY', 'short-top-secret', /At least 32/],
    ['ALLOWED_PRIVATE_TARGETS', '10.0.0.0/8, 300.1.1.1/8', /networks such as/],
    ['ALLOW_INSECURE_WEBHOOKS', 'yes', /true or false/],
    ['LOG_LEVEL', 'loud', /one of silent, fatal/],
  ])('%s=%s is refused by name, without its value', (name, value, message) => {
    const faults = faultsOf({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^${name}: `))
    expect(faults[0]).toMatch(message)
    expect(faults[0]).not.toContain('top-secret')
  })

  test('all faults are listed at once', () => {
    const names = faultsOf({ PORT: 'x', ROLE: 'y', LINK_DAYS: '1' }).map((fault) => fault.split(':')[0])
    expect(names.toSorted((a, b) => (a! < b! ? -1 : 1))).toEqual(['LINK_DAYS', 'PORT', 'ROLE'])
  })

  test('separate roles need everything that they share', () => {
    expect(faultsOf({ ROLE: 'workers' }).map((fault) => fault.split(':')[0])).toEqual([
      'DATABASE_URL',
      'QUEUE_URL',
      'STORAGE_URL',
      'SECRET_KEY',
    ])
    expect(faultsOf(scaledOut)).toEqual([])
  })

  test('half of a credential is refused', () => {
    expect(faultsOf({ AWS_ACCESS_KEY_ID: 'a' })).toEqual([expect.stringContaining('set both or neither')])
  })

  test('networks are a list', () => {
    expect(readConfig({ ALLOWED_PRIVATE_TARGETS: '10.0.0.0/8, fd00::/8' }).ALLOWED_PRIVATE_TARGETS).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
    ])
  })

  test('the configuration cannot be changed', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true)
  })
})
