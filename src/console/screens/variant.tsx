/** One ad: every file of it, what it says, what it was made from, and what was decided about it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft, RotateCw } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { useEffect, useState } from 'react'
import { ApiError, call } from '../api/client.ts'
import { localPath } from '../api/files.ts'
import { bytes, direction, label, language, money, time } from '../api/format.ts'
import { queries } from '../api/queries.ts'
import { session } from '../api/session.ts'
import type { Rendition, Variant } from '../api/types.ts'
import { isLocked, Player } from '../components/media.tsx'
import { RejectForm, type RejectAnswer } from '../components/reject-form.tsx'
import { useScopes } from '../components/shell.tsx'
import { toast } from '../components/toasts.tsx'
import { Badge, Field, Loading, Note, Problem, Top } from '../components/ui.tsx'

export interface Texts {
  readonly overlays?: readonly (string | null)[]
  readonly end_card?: string | null
}
export const textsOf = (variant: Variant): Texts => variant.texts ?? {}
export const seen = (variant: Variant) => ({
  revision: variant.revision,
  files_sha256: variant.renditions.flatMap((one) => one.sha256 ?? []),
})
const actor = () => (session()?.person ? { actor: session()!.person } : {})

/** Sends a change of a variant and shows what it is then; what changed meanwhile is explained, and read again. */
export function useVariantAction(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ action, body }: { action: string; body: object; done: string }) =>
      call<Variant>(`/v1/variants/${id}/${action}`, { method: 'POST', body }),
    onSuccess: (variant, { done }) => {
      client.setQueryData(queries.variant(id).queryKey, variant)
      toast(done)
    },
    onError: (error) =>
      toast(
        error instanceof ApiError && error.code === 'stale_review'
          ? 'The files changed while you looked at them. These are the new ones: look again, then decide.'
          : error.message,
        'bad',
      ),
    onSettled: () =>
      Promise.all(
        [['variant', id], ['decisions', id], ['variants'], ['campaign']].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  })
}

function Copy({
  variant,
  onSave,
  busy,
}: {
  variant: Variant
  onSave: (texts: { overlays: (string | null)[]; end_card: string | null }) => void
  busy: boolean
}) {
  const may = useScopes()
  const texts = textsOf(variant)
  const [draft, setDraft] = useState(texts)
  useEffect(() => setDraft(textsOf(variant)), [variant])
  const isMoving = variant.status === 'rendering' || variant.status === 'planned'
  const changed = JSON.stringify(draft) !== JSON.stringify(texts)
  const dir = direction(variant.locale)
  return (
    <form
      className="panel stack"
      onSubmit={(event) => {
        event.preventDefault()
        onSave({ overlays: [...(draft.overlays ?? [])], end_card: draft.end_card ?? null })
      }}
    >
      <h2>Copy</h2>
      {(draft.overlays ?? []).map(
        (text, index) =>
          text !== null && (
            <Field key={index} name={`Overlay ${index + 1}`}>
              {(id) => (
                <textarea
                  id={id}
                  rows={2}
                  dir={dir}
                  lang={variant.locale}
                  value={text}
                  readOnly={!may('render') || isMoving}
                  onChange={(event) =>
                    setDraft({ ...draft, overlays: draft.overlays!.map((one, at) => (at === index ? event.target.value : one)) })
                  }
                />
              )}
            </Field>
          ),
      )}
      {typeof draft.end_card === 'string' && (
        <Field name="End card">
          {(id) => (
            <textarea
              id={id}
              rows={2}
              dir={dir}
              lang={variant.locale}
              value={draft.end_card!}
              readOnly={!may('render') || isMoving}
              onChange={(event) => setDraft({ ...draft, end_card: event.target.value })}
            />
          )}
        </Field>
      )}
      {may('render') && (
        <div className="row between">
          <span className="soft small">New copy is composed over the clip you have.</span>
          <button type="submit" className="button primary" disabled={!changed || busy || isMoving}>
            {isMoving ? 'Being made…' : 'Recompose · free'}
          </button>
        </div>
      )}
    </form>
  )
}

function Origin({ variant }: { variant: Variant }) {
  const generationId = variant.shots[0]?.generation_id
  const query = useQuery({ ...queries.generation(generationId ?? ''), enabled: Boolean(generationId) })
  const clip = query.data
  return (
    <section className="panel stack" aria-labelledby="origin">
      <h2 id="origin">Clip</h2>
      {!generationId && <p className="soft">No clip yet.</p>}
      {clip && (
        <>
          <p dir="auto">{clip.prompt}</p>
          <dl className="facts">
            <dt>State</dt>
            <dd>
              <Badge status={clip.status} />
            </dd>
            <dt>Model</dt>
            <dd>{clip.model}</dd>
            <dt>Asked for</dt>
            <dd>
              {clip.seconds} s · {clip.aspect_ratio} · {clip.resolution}
            </dd>
            <dt>Cost</dt>
            <dd>
              {clip.cost_micro_usd === 0 ? 'Free' : money(clip.cost_micro_usd)}
              {clip.payer_campaign_id !== variant.campaign_id && clip.payer_campaign_id ? ', paid by another campaign' : ''}
            </dd>
            <dt>Attempts</dt>
            <dd>
              <ol className="stack" style={{ gap: '.3rem' }}>
                {clip.attempts.map((attempt) => (
                  <li key={attempt.id} className="small">
                    <Badge status={attempt.status} />{' '}
                    <span className="soft">
                      {time(attempt.submitted_at)}
                      {attempt.error ? ` · ${attempt.error.message}` : ''}
                    </span>
                  </li>
                ))}
              </ol>
            </dd>
          </dl>
        </>
      )}
    </section>
  )
}

function File({ rendition }: { rendition: Rendition }) {
  const figures = Object.entries(rendition.qa ?? {})
    .filter(([, value]) => typeof value !== 'object')
    .slice(0, 14)
  const { disclosure } = rendition
  return (
    <section className="panel stack" aria-labelledby="file">
      <h2 id="file">File</h2>
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <Badge status={rendition.status} />
          {rendition.draft && (
            <>
              {' '}
              <Badge status="draft">Rehearsal</Badge>
            </>
          )}
        </dd>
        {rendition.width && (
          <>
            <dt>Picture</dt>
            <dd className="num">
              {rendition.width} × {rendition.height}, {rendition.seconds?.toFixed(1)} s, {bytes(rendition.bytes ?? 0)}
            </dd>
          </>
        )}
        {rendition.sha256 && (
          <>
            <dt>sha256</dt>
            <dd className="mono">{rendition.sha256}</dd>
          </>
        )}
        {disclosure && (
          <>
            <dt>Disclosure</dt>
            <dd dir="auto">{String(disclosure['label'] ?? 'No visible label')}</dd>
          </>
        )}
        {rendition.provenance && 'status' in rendition.provenance && (
          <>
            <dt>Provenance</dt>
            <dd>{label(String(rendition.provenance['status']))}</dd>
          </>
        )}
        {figures.map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      {rendition.error && <Note tone="bad">{rendition.error.message}</Note>}
    </section>
  )
}

const Fact = ({ name, value }: { name: string; value: unknown }) => (
  <>
    <dt>{label(name)}</dt>
    <dd className="num">{typeof value === 'number' ? Number(value.toFixed(2)) : String(value)}</dd>
  </>
)

function Decisions({ id }: { id: string }) {
  const query = useQuery(queries.decisions(id))
  const decisions = query.data?.data ?? []
  if (decisions.length === 0) return null
  return (
    <section className="panel stack" aria-labelledby="decisions">
      <h2 id="decisions">Decisions</h2>
      <ol className="stack">
        {decisions.map((one) => (
          <li key={one.id} className="stack" style={{ gap: '.2rem' }}>
            <div className="row">
              <Badge status={one.decision} />
              {one.void_at && <Badge status="void">No longer holds</Badge>}
              <span className="soft small">
                {time(one.created_at)} · {one.actor ?? one.key_id} · revision {one.revision}
              </span>
            </div>
            {one.reason && (
              <p className="small">
                {label(one.reason)}
                {one.note ? `: ${one.note}` : ''}
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

export function VariantPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const may = useScopes()
  const query = useQuery({
    ...queries.variant(id),
    refetchInterval: ({ state }) => (['rendering', 'planned'].includes(state.data?.status ?? '') ? 1500 : 20_000),
  })
  const campaign = useQuery({ ...queries.campaign(query.data?.campaign_id ?? ''), enabled: Boolean(query.data) })
  const quote = useQuery({ ...queries.quote(id), enabled: query.data?.status === 'in_review' })
  const action = useVariantAction(id)
  const [rejecting, setRejecting] = useState(false)
  if (query.isPending) return <Loading height={320} />
  if (!query.data) return <Problem error={query.error} onRetry={() => void query.refetch()} />
  const variant = query.data
  const locked = isLocked(variant, campaign.data?.review)
  const first = variant.renditions[0]
  const reject = (answer: RejectAnswer) => {
    setRejecting(false)
    action.mutate({
      action: 'reject',
      body: { ...seen(variant), ...answer, ...actor() },
      done: answer.regenerate ? 'Rejected; another clip is being made.' : 'Rejected.',
    })
  }
  return (
    <>
      <Top
        title={variant.segment_key}
        above={
          <Link to="/campaigns/$id" params={{ id: variant.campaign_id }} className="crumb">
            <ArrowLeft aria-hidden /> {campaign.data?.name ?? 'Campaign'}
          </Link>
        }
        about={
          <>
            <Badge status={variant.status} />
            <span className="small">
              {language(variant.locale)} · revision {variant.revision}
            </span>
          </>
        }
      >
        {variant.status === 'in_review' && may('review') && (
          <>
            <button
              type="button"
              className="button primary"
              disabled={action.isPending}
              onClick={() => action.mutate({ action: 'approve', body: { ...seen(variant), ...actor() }, done: 'Approved.' })}
            >
              Approve
            </button>
            <button type="button" className="button danger" disabled={action.isPending} onClick={() => setRejecting(true)}>
              Reject…
            </button>
          </>
        )}
        {variant.status === 'failed' && may('render') && (
          <button
            type="button"
            className="button primary"
            disabled={action.isPending}
            onClick={() => action.mutate({ action: 'retry', body: {}, done: 'Trying again.' })}
          >
            <RotateCw aria-hidden /> Retry what failed
          </button>
        )}
      </Top>
      {variant.error && (
        <Note tone="bad">
          <b>{label(variant.error.code)}</b>
          <span>{variant.error.message}</span>
        </Note>
      )}
      {variant.review && (
        <Note tone={variant.review.decision === 'approved' ? 'good' : 'bad'}>
          {variant.review.decision === 'approved' ? 'Approved' : `Rejected: ${label(variant.review.reason ?? 'other')}`}
          {variant.review.note ? `. ${variant.review.note}` : ''}
        </Note>
      )}
      <div className="cols" style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 27rem), 1fr))' }}>
        <div className="stack gap">
          {first && (
            <Tabs.Root defaultValue={first.format} className="stack">
              <Tabs.List className="tabs" aria-label="Formats">
                {variant.renditions.map((one) => (
                  <Tabs.Trigger key={one.id} value={one.format}>
                    {one.format}
                  </Tabs.Trigger>
                ))}
              </Tabs.List>
              {variant.renditions.map((one) => (
                <Tabs.Content key={one.id} value={one.format} className="stack gap">
                  <Player rendition={one} locked={locked} name={`${variant.segment_key}, ${one.format}`} />
                  {one.url && !locked && (
                    <p className="small">
                      <a href={localPath(one.url)} download>
                        Download this file
                      </a>
                    </p>
                  )}
                  <File rendition={one} />
                </Tabs.Content>
              ))}
            </Tabs.Root>
          )}
        </div>
        <div className="stack gap">
          <Copy
            variant={variant}
            busy={action.isPending}
            onSave={(body) => action.mutate({ action: 'recompose', body, done: 'Composing the new copy, at no cost.' })}
          />
          <Origin variant={variant} />
          <Decisions id={id} />
        </div>
      </div>
      <RejectForm
        open={rejecting}
        title="Reject this variant"
        price={may('render') ? quote.data?.max_micro_usd : undefined}
        onClose={() => setRejecting(false)}
        onReject={reject}
      />
    </>
  )
}
