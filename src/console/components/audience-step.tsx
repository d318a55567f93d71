/** An audience: one that exists, or a CSV of any size, streamed from the disk. Refused rows can be taken away as a file. */
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { call, send } from '../api/client.ts'
import { bytes, count, plural } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Audience, ImportResult, Template } from '../api/types.ts'
import { toast } from './toasts.tsx'
import { Field, Note, Problem } from './ui.tsx'

async function download(id: string): Promise<void> {
  const answer = await send(`/v1/imports/${id}/errors.csv`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = 'refused-rows.csv'
  link.click()
  URL.revokeObjectURL(link.href)
}

const typeOf = (file: File): string =>
  file.name.endsWith('.ndjson') || file.name.endsWith('.jsonl')
    ? 'application/x-ndjson'
    : file.name.endsWith('.json')
      ? 'application/json'
      : 'text/csv'

async function upload(file: File, template: Template) {
  const audience = await call<Audience>('/v1/audiences', {
    method: 'POST',
    body: { name: file.name.replace(/\.\w+$/, '') || 'Audience' },
  })
  const result = await call<ImportResult>(`/v1/audiences/${audience.id}/segments`, {
    method: 'PUT',
    query: { template_id: template.id },
    raw: { type: typeOf(file), content: file },
  })
  return { audience: await call<Audience>(`/v1/audiences/${audience.id}`), result }
}

function Result({ result }: { result: ImportResult }) {
  return (
    <div className="stack" role="status">
      <Note tone={result.accepted === 0 ? 'bad' : 'good'}>
        {count(result.accepted)} of {plural(result.rows, 'row')} accepted.{result.error ? ` ${result.error.message}` : ''}
      </Note>
      {result.refused > 0 && (
        <div className="panel flush">
          <div className="row between" style={{ padding: '.8rem 1rem' }}>
            <h2>{plural(result.refused, 'row')} refused</h2>
            <button
              type="button"
              className="button"
              onClick={() => void download(result.id).catch((error: Error) => toast(error.message, 'bad'))}
            >
              Download refused rows
            </button>
          </div>
          <div className="table" tabIndex={0} role="group" aria-label="Refused rows">
            <table>
              <thead>
                <tr>
                  <th>Row</th>
                  <th>Column</th>
                  <th>Why</th>
                  <th>Value</th>
                </tr>
              </thead>
              <tbody>
                {result.errors.slice(0, 20).map((error, at) => (
                  <tr key={at}>
                    <td className="num">{error.row}</td>
                    <td>{error.column ?? '–'}</td>
                    <td>{error.message}</td>
                    <td className="mono" dir="auto">
                      {error.value}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </div>
  )
}

export function AudienceStep({ template, onDone }: { template: Template; onDone: (audience: Audience) => void }) {
  const audiences = useInfiniteQuery(queries.audiences())
  const [chosen, setChosen] = useState('')
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const importing = useMutation({ mutationFn: (file: File) => upload(file, template) })
  const existing = rows(audiences.data).find((one) => one.id === chosen)
  const audience = existing ?? (importing.data?.result.accepted ? importing.data.audience : undefined)
  const take = (file: File | undefined) => {
    setChosen('')
    if (file) importing.mutate(file)
  }
  return (
    <>
      <div
        className="drop"
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          take(event.dataTransfer.files[0])
        }}
      >
        <FileUp aria-hidden width={30} height={30} />
        <b>{importing.isPending ? `Importing ${bytes(importing.variables.size)}…` : 'Drop a CSV here'}</b>
        <span className="soft small">Columns: key, locale, and one for each variable. CSV, NDJSON or JSON, of any size.</span>
        <button type="button" className="button" disabled={importing.isPending} onClick={() => input.current?.click()}>
          Choose a file
        </button>
        <input
          ref={input}
          type="file"
          accept=".csv,.ndjson,.jsonl,.json,text/csv"
          hidden
          onChange={(event) => take(event.target.files?.[0])}
        />
      </div>
      {importing.error && <Problem error={importing.error} />}
      {importing.data && !existing && <Result result={importing.data.result} />}
      <Field name="Or use an audience you have">
        {(id) => (
          <select id={id} value={chosen} onChange={(event) => setChosen(event.target.value)}>
            <option value="">Choose…</option>
            {rows(audiences.data).map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} ({count(one.segment_count)} segments)
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="actions">
        <button type="button" className="button primary" disabled={!audience} onClick={() => audience && onDone(audience)}>
          {audience ? `Continue with ${plural(audience.segment_count, 'segment')}` : 'Continue'}
        </button>
      </div>
    </>
  )
}
