/** Opens connections for undici, to judged addresses only: the literal, each looked-up address and the peer are checked. */
import { buildConnector } from 'undici'
import { type Guard, TargetRefused } from './guard.ts'

/** A guard that only hooks the lookup would let every literal address through: net.connect never looks those up. */
export function createConnector(guard: Guard, { connectTimeoutMs }: { connectTimeoutMs: number }): buildConnector.connector {
  // HTTP/1.1 only: one request per connection at a time keeps a slow target's answers from holding up others.
  const dial = buildConnector({ allowH2: false, timeout: connectTimeoutMs, lookup: guard.lookup })
  return (options, callback) => {
    const verdict = guard.judgeConnection(options)
    if (verdict.status === 'refused') return callback(new TargetRefused(verdict), null)
    dial(options, (...[error, socket]) => {
      if (error) return callback(error, null)
      const peer = guard.judgePeer(socket.remoteAddress)
      if (peer.status === 'allowed') return callback(null, socket)
      socket.destroy()
      return callback(new TargetRefused(peer), null)
    })
  }
}
