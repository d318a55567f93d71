import { describe, expect, it } from 'vitest'
import { createResolve, type DnsClient } from '#src/network/resolve.ts'

const fault = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))
const dnsOf = (four: string[] | string, six: string[] | string): DnsClient => {
  const answer = (value: string[] | string) => (typeof value === 'string' ? fault(value) : Promise.resolve(value))
  return { resolve4: () => answer(four), resolve6: () => answer(six) }
}
const system = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])

describe('names', () => {
  it.each<[string, string[] | string, string[] | string, string[]]>([
    ['both families', ['93.184.215.14'], ['2606:4700::1111'], ['93.184.215.14', '2606:4700::1111']],
    ['IPv4 alone', ['93.184.215.14'], 'ENODATA', ['93.184.215.14']],
    ['IPv6 alone, though IPv4 is late', 'ETIMEOUT', ['2606:4700::1111'], ['2606:4700::1111']],
    ['of /etc/hosts', 'ENOTFOUND', 'ENOTFOUND', ['127.0.0.1']],
    ['without a DNS server', 'ECONNREFUSED', 'ECONNREFUSED', ['127.0.0.1']],
  ])('resolve: %s', async (_, four, six, expected) => {
    const found = await createResolve({ dns: dnsOf(four, six), system })('a.example')
    expect(found.map(({ address }) => address)).toEqual(expected)
  })

  it('whose servers never answer take none of the threads of the process', async () => {
    let asked = 0
    const counting = () => (asked++, system())
    const resolve = createResolve({ dns: dnsOf('ETIMEOUT', 'ETIMEOUT'), system: counting })
    await expect(resolve('hangs.example')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(asked).toBe(0)
  })

  it('are asked of the system two at a time', async () => {
    const running: (() => void)[] = []
    let most = 0
    const slow = async (name: string) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      running.push(resolve)
      most = Math.max(most, running.length)
      await promise
      return [{ address: name, family: 4 }]
    }
    const resolve = createResolve({ dns: dnsOf('ENOTFOUND', 'ENOTFOUND'), system: slow })
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map(resolve))
    let answered = 0
    const answerAll = async () => {
      while (answered < 5) {
        const next = running.shift()
        if (next) {
          answered++
          next()
        }
        await new Promise(setImmediate)
      }
    }
    await answerAll()
    expect((await all).map(([one]) => one!.address)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(most).toBe(2)
  })

  it('that many ask for at once are looked up once', async () => {
    let asked = 0
    const dns: DnsClient = { resolve4: async () => (asked++, ['93.184.215.14']), resolve6: async () => [] }
    const resolve = createResolve({ dns, system })
    await Promise.all(Array.from({ length: 100 }, () => resolve('a.example')))
    await resolve('a.example')
    expect(asked).toBe(2)
  })
})
