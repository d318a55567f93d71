/** Clips that were bought, and those whose answer was lost, with the three ways out of it. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Film } from 'lucide-react'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { label, money, time } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Generation } from '../api/types.ts'
import { useScopes } from '../components/shell.tsx'
import { toast } from '../components/toasts.tsx'
import { Badge, Dialog, Empty, Field, Loading, More, Note, Problem, Top } from '../components/ui.tsx'

const ways = [
  {
    action: 'attach',
    name: 'Attach the job',
    about:
      'You found the job in the provider’s own console. Give its reference: it is followed to its end, and nothing is bought twice.',
  },
  {
    action: 'resubmit',
    name: 'Buy again',
    about: 'You accept that it may be billed twice. The first reservation stays until it is known; a second one is made.',
  },
  {
    action: 'abandon',
    name: 'Give it up',
    about: 'No other request is sent. The ads that need this clip go to the next model, or fail.',
  },
] as const
type Way = (typeof ways)[number]['action']

function Resolve({ generation, onClose }: { generation: Generation; onClose: () => void }) {
  const client = useQueryClient()
  const [way, setWay] = useState<Way>('attach')
  const [reference, setReference] = useState('')
  const attempt = generation.attempts.at(-1)
  const resolve = useMutation({
    mutationFn: () =>
      call<Generation>(`/v1/generations/${generation.id}/resolve`, {
        method: 'POST',
        body: { action: way, ...(way === 'attach' && { job_ref: parseReference(reference) }) },
      }),
    onSuccess: async () => {
      toast('Decided.')
      onClose()
      await client.invalidateQueries()
    },
  })
  return (
    <Dialog
      open
      title="What happened to this request?"
      about={`The answer to a request to ${generation.model} was lost${attempt ? ` at ${time(attempt.submitted_at)}` : ''}. Nobody can know from here whether it was taken; ${attempt ? money(attempt.reserved_micro_usd) : 'its money'} stays reserved.`}
      onClose={onClose}
    >
      <form
        className="stack gap"
        onSubmit={(event) => {
          event.preventDefault()
          resolve.mutate()
        }}
      >
        {ways.map((one) => (
          <label key={one.action} className="check">
            <input type="radio" name="way" checked={way === one.action} onChange={() => setWay(one.action)} />
            <span>
              <b>{one.name}</b>
              <br />
              <span className="soft small">{one.about}</span>
            </span>
          </label>
        ))}
        {way === 'attach' && (
          <Field name="The job’s reference">
            {(id) => <input id={id} required value={reference} onChange={(event) => setReference(event.target.value)} />}
          </Field>
        )}
        {resolve.error && <Problem error={resolve.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Back
          </button>
          <button type="submit" className="button primary" disabled={resolve.isPending}>
            {ways.find((one) => one.action === way)!.name}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** A reference is JSON at some providers; else it is the text itself. */
function parseReference(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export function Generations() {
  const may = useScopes()
  const [status, setStatus] = useState('')
  const query = useInfiniteQuery({ ...queries.generations({ status: status || undefined }), refetchInterval: 5000 })
  const uncertain = useInfiniteQuery(queries.generations({ status: 'uncertain' }))
  const [open, setOpen] = useState<Generation>()
  const clips = rows(query.data)
  const lost = rows(uncertain.data)
  return (
    <>
      <Top title="Clips">
        <select
          aria-label="Filter by state"
          style={{ width: 'auto' }}
          value={status}
          onChange={(event) => setStatus(event.target.value)}
        >
          <option value="">All states</option>
          {['planned', 'submitting', 'running', 'fetching', 'ready', 'failed', 'uncertain', 'abandoned', 'cancelled'].map(
            (one) => (
              <option key={one} value={one}>
                {label(one)}
              </option>
            ),
          )}
        </select>
      </Top>
      {lost.length > 0 && (
        <Note tone="warn" role="status">
          <b>The answer to a paid request was lost.</b>
          <span>Its money stays reserved until you say what happened: attach the job you found, buy again, or give it up.</span>
        </Note>
      )}
      {query.isPending && <Loading height={260} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && clips.length === 0 && (
        <div className="panel">
          <Empty icon={Film} title="No clip here">
            <p>Clips are bought when a campaign is launched, each distinct one once.</p>
          </Empty>
        </div>
      )}
      {clips.length > 0 && (
        <div className="panel flush">
          <div className="table" tabIndex={0} role="group" aria-label="Clips">
            <table>
              <thead>
                <tr>
                  <th>Prompt</th>
                  <th>State</th>
                  <th>Model</th>
                  <th className="end">Cost</th>
                  <th className="end">Attempts</th>
                  <th>Made</th>
                  <th>
                    <span className="hidden-label">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {clips.map((clip) => (
                  <tr key={clip.id}>
                    <td style={{ minWidth: '16rem' }}>
                      <span dir="auto">{clip.prompt}</span>
                      <br />
                      <span className="soft small">
                        {clip.seconds} s · {clip.aspect_ratio} · {clip.resolution}
                      </span>
                      {clip.error && <div className="small">{clip.error.message}</div>}
                    </td>
                    <td>
                      <Badge status={clip.status} />
                    </td>
                    <td>{clip.model}</td>
                    <td className="end num">{money(clip.cost_micro_usd)}</td>
                    <td className="end num">{clip.attempts.length}</td>
                    <td style={{ whiteSpace: 'nowrap' }}>{time(clip.created_at)}</td>
                    <td>
                      {clip.status === 'uncertain' && may('render') && (
                        <button type="button" className="button primary" onClick={() => setOpen(clip)}>
                          Decide…
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More query={query} />
        </div>
      )}
      {open && <Resolve generation={open} onClose={() => setOpen(undefined)} />}
    </>
  )
}
