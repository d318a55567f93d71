/** Why something is rejected, in two keys: 1–6 choose, Enter sends. */
import { useState } from 'react'
import { label, money } from '../api/format.ts'
import type { RejectReason } from '../api/types.ts'
import { Dialog, Field } from './ui.tsx'

export const reasons = ['brand', 'text', 'visual', 'policy', 'wrong_segment', 'other'] as const satisfies readonly RejectReason[]

export interface RejectAnswer {
  readonly reason: RejectReason
  readonly note: string | null
  readonly regenerate: boolean
}

interface Props {
  readonly open: boolean
  readonly title: string
  /** The most that another clip costs; undefined: it cannot be asked for here. */
  readonly price?: number | undefined
  readonly onClose: () => void
  readonly onReject: (answer: RejectAnswer) => void
}

export function RejectForm({ open, title, price, onClose, onReject }: Props) {
  const [reason, setReason] = useState<RejectReason>('visual')
  const [note, setNote] = useState('')
  const [regenerate, setRegenerate] = useState(false)
  return (
    <Dialog open={open} title={title} onClose={onClose}>
      <form
        className="stack gap"
        onKeyDown={(event) => {
          const chosen = reasons[Number(event.key) - 1]
          if (chosen && (event.target as HTMLElement).tagName !== 'TEXTAREA') setReason(chosen)
        }}
        onSubmit={(event) => {
          event.preventDefault()
          onReject({ reason, note: note.trim() || null, regenerate })
          setNote('')
          setRegenerate(false)
        }}
      >
        <fieldset className="stack" style={{ border: 0, padding: 0, margin: 0, gap: '.1rem' }}>
          <legend className="hidden-label">Reason</legend>
          {reasons.map((one, index) => (
            <label key={one} className="check">
              <input
                type="radio"
                name="reason"
                checked={reason === one}
                onChange={() => setReason(one)}
                autoFocus={one === reason}
              />{' '}
              {label(one)} <kbd aria-hidden>{index + 1}</kbd>
            </label>
          ))}
        </fieldset>
        <Field name="Note (optional)">
          {(id) => <textarea id={id} rows={2} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />}
        </Field>
        {price !== undefined && (
          <label className="check">
            <input type="checkbox" checked={regenerate} onChange={(event) => setRegenerate(event.target.checked)} />
            <span>
              Ask for another clip: <b>{price === 0 ? 'free' : `at most ${money(price)}`}</b>
            </span>
          </label>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Back
          </button>
          <button type="submit" className="button danger">
            Reject
          </button>
        </div>
      </form>
    </Dialog>
  )
}
