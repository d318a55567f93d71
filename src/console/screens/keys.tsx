/** API keys: who may do what. A new key is shown once. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { day, label, time } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { ApiKey } from '../api/types.ts'
import { toast } from '../components/toasts.tsx'
import { Confirm, Dialog, Field, Loading, More, Note, Problem, Top } from '../components/ui.tsx'

const scopes = [
  ['read', 'see everything of the workspace'],
  ['write', 'make templates, audiences and plans'],
  ['render', 'launch, and spend'],
  ['review', 'approve and reject'],
  ['admin', 'keys and the audit log'],
] as const

function NewKey({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>(['read', 'review'])
  const create = useMutation({
    mutationFn: () => call<ApiKey>('/v1/api-keys', { method: 'POST', body: { name, scopes: chosen } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  })
  return (
    <Dialog open title={create.data ? 'Keep this key' : 'New key'} onClose={onClose}>
      {create.data ? (
        <div className="stack gap">
          <Note tone="warn">It is shown this once, and kept nowhere.</Note>
          <p className="mono">{create.data.key}</p>
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
          <Field name="Name">
            {(id) => <input id={id} required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <div className="stack" style={{ gap: 0 }}>
            {scopes.map(([scope, about]) => (
              <label key={scope} className="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(scope)}
                  onChange={() => setChosen(chosen.includes(scope) ? chosen.filter((one) => one !== scope) : [...chosen, scope])}
                />
                <span>
                  <b>{label(scope)}</b> <span className="soft small">{about}</span>
                </span>
              </label>
            ))}
          </div>
          {create.error && <Problem error={create.error} />}
          <div className="actions">
            <button type="button" className="button" onClick={onClose}>
              Back
            </button>
            <button type="submit" className="button primary" disabled={create.isPending || chosen.length === 0}>
              Make the key
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

export function Keys() {
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const query = useInfiniteQuery(queries.keys())
  const revoke = useMutation({
    mutationFn: (id: string) => call(`/v1/api-keys/${id}`, { method: 'DELETE' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
    onError: (error) => toast(error.message, 'bad'),
  })
  return (
    <>
      <Top title="API keys">
        <button type="button" className="button primary" onClick={() => setAdding(true)}>
          <Plus aria-hidden /> New key
        </button>
      </Top>
      {query.isPending && <Loading />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <div className="panel flush">
          <div className="table" tabIndex={0} role="group" aria-label="API keys">
            <table>
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Begins with</th>
                  <th>May</th>
                  <th>Last used</th>
                  <th>Made</th>
                  <th>
                    <span className="hidden-label">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows(query.data).map((key) => (
                  <tr key={key.id}>
                    <td>
                      <b style={{ overflowWrap: 'anywhere' }}>{key.name}</b>
                    </td>
                    <td className="mono">{key.prefix}…</td>
                    <td>{key.scopes.join(', ')}</td>
                    <td style={{ whiteSpace: 'nowrap' }}>{key.last_used_at ? time(key.last_used_at) : 'Never'}</td>
                    <td style={{ whiteSpace: 'nowrap' }}>{day(key.created_at)}</td>
                    <td>
                      <Confirm
                        name="Revoke"
                        title={`Revoke “${key.name}”?`}
                        about="It stops working everywhere within five seconds. This cannot be taken back."
                        danger
                        onConfirm={() => revoke.mutate(key.id)}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More query={query} />
        </div>
      )}
      {adding && <NewKey onClose={() => setAdding(false)} />}
    </>
  )
}
