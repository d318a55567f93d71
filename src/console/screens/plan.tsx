/** Plan before money, then launch: what it makes, what it costs, what is wrong, and exactly that or nothing. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { bytes, count, duration, label, language, money, plural } from '../api/format.ts'
import { useLiveCampaign } from '../api/live.ts'
import { queries, rows } from '../api/queries.ts'
import type { Campaign, Plan } from '../api/types.ts'
import { useScopes } from '../components/shell.tsx'
import { toast } from '../components/toasts.tsx'
import { Badge, Field, Figures, Loading, More, Note, Problem, Top } from '../components/ui.tsx'
import { Steps } from './new-campaign.tsx'

function Invalid({ id, total }: { id: string; total: number }) {
  const query = useInfiniteQuery({ ...queries.invalid(id), enabled: total > 0 })
  if (total === 0) return null
  return (
    <section className="panel flush" aria-labelledby="invalid">
      <h2 id="invalid" style={{ padding: '1rem 1.2rem .4rem' }}>
        {plural(total, 'segment')} left out
      </h2>
      {query.isError && <Problem error={query.error} />}
      <div className="table" tabIndex={0} role="group" aria-label="Segments left out">
        <table>
          <thead>
            <tr>
              <th>Segment</th>
              <th>Where</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {rows(query.data).flatMap((segment) =>
              segment.errors.map((fault) => (
                <tr key={segment.segment_key + fault.pointer + fault.code}>
                  <td dir="auto">{segment.segment_key}</td>
                  <td className="mono">{fault.pointer}</td>
                  <td>{fault.message}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
      <More query={query} />
    </section>
  )
}

function PlanFigures({ plan }: { plan: Plan }) {
  const { generations, cost, estimate } = plan
  if (!generations || !cost || !estimate) return null
  return (
    <Figures
      rows={[
        ['Variants', count(plan.variants ?? 0), `${count(plan.renditions ?? 0)} files`],
        ['Distinct clips', count(generations.distinct), `${count(generations.new)} to make, ${count(generations.owned)} owned`],
        [
          'Costs at most',
          cost.max_micro_usd === 0 ? 'Free' : money(cost.max_micro_usd),
          `instead of ${money(cost.naive_micro_usd)} without sharing`,
        ],
        ['Saved by reuse', money(cost.saved_by_reuse_micro_usd), 'clips you have already'],
        ['Clips take about', duration(estimate.provider_seconds), 'at the provider'],
        ['Composing takes', duration(estimate.composition_core_seconds), `of one core, ${bytes(estimate.output_bytes)}`],
      ]}
    />
  )
}

function Findings({ plan }: { plan: Plan }) {
  const findings = plan.findings ?? []
  if (findings.length === 0) return <Note tone="good">Nothing was found wrong: every text fits, in every format.</Note>
  return (
    <section className="stack" aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      {findings.map((finding, at) => (
        <Note key={at} tone={finding.severity === 'error' ? 'bad' : finding.severity === 'warning' ? 'warn' : 'info'}>
          <span>{finding.message}</span>
          <span className="small">
            {[finding.format, finding.segments && plural(finding.segments, 'segment')].filter(Boolean).join(' · ')}
          </span>
        </Note>
      ))}
    </section>
  )
}

function Samples({ plan }: { plan: Plan }) {
  return (
    <section className="panel flush" aria-labelledby="samples">
      <h2 id="samples" style={{ padding: '1rem 1.2rem .4rem' }}>
        Samples
      </h2>
      <div className="table" tabIndex={0} role="group" aria-label="Samples">
        <table>
          <thead>
            <tr>
              <th>Segment</th>
              <th>Copy</th>
              <th>Prompt</th>
            </tr>
          </thead>
          <tbody>
            {(plan.samples ?? []).slice(0, 12).map((sample) => (
              <tr key={sample.segment_key}>
                <td dir="auto">
                  <b>{sample.segment_key}</b>
                  <br />
                  <span className="soft small">{language(sample.locale)}</span>
                </td>
                <td>
                  {sample.overlays.map(
                    (text, at) =>
                      text && (
                        <div key={at} dir="auto">
                          {text}
                        </div>
                      ),
                  )}
                </td>
                <td className="soft" dir="auto" style={{ minWidth: '14rem' }}>
                  {[...new Set(sample.prompts)].join(' ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** What may be settled last: budget, review, priority. Models decide the price, so changing them plans anew. */
function LaunchForm({ campaign, plan }: { campaign: Campaign; plan: Plan }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [budget, setBudget] = useState('')
  const max = plan.cost?.max_micro_usd ?? 0
  const launch = useMutation({
    mutationFn: async () => {
      await call(`/v1/campaigns/${campaign.id}/launch`, { method: 'POST', body: { plan_digest: plan.digest } })
    },
    onSuccess: async () => {
      await client.invalidateQueries()
      toast('Launched.')
      await navigate({ to: '/campaigns/$id', params: { id: campaign.id } })
    },
  })
  const setting = useMutation({
    mutationFn: async (micro: number) =>
      await call(`/v1/campaigns/${campaign.id}`, { method: 'PATCH', body: { budget_micro_usd: micro } }),
    onSuccess: () => client.invalidateQueries(),
  })
  return (
    <section className="panel stack gap" aria-labelledby="launch">
      <h2 id="launch">Launch</h2>
      <dl className="facts">
        <dt>Models</dt>
        <dd>{campaign.models.join(', then ')}</dd>
        <dt>Formats</dt>
        <dd>{campaign.formats.join(', ')}</dd>
        <dt>Review</dt>
        <dd>
          {campaign.review === 'none'
            ? 'None: files are delivered as they are made'
            : campaign.review === 'clips'
              ? 'Clips, before anything is composed'
              : 'Every variant, before anything is delivered'}
        </dd>
        <dt>Budget</dt>
        <dd>{campaign.budget_micro_usd === null ? 'None set' : money(campaign.budget_micro_usd)}</dd>
        <dt>Priority</dt>
        <dd>{campaign.priority}</dd>
      </dl>
      {max > 0 && campaign.budget_micro_usd !== null && campaign.budget_micro_usd < max && (
        <Note tone="warn">The budget may not be enough for every clip. The campaign pauses when the next one does not fit.</Note>
      )}
      <form
        className="row"
        style={{ alignItems: 'end' }}
        onSubmit={(event) => {
          event.preventDefault()
          setting.mutate(Math.round(Number(budget) * 1_000_000))
        }}
      >
        <Field name="Change the budget (US$)" hint="Plans again.">
          {(id) => (
            <input id={id} type="number" min="0" step="0.01" value={budget} onChange={(event) => setBudget(event.target.value)} />
          )}
        </Field>
        <button type="submit" className="button" disabled={budget === '' || setting.isPending}>
          Set
        </button>
      </form>
      {(launch.error ?? setting.error) && <Problem error={launch.error ?? setting.error} />}
      <button
        type="button"
        className="button primary"
        disabled={launch.isPending || plan.variants === 0}
        onClick={() => launch.mutate()}
      >
        {launch.isPending
          ? 'Launching…'
          : `Launch ${plural(plan.variants ?? 0, 'variant')} · ${max === 0 ? 'free' : `at most ${money(max)}`}`}
      </button>
    </section>
  )
}

export function PlanPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const may = useScopes()
  const client = useQueryClient()
  const campaign = useLiveCampaign(id)
  const plan = useQuery({
    ...queries.plan(id),
    enabled: Boolean(campaign.data && campaign.data.status !== 'draft'),
    refetchInterval: ({ state }) => (state.data?.status === 'waiting' ? 1000 : false),
  })
  const start = useMutation({
    mutationFn: () => call<Campaign>(`/v1/campaigns/${id}/plan`, { method: 'POST', body: {} }),
    onSuccess: () => client.invalidateQueries(),
  })
  if (campaign.isPending) return <Loading height={300} />
  if (!campaign.data) return <Problem error={campaign.error} onRetry={() => void campaign.refetch()} />
  const { data } = campaign
  const canPlan = may('write') && ['draft', 'planned', 'plan_failed'].includes(data.status)
  const isOpen = ['draft', 'planning', 'planned', 'plan_failed'].includes(data.status)
  return (
    <>
      <Top
        title={data.name}
        above={
          <Link to="/campaigns/$id" params={{ id }} className="crumb">
            <ArrowLeft aria-hidden /> Campaign
          </Link>
        }
        about={<Badge status={data.status} />}
      >
        {canPlan && (
          <button
            type="button"
            className={`button ${data.status === 'planned' ? '' : 'primary'}`}
            disabled={start.isPending}
            onClick={() => start.mutate()}
          >
            {data.status === 'draft' ? 'Make the plan' : 'Plan again'}
          </button>
        )}
      </Top>
      {isOpen && <Steps at={data.status === 'planned' ? 3 : 2} />}
      {start.error && <Problem error={start.error} />}
      {data.status === 'draft' && (
        <Note>The plan says what will be made and what it costs at most. Nothing is bought by it.</Note>
      )}
      {data.status === 'planning' && (
        <div role="status">
          <Note>
            Planning…{' '}
            {plan.data?.progress.of
              ? `${count(plan.data.progress.segments ?? 0)} of ${plural(plan.data.progress.of, 'segment')}`
              : ''}
          </Note>
        </div>
      )}
      {plan.data?.error && (
        <Note tone="bad" role="alert">
          <b>{label(plan.data.error.code)}</b>
          <span>{plan.data.error.message}</span>
        </Note>
      )}
      {plan.data?.status === 'ready' && data.status !== 'planning' && (
        <>
          <PlanFigures plan={plan.data} />
          <div className="cols" style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 26rem), 1fr))' }}>
            <div className="stack gap">
              <Findings plan={plan.data} />
              <Invalid id={id} total={plan.data.segments?.invalid ?? 0} />
              <Samples plan={plan.data} />
            </div>
            {data.status === 'planned' && may('render') && <LaunchForm campaign={data} plan={plan.data} />}
          </div>
        </>
      )}
    </>
  )
}
