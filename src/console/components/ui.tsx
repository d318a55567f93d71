/** The small parts that every screen is made of. */
import { AlertTriangle, CheckCircle2, Info, Inbox, RotateCw, WifiOff, type LucideIcon } from 'lucide-react'
import { Dialog as RadixDialog } from 'radix-ui'
import { type ReactNode, useId, useState } from 'react'
import { ApiError, Unreachable } from '../api/client.ts'
import { label } from '../api/format.ts'

export function Top({
  title,
  above,
  about,
  children,
}: {
  title: string
  above?: ReactNode
  about?: ReactNode
  children?: ReactNode
}) {
  return (
    <header className="top">
      <div>
        {above}
        <h1 dir="auto">{title}</h1>
        {about && (
          <div className="row soft" style={{ marginTop: '.45rem' }}>
            {about}
          </div>
        )}
      </div>
      <div className="row">{children}</div>
    </header>
  )
}

const tones: Readonly<Record<string, string>> = {
  ready: 'good',
  completed: 'good',
  approved: 'good',
  delivered: 'good',
  enabled: 'good',
  succeeded: 'good',
  in_review: 'warn',
  paused: 'warn',
  uncertain: 'warn',
  planning: 'info',
  planned: 'info',
  rendering: 'info',
  composing: 'info',
  running: 'info',
  submitting: 'info',
  fetching: 'info',
  due: 'info',
  waiting: 'info',
  failed: 'bad',
  rejected: 'bad',
  plan_failed: 'bad',
  exhausted: 'bad',
  disabled: 'bad',
}

export const Badge = ({ status, children }: { status: string; children?: ReactNode }) => (
  <span className={`badge ${tones[status] ?? ''}`}>{children ?? label(status)}</span>
)

const noteIcons = { info: Info, warn: AlertTriangle, bad: AlertTriangle, good: CheckCircle2 }
export function Note({
  tone = 'info',
  children,
  role,
}: {
  tone?: keyof typeof noteIcons
  children: ReactNode
  role?: 'alert' | 'status'
}) {
  const Icon = noteIcons[tone]
  return (
    <div className={`note ${tone}`} role={role}>
      <Icon aria-hidden />
      <div>{children}</div>
    </div>
  )
}

export function Empty({ icon: Icon = Inbox, title, children }: { icon?: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon aria-hidden />
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export const Loading = ({ height = 180 }: { height?: number }) => (
  <div role="status">
    <span className="hidden-label">Loading…</span>
    <div className="skeleton" style={{ height }} />
  </div>
)

/** A fault as a person should read it: what happened, each place, and a way on. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const isAway = error instanceof Unreachable
  const faults = error instanceof ApiError ? error.faults : []
  const missing = error instanceof ApiError && error.code === 'forbidden'
  return (
    <div className={`note ${isAway || missing ? 'warn' : 'bad'}`} role="alert">
      {isAway ? <WifiOff aria-hidden /> : <AlertTriangle aria-hidden />}
      <div>
        <span>{error instanceof Error ? error.message : 'Something failed in this page.'}</span>
        {faults.length > 0 && (
          <ul className="small">
            {faults.slice(0, 12).map((fault) => (
              <li key={fault.pointer + fault.code}>
                <span className="mono">{fault.pointer}</span> {fault.message}
              </li>
            ))}
          </ul>
        )}
        {onRetry && (
          <span>
            <button type="button" className="button" onClick={onRetry}>
              <RotateCw aria-hidden /> Try again
            </button>
          </span>
        )}
      </div>
    </div>
  )
}

export function Field({
  name,
  hint,
  fault,
  children,
}: {
  name: string
  hint?: ReactNode
  fault?: string | undefined
  children: (id: string) => ReactNode
}) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {children(id)}
      {hint && <span className="hint">{hint}</span>}
      {fault && (
        <span className="fault" role="alert">
          {fault}
        </span>
      )}
    </div>
  )
}

export function Dialog({
  open,
  title,
  about,
  onClose,
  children,
}: {
  open: boolean
  title: string
  about?: ReactNode
  onClose: () => void
  children: ReactNode
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="overlay" />
        <RadixDialog.Content className="dialog" {...(about ? {} : { 'aria-describedby': undefined })}>
          <RadixDialog.Title asChild>
            <h2>{title}</h2>
          </RadixDialog.Title>
          {about && <RadixDialog.Description className="soft">{about}</RadixDialog.Description>}
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  )
}

/** Asks once more before something that cannot be taken back. */
export function Confirm({
  name,
  title,
  about,
  danger,
  onConfirm,
}: {
  name: string
  title: string
  about: string
  danger?: boolean
  onConfirm: () => void
}) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className={`button ${danger ? 'danger' : ''}`} onClick={() => setOpen(true)}>
        {name}
      </button>
      <Dialog open={open} title={title} about={about} onClose={() => setOpen(false)}>
        <div className="actions">
          <button type="button" className="button" onClick={() => setOpen(false)}>
            Keep as it is
          </button>
          <button
            type="button"
            className={`button ${danger ? 'danger' : 'primary'}`}
            onClick={() => {
              setOpen(false)
              onConfirm()
            }}
          >
            {name}
          </button>
        </div>
      </Dialog>
    </>
  )
}

export const Figures = ({ rows }: { rows: readonly (readonly [string, ReactNode, ReactNode?])[] }) => (
  <dl className="figures">
    {rows.map(([name, value, more]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>
          {value}
          {more && <small>{more}</small>}
        </dd>
      </div>
    ))}
  </dl>
)

export const More = ({
  query,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
}) =>
  query.hasNextPage ? (
    <div className="row" style={{ justifyContent: 'center', padding: '.8rem' }}>
      <button type="button" className="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {query.isFetchingNextPage ? 'Loading…' : 'Show more'}
      </button>
    </div>
  ) : null
