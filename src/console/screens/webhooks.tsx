/** Endpoints, what was posted to them, and how to post it again. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Webhook } from 'lucide-react'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { count, label, time } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Delivery, Endpoint } from '../api/types.ts'
import { useScopes } from '../components/shell.tsx'
import { toast } from '../components/toasts.tsx'
import { Badge, Confirm, Dialog, Empty, Field, Loading, More, Note, Problem, Top } from '../components/ui.tsx'

function useChange() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({
      path,
      method = 'POST',
      body = {},
    }: {
      path: string
      method?: 'POST' | 'PATCH' | 'DELETE'
      body?: object | undefined
      done: string
    }) => call(path, { method, ...(method !== 'DELETE' && { body }) }),
    onSuccess: (_, { done }) => toast(done),
    onError: (error) => toast(error.message, 'bad'),
    onSettled: () => Promise.all([['endpoints'], ['deliveries']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  })
}

function NewEndpoint({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const [url, setUrl] = useState('')
  const create = useMutation({
    mutationFn: () => call<Endpoint>('/v1/webhook-endpoints', { method: 'POST', body: { url } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['endpoints'] }),
  })
  return (
    <Dialog open title={create.data ? 'Keep this secret' : 'New endpoint'} onClose={onClose}>
      {create.data ? (
        <div className="stack gap">
          <Note tone="warn">It verifies what we send, and is shown this once.</Note>
          <p className="mono">{create.data.secret}</p>
          <div className="actions">
            <button type="button" className="button primary" onClick={onClose}>
              I have kept it
            </button>
          </div>
        </div>
      ) : (
        <form
          className="stack gap"
          onSubmit={(event) => {
            event.preventDefault()
            create.mutate()
          }}
        >
          <Field name="Address" hint="Every event of the workspace is posted there, signed.">
            {(id) => (
              <input
                id={id}
                type="url"
                required
                placeholder="https://example.com/hooks"
                value={url}
                onChange={(event) => setUrl(event.target.value)}
              />
            )}
          </Field>
          {create.error && <Problem error={create.error} />}
          <div className="actions">
            <button type="button" className="button" onClick={onClose}>
              Back
            </button>
            <button type="submit" className="button primary" disabled={create.isPending}>
              Add endpoint
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

function EndpointPanel({ endpoint }: { endpoint: Endpoint }) {
  const may = useScopes()
  const change = useChange()
  const at = `/v1/webhook-endpoints/${endpoint.id}`
  return (
    <section className="panel stack" aria-label={endpoint.url}>
      <div className="row between">
        <b style={{ overflowWrap: 'anywhere' }}>{endpoint.url}</b>
        <Badge status={endpoint.status} />
      </div>
      {endpoint.disabled_reason && (
        <Note tone="warn">
          {label(endpoint.disabled_reason)}: waiting deliveries were cancelled. Enable it, then recover them.
        </Note>
      )}
      <span className="soft small">
        {endpoint.event_types ? endpoint.event_types.join(', ') : 'Every event'} ·{' '}
        {endpoint.campaign_id ? 'one campaign' : 'every campaign'} · signature {endpoint.signature}
      </span>
      {may('write') && (
        <div className="row">
          <button
            type="button"
            className="button"
            disabled={change.isPending}
            onClick={() => change.mutate({ path: `${at}/test`, body: undefined, done: 'A test event is on its way.' })}
          >
            Send a test
          </button>
          <button
            type="button"
            className="button"
            disabled={change.isPending}
            onClick={() =>
              change.mutate({
                path: `${at}/recover`,
                body: { since: new Date(Date.now() - 3 * 86_400_000).toISOString() },
                done: 'Failed deliveries of three days are sent again.',
              })
            }
          >
            Recover 3 days
          </button>
          <button
            type="button"
            className="button"
            disabled={change.isPending}
            onClick={() =>
              change.mutate({
                path: at,
                method: 'PATCH',
                body: { status: endpoint.status === 'enabled' ? 'disabled' : 'enabled' },
                done: 'Changed.',
              })
            }
          >
            {endpoint.status === 'enabled' ? 'Disable' : 'Enable'}
          </button>
          <Confirm
            name="Delete"
            title="Delete this endpoint?"
            about="Nothing more is posted to it, and its waiting deliveries are cancelled."
            danger
            onConfirm={() => change.mutate({ path: at, method: 'DELETE', done: 'Deleted.' })}
          />
        </div>
      )}
    </section>
  )
}

function DeliveryDetails({ delivery, onClose }: { delivery: Delivery; onClose: () => void }) {
  const may = useScopes()
  const change = useChange()
  const full = useQuery({ queryKey: ['delivery', delivery.id], queryFn: () => call<Delivery>(`/v1/deliveries/${delivery.id}`) })
  const event = useQuery(queries.event(delivery.event_id))
  return (
    <Dialog open title={event.data?.type ?? 'Delivery'} about={delivery.id} onClose={onClose}>
      <ol className="stack">
        {(full.data?.attempts ?? []).map((attempt) => (
          <li key={attempt.attempt} className="small">
            <b>{attempt.attempt}.</b> {time(attempt.started_at)} · {attempt.status ?? 'no answer'} · {attempt.milliseconds} ms{' '}
            {attempt.error && <span className="soft">{attempt.error}</span>}
          </li>
        ))}
      </ol>
      <h3>Payload</h3>
      {event.isPending ? (
        <Loading height={120} />
      ) : (
        <pre className="payload mono" tabIndex={0}>
          {JSON.stringify(event.data?.payload, null, 2)}
        </pre>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        {may('write') && (
          <button
            type="button"
            className="button primary"
            disabled={change.isPending}
            onClick={() =>
              change.mutate(
                delivery.status === 'delivered'
                  ? { path: `/v1/events/${delivery.event_id}/replay`, body: undefined, done: 'Replayed.' }
                  : { path: `/v1/deliveries/${delivery.id}/retry`, body: undefined, done: 'Sent again.' },
              )
            }
          >
            {delivery.status === 'delivered' ? 'Replay this event' : 'Send again now'}
          </button>
        )}
      </div>
    </Dialog>
  )
}

export function Webhooks() {
  const may = useScopes()
  const [adding, setAdding] = useState(false)
  const [status, setStatus] = useState('')
  const [open, setOpen] = useState<Delivery>()
  const endpoints = useInfiniteQuery(queries.endpoints())
  const deliveries = useInfiniteQuery({ ...queries.deliveries({ status: status || undefined }), refetchInterval: 5000 })
  const urls = new Map(rows(endpoints.data).map((one) => [one.id, one.url]))
  return (
    <>
      <Top title="Webhooks">
        {may('write') && (
          <button type="button" className="button primary" onClick={() => setAdding(true)}>
            <Plus aria-hidden /> New endpoint
          </button>
        )}
      </Top>
      {endpoints.isPending && <Loading />}
      {endpoints.isError && <Problem error={endpoints.error} onRetry={() => void endpoints.refetch()} />}
      {endpoints.data && urls.size === 0 && (
        <div className="panel">
          <Empty icon={Webhook} title="No endpoint yet">
            <p>Finished ads are announced to an address of yours, signed, and tried again for 75 hours.</p>
          </Empty>
        </div>
      )}
      <div className="cols">
        {rows(endpoints.data).map((endpoint) => (
          <EndpointPanel key={endpoint.id} endpoint={endpoint} />
        ))}
      </div>
      <section className="panel flush" aria-labelledby="deliveries">
        <div className="row between" style={{ padding: '1rem 1.2rem' }}>
          <h2 id="deliveries">Deliveries</h2>
          <select
            aria-label="Filter deliveries"
            style={{ width: 'auto' }}
            value={status}
            onChange={(event) => setStatus(event.target.value)}
          >
            <option value="">All</option>
            {['due', 'delivered', 'exhausted', 'cancelled'].map((one) => (
              <option key={one} value={one}>
                {label(one)}
              </option>
            ))}
          </select>
        </div>
        {deliveries.data && rows(deliveries.data).length === 0 && (
          <p className="soft" style={{ padding: '0 1.2rem 1.2rem' }}>
            Nothing was posted yet.
          </p>
        )}
        {rows(deliveries.data).length > 0 && (
          <div className="table" tabIndex={0} role="group" aria-label="Deliveries">
            <table>
              <thead>
                <tr>
                  <th>Event</th>
                  <th>Endpoint</th>
                  <th>State</th>
                  <th className="end">Answer</th>
                  <th className="end">Attempts</th>
                  <th>When</th>
                </tr>
              </thead>
              <tbody>
                {rows(deliveries.data).map((one) => (
                  <tr key={one.id}>
                    <td>
                      <button
                        type="button"
                        className="button ghost mono"
                        style={{ padding: 0, minHeight: 0 }}
                        onClick={() => setOpen(one)}
                      >
                        {one.event_id.slice(0, 16)}…
                      </button>
                    </td>
                    <td style={{ maxWidth: '20rem' }}>
                      <div className="cut">{urls.get(one.endpoint_id) ?? one.endpoint_id}</div>
                    </td>
                    <td>
                      <Badge status={one.status} />
                    </td>
                    <td className="end num">{one.last_status ?? '–'}</td>
                    <td className="end num">{count(one.attempt_count)}</td>
                    <td style={{ whiteSpace: 'nowrap' }}>{time(one.delivered_at ?? one.created_at)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <More query={deliveries} />
      </section>
      {adding && <NewEndpoint onClose={() => setAdding(false)} />}
      {open && <DeliveryDetails delivery={open} onClose={() => setOpen(undefined)} />}
    </>
  )
}
