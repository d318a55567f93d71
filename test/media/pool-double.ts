/** A child that does what it is told, in place of the compositor's. */
interface Order {
  readonly input: { readonly act: string; readonly value?: unknown }
}

process.on('message', (message) => {
  const { act, value } = (message as Order).input
  if (act === 'crash') process.abort()
  if (act === 'hang') return
  if (act === 'fail') process.send?.({ ok: false, fault: { name: 'Terminal', code: 'bad_clip', message: 'No.' }, rss: 1 })
  else if (act === 'stumble') process.send?.({ ok: false, fault: { name: 'Retryable', message: 'Disk full.' }, rss: 1 })
  else process.send?.({ ok: true, value: act === 'pid' ? process.pid : value, rss: act === 'big' ? 1e12 : 1 })
})
process.once('disconnect', () => process.exit(0))
