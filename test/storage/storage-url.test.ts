import { describe, expect, test } from 'vitest'
import { BadStorageUrl, folderOfUrl, readStorageUrl } from '#src/storage/storage-url.ts'
import { createStorage } from '#src/storage/index.ts'
import { createS3Store } from '#src/storage/s3.ts'

describe('STORAGE_URL', () => {
  test('AWS: the bucket’s host, links to the bucket', () => {
    expect(readStorageUrl('s3://films?region=eu-central-1')).toEqual({
      bucket: 'films',
      prefix: '',
      endpoint: undefined,
      region: 'eu-central-1',
      pathStyle: false,
      linkEndpoint: undefined,
      presigns: true,
    })
  })

  test('a folder: by its absolute path, and nothing else', () => {
    expect(folderOfUrl('file:///srv/spot%20smith')).toBe('/srv/spot smith')
    expect(folderOfUrl('s3://films')).toBeUndefined()
    for (const url of ['file://server/srv', 'file:///', 'file:///srv?region=x'])
      expect(() => folderOfUrl(url)).toThrow(BadStorageUrl)
  })

  test('another server: path style, a default region, no links until it says where browsers find it', () => {
    expect(readStorageUrl('s3://films/a/b/?endpoint=http://s3:8333')).toMatchObject({
      prefix: 'a/b/',
      pathStyle: true,
      region: 'us-east-1',
      presigns: false,
    })
    const published = readStorageUrl('s3://films?endpoint=http://s3:8333&public_endpoint=https://cdn.example&path_style=false')
    expect(published).toMatchObject({ linkEndpoint: 'https://cdn.example', presigns: true, pathStyle: false })
  })

  test('links are signed for the public address', async () => {
    const credentials = { accessKeyId: 'k', secretAccessKey: 's' }
    const url = 's3://films?endpoint=http://s3:8333&public_endpoint=https://cdn.example'
    const link = await createS3Store({ url, credentials }).presign('a.mp4', {
      seconds: 9e9,
      mediaType: 'video/mp4',
      fileName: 'a.mp4',
    })
    expect(link).toMatch(/^https:\/\/cdn\.example\/films\/a\.mp4\?/)
    expect(new URL(link!).searchParams.get('X-Amz-Expires')).toBe('604800')
  })

  test('every fault at once', () => {
    const read = () => readStorageUrl('s3://key:secret@Bad_Name:9000/x?endpoint=s3.example&regio=x&path_style=maybe')
    const fault = (() => {
      try {
        return read()
      } catch (error) {
        return error
      }
    })()
    expect(fault).toBeInstanceOf(BadStorageUrl)
    expect((fault as BadStorageUrl).faults).toHaveLength(6)
    expect(String(fault)).not.toContain('secret@')
  })

  test.each(['films', 'https://films', ''])('%j is not read as a bucket', (text) => {
    expect(() => readStorageUrl(text)).toThrow('Expected s3://bucket')
  })

  test('without STORAGE_URL the objects are in DATA_DIR', async () => {
    const store = createStorage({ DATA_DIR: '/nowhere' })
    expect(await store.head('a.mp4')).toBeUndefined()
    expect(await store.presign('a.mp4', { seconds: 1, mediaType: 'video/mp4', fileName: 'a' })).toBeUndefined()
  })
})
