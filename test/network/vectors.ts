/** Targets that must never be reached: each is tried at registration, as a delivery and as a fetch. */
import type { RefusalCode } from '#src/network/guard.ts'

export interface Vector {
  readonly url: string
  readonly code: RefusalCode
  /** What the name resolves to; literals need none. */
  readonly resolvesTo?: readonly string[]
}

const literal = (host: string): Vector => ({ url: `https://${host}/hook`, code: 'private_target' })
const named = (name: string, ...resolvesTo: string[]): Vector => ({
  url: `https://${name}/hook`,
  code: 'private_target',
  resolvesTo,
})
const port = (number: number): Vector => ({
  url: `https://example.com:${number}/`,
  code: 'port_not_allowed',
  resolvesTo: ['93.184.215.14'],
})

export const vectors: readonly Vector[] = [
  // loopback in every spelling that a URL parser understands
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '017700000001', '0x7f000001', '0x7f.1', '0177.0.0.1'].map(
    literal,
  ),
  ...['127.0.0.1.', '0x7f.0x0.0x0.0x1', '%31%32%37.0.0.1', '１２７.0.0.1', '127。0。0。1', '[::1]', '[0:0:0:0:0:0:0:1]'].map(
    literal,
  ),
  // the unspecified address reaches the host itself
  ...['0.0.0.0', '0', '0x0', '0.1.2.3', '[::]'].map(literal),
  // private networks, link-local, shared
  ...['10.0.0.1', '10.255.255.255', '167772161', '012.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '3232235777'].map(
    literal,
  ),
  ...['169.254.1.1', '100.64.0.1', '100.127.255.255', '[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd12:3456::1]'].map(literal),
  // metadata
  ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.170.2', '100.100.100.200'].map(literal),
  ...['192.0.0.192', '168.63.129.16', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '[64:ff9b::a9fe:a9fe]'].map(literal),
  // IPv4 inside IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
  ...[
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:93.184.215.14]',
    '[::127.0.0.1]',
    '[::ffff:0:7f00:1]',
  ].map(literal),
  ...['[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2002:a00:1::1]', '[2001:0:7f00:1::1]'].map(literal),
  // reserved, documentation, multicast, broadcast
  ...['192.0.2.1', '198.51.100.7', '203.0.113.9', '198.18.0.1', '192.88.99.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'].map(
    literal,
  ),
  ...['[2001:db8::1]', '[3fff::1]', '[ff02::1]', '[100::1]', '[5f00::1]', '[4000::1]'].map(literal),
  // names
  named('localhost', '127.0.0.1'),
  named('localhost.', '127.0.0.1'),
  named('internal.example', '10.1.2.3'),
  named('six.example', '::1'),
  named('mapped.example', '::ffff:127.0.0.1'),
  named('nat64.example', '64:ff9b::7f00:1'),
  named('scoped.example', 'fe80::1%1'),
  named('mixed.example', '93.184.215.14', '127.0.0.1'),
  named('mixed-six.example', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::1'),
  named('metadata.google.internal', '169.254.169.254'),
  named('garbage.example', 'not-an-address'),
  { url: 'https://nowhere.example/', code: 'unresolvable', resolvesTo: [] },
  // userinfo
  ...[
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://example.com%40@example.com/',
    'https://127.0.0.1@example.com/',
  ].map((url): Vector => ({ url, code: 'userinfo_not_allowed', resolvesTo: ['93.184.215.14'] })),
  literal('@127.0.0.1'),
  // schemes
  ...[
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'javascript:alert(1)',
    'data:text/plain,x',
  ].map((url): Vector => ({ url, code: 'scheme_not_allowed', resolvesTo: ['93.184.215.14'] })),
  ...[
    '',
    'example.com',
    '//example.com',
    'https://',
    'https://exa mple.com/',
    'https://[::1',
    'https://1.2.3.4.5/',
    'https://0x100000000/',
  ].map((url): Vector => ({ url, code: 'invalid_url' })),
  // ports of other protocols
  ...[22, 25, 53, 445, 3306, 5432, 6379, 6667, 9200, 11211].map(port),
]
