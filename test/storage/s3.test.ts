import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createS3Store } from '#src/storage/s3.ts'
import { describeStorage } from '#test/conformance/storage.ts'
import { s3LeftOut, startS3Server } from '#test/support/s3.ts'
import type { S3Server } from '#test/support/s3.ts'

const leftOut = s3LeftOut()
if (leftOut) console.log(`LEFT OUT: object store over S3: ${leftOut}.`)

test('an S3 server is there, or this is not CI', () => {
  expect({ leftOut, allowed: !process.env['CI'] || !leftOut }).toMatchObject({ allowed: true })
})

describe.each(leftOut ? [] : [{ name: 'S3' }])('$name', ({ name }) => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server()
  }, 300_000)
  afterAll(() => server?.close())

  describeStorage(name, () => {
    const store = createS3Store({ url: server.url.replace('?', '/some/prefix?'), credentials: server.credentials })
    return Promise.resolve({ store, close: () => Promise.resolve(store.close()) })
  })

  test('a failed upload of several parts gives its parts back', async () => {
    const store = createS3Store(server)
    const source = Readable.from(
      (async function* () {
        for (let i = 0; i < 20; i++) yield Buffer.alloc(1_000_000)
        await Promise.resolve()
        throw new Error('cut off')
      })(),
    )
    await expect(store.put('abandoned.mp4', source, { mediaType: 'video/mp4' })).rejects.toThrow('cut off')
    const endpoint = new URL(server.url).searchParams.get('endpoint')!
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: server.credentials })
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: new URL(server.url).hostname }))
    expect(Uploads).toEqual([])
  })

  test('the prefix keeps two deployments in one bucket apart', async () => {
    const at = (prefix: string) => createS3Store({ ...server, url: server.url.replace('?', `/${prefix}?`) })
    await at('one').put('a.mp4', Readable.from([Buffer.from('x')]), { mediaType: 'video/mp4' })
    expect(await Array.fromAsync(at('one').list(''))).toMatchObject([{ key: 'a.mp4', bytes: 1 }])
    expect(await Array.fromAsync(at('two').list(''))).toEqual([])
  })

  test.each([
    ['a bucket that is not there', { bucket: 'nowhere' }, /bucket "nowhere" does not exist .*aws s3 mb/],
    ['a wrong secret', { secretAccessKey: 'not-the-secret' }, /check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/],
    ['nobody listening', { port: '1' }, /cannot be reached \(ECONNREFUSED\)/],
  ])('check says what is wrong: %s', async (_, fault, message) => {
    const { bucket, port, secretAccessKey } = {
      bucket: 'spotsmith',
      port: undefined,
      secretAccessKey: server.credentials.secretAccessKey,
      ...fault,
    }
    const endpoint = new URL(new URL(server.url).searchParams.get('endpoint')!)
    if (port) endpoint.port = port
    const credentials = { ...server.credentials, secretAccessKey }
    const store = createS3Store({ url: `s3://${bucket}?endpoint=${endpoint.origin}`, credentials })
    const failure = await store.check().catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: expect.stringMatching(message) })
    expect(String(failure)).not.toContain(secretAccessKey)
  })

  test('without public_endpoint there are no links: browsers may not reach the server', async () => {
    const store = createS3Store({ ...server, url: server.url.replace(/&public_endpoint=.*/, '') })
    expect(await store.presign('a.mp4', { seconds: 60, mediaType: 'video/mp4', fileName: 'a.mp4' })).toBeUndefined()
  })
})
