/**
 * Which addresses and ports outgoing requests may reach, as data. Sources: the IANA special-purpose registries for IPv4
 * and IPv6, the "bad ports" of the Fetch standard, and the clouds' documents for metadata addresses.
 */
import ipaddr from 'ipaddr.js'

interface NetworkRule {
  readonly network: string
  readonly what: string
  /** Stays refused when ALLOWED_PRIVATE_TARGETS contains it: nothing legitimate answers there, or it hands out credentials. */
  readonly never?: true
}

export const refusedNetworks: readonly NetworkRule[] = [
  { network: '169.254.169.254/32', what: 'cloud metadata', never: true },
  { network: '169.254.170.0/24', what: 'container credentials', never: true },
  { network: '100.100.100.200/32', what: 'cloud metadata', never: true },
  { network: '168.63.129.16/32', what: 'cloud platform', never: true },
  { network: '192.0.0.192/32', what: 'cloud metadata', never: true },
  { network: 'fd00:ec2::254/128', what: 'cloud metadata', never: true },
  { network: 'fd20:ce::254/128', what: 'cloud metadata', never: true },
  { network: '0.0.0.0/8', what: 'unspecified', never: true },
  { network: '224.0.0.0/4', what: 'multicast', never: true },
  { network: '255.255.255.255/32', what: 'broadcast', never: true },
  { network: '::/128', what: 'unspecified', never: true },
  { network: 'ff00::/8', what: 'multicast', never: true },

  { network: '10.0.0.0/8', what: 'private' },
  { network: '100.64.0.0/10', what: 'carrier-grade NAT' },
  { network: '127.0.0.0/8', what: 'loopback' },
  { network: '169.254.0.0/16', what: 'link-local' },
  { network: '172.16.0.0/12', what: 'private' },
  { network: '192.0.0.0/24', what: 'protocol assignments' },
  { network: '192.0.2.0/24', what: 'documentation' },
  { network: '192.31.196.0/24', what: 'AS112' },
  { network: '192.52.193.0/24', what: 'AMT' },
  { network: '192.88.99.0/24', what: '6to4 relay' },
  { network: '192.168.0.0/16', what: 'private' },
  { network: '192.175.48.0/24', what: 'AS112' },
  { network: '198.18.0.0/15', what: 'benchmarking' },
  { network: '198.51.100.0/24', what: 'documentation' },
  { network: '203.0.113.0/24', what: 'documentation' },
  { network: '240.0.0.0/4', what: 'reserved' },

  { network: '::1/128', what: 'loopback' },
  { network: '::/96', what: 'IPv4-compatible' },
  { network: '::ffff:0:0/96', what: 'IPv4-mapped' },
  { network: '::ffff:0:0:0/96', what: 'IPv4-translated' },
  { network: '64:ff9b::/96', what: 'NAT64' },
  { network: '64:ff9b:1::/48', what: 'NAT64' },
  { network: '100::/64', what: 'discard' },
  { network: '2001::/23', what: 'protocol assignments, Teredo' },
  { network: '2001:db8::/32', what: 'documentation' },
  { network: '2002::/16', what: '6to4' },
  { network: '2620:4f:8000::/48', what: 'AS112' },
  { network: '3fff::/20', what: 'documentation' },
  { network: 'fc00::/7', what: 'unique local' },
  { network: 'fe80::/10', what: 'link-local' },
  { network: 'fec0::/10', what: 'site-local' },
]

/** All that IANA has given out for the public internet; anything outside is refused without a rule of its own. */
const publicIpv6 = ipaddr.parseCIDR('2000::/3')

/** Ports that speak another protocol: the Fetch standard's list, and the stores and control planes that a POST could harm. */
export const refusedPorts: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113,
  115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556,
  563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
  6668, 6669, 6679, 6697, 10080, 445, 1433, 1521, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5984, 6379, 6443, 9042, 9092,
  9200, 9300, 10250, 11211, 27017,
])

export type AddressVerdict = { readonly status: 'allowed' } | { readonly status: 'refused'; readonly what: string }
type Network = ReturnType<typeof ipaddr.parseCIDR>
type Address = ReturnType<typeof ipaddr.parse>

const rules = refusedNetworks.map((rule) => ({ ...rule, range: ipaddr.parseCIDR(rule.network) }))
const isIn = (address: Address, range: Network): boolean => address.kind() === range[0].kind() && address.match(range)
const refused = (what: string): AddressVerdict => ({ status: 'refused', what })

/** @throws Error naming the networks that are not CIDR notation */
export function parseNetworks(networks: readonly string[]): Network[] {
  const wrong = networks.filter((network) => !ipaddr.isValidCIDR(network))
  if (wrong.length > 0)
    throw new Error(`ALLOWED_PRIVATE_TARGETS: not a network in CIDR notation, such as 10.0.0.0/8: ${wrong.join(', ')}`)
  return networks.map((network) => ipaddr.parseCIDR(network))
}

/**
 * An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4…) is never unwrapped: such forms are refused as they are, unless
 * that very IPv6 network is allowed.
 */
export function judgeAddress(text: string, allowed: readonly Network[]): AddressVerdict {
  if (!ipaddr.isValid(text)) return refused('not an address')
  const address = ipaddr.parse(text)
  const rule = rules.find(({ range }) => isIn(address, range))
  if (rule?.never) return refused(rule.what)
  if (allowed.some((range) => isIn(address, range))) return { status: 'allowed' }
  if (rule) return refused(rule.what)
  return address.kind() === 'ipv4' || isIn(address, publicIpv6) ? { status: 'allowed' } : refused('not a public network')
}
