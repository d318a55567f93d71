/** One campaign while it runs: progress, money, what needs a person, and its variants. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft, Download, FileText, Play } from 'lucide-react'
import { call, send } from '../api/client.ts'
import { count, money, plural, time } from '../api/format.ts'
import { useLiveCampaign } from '../api/live.ts'
import { queries, rows } from '../api/queries.ts'
import type { Campaign } from '../api/types.ts'
import { ClipReview } from '../components/clip-review.tsx'
import { useScopes } from '../components/shell.tsx'
import { toast } from '../components/toasts.tsx'
import { Confirm, Figures, Loading, Note, Problem, Top } from '../components/ui.tsx'
import { VariantGrid } from '../components/variant-grid.tsx'
import { Progress, State, total } from './campaigns.tsx'

function useAction(campaign: Campaign) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: 'pause' | 'resume' | 'cancel') =>
      call<Campaign>(`/v1/campaigns/${campaign.id}/${action}`, { method: 'POST', body: {} }),
    onSuccess: (changed) => client.setQueryData(queries.campaign(campaign.id).queryKey, changed),
    onError: (error) => toast(error.message, 'bad'),
  })
}

async function downloadManifest(id: string): Promise<void> {
  const answer = await send(`/v1/campaigns/${id}/manifest`, { query: { format: 'csv' } })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = `${id}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}

function Actions({ campaign }: { campaign: Campaign }) {
  const may = useScopes()
  const action = useAction(campaign)
  const { counts, status } = campaign
  return (
    <>
      {counts.variants.in_review > 0 && may('review') && (
        <Link to="/campaigns/$id/review" params={{ id: campaign.id }} className="button primary">
          <Play aria-hidden /> Review {count(counts.variants.in_review)}
        </Link>
      )}
      {['draft', 'planned', 'planning', 'plan_failed'].includes(status) && (
        <Link to="/campaigns/$id/plan" params={{ id: campaign.id }} className="button primary">
          <FileText aria-hidden /> Plan and launch
        </Link>
      )}
      {!['draft', 'planned', 'planning', 'plan_failed'].includes(status) && (
        <Link to="/campaigns/$id/plan" params={{ id: campaign.id }} className="button">
          <FileText aria-hidden /> Plan
        </Link>
      )}
      {counts.variants.ready > 0 && (
        <button
          type="button"
          className="button"
          onClick={() => void downloadManifest(campaign.id).catch((error: Error) => toast(error.message, 'bad'))}
        >
          <Download aria-hidden /> Files (CSV)
        </button>
      )}
      {may('render') && status === 'rendering' && campaign.pause_reasons.length === 0 && (
        <button type="button" className="button" disabled={action.isPending} onClick={() => action.mutate('pause')}>
          Pause
        </button>
      )}
      {may('render') && campaign.pause_reasons.length > 0 && (
        <button type="button" className="button" disabled={action.isPending} onClick={() => action.mutate('resume')}>
          Resume
        </button>
      )}
      {may('render') && status === 'rendering' && (
        <Confirm
          name="Cancel campaign"
          title="Cancel this campaign?"
          about="What was submitted is followed to its end and paid for; everything else stops. This cannot be taken back."
          danger
          onConfirm={() => action.mutate('cancel')}
        />
      )}
    </>
  )
}

function Attention({ campaign }: { campaign: Campaign }) {
  const uncertain = useInfiniteQuery({
    ...queries.generations({ campaign_id: campaign.id, status: 'uncertain' }),
    enabled: campaign.needs_attention,
  })
  if (!campaign.needs_attention) return null
  return (
    <Note tone="warn" role="status">
      <b>{plural(campaign.counts.uncertain, 'clip')} with a lost answer</b>
      <span>The request was sent, and nobody can know whether it was taken. Its money stays reserved until you decide.</span>
      <span className="row">
        {rows(uncertain.data)
          .slice(0, 3)
          .map((one) => (
            <Link key={one.id} to="/clips" search={{ id: one.id } as never} className="mono">
              {one.id}
            </Link>
          ))}{' '}
        <Link to="/clips">Decide about them</Link>
      </span>
    </Note>
  )
}

export function CampaignPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useLiveCampaign(id)
  const back = (
    <Link to="/" className="crumb">
      <ArrowLeft aria-hidden /> Campaigns
    </Link>
  )
  if (query.isPending) return <Loading height={300} />
  if (!query.data)
    return (
      <>
        {back}
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      </>
    )
  const campaign = query.data
  const { counts, spend } = campaign
  const all = total(campaign)
  return (
    <>
      <Top
        title={campaign.name}
        above={back}
        about={
          <>
            <State campaign={campaign} />
            <span className="small">
              {campaign.completed_at
                ? `Finished ${time(campaign.completed_at)}`
                : campaign.started_at
                  ? `Launched ${time(campaign.started_at)}`
                  : `Created ${time(campaign.created_at)}`}
            </span>
          </>
        }
      >
        <Actions campaign={campaign} />
      </Top>
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      <Attention campaign={campaign} />
      {campaign.pause_reasons.includes('budget') && (
        <Note tone="warn">
          <b>Paused: the next clip does not fit into the budget.</b>
          <span>Raise the budget to go on; it resumes by itself.</span>
        </Note>
      )}
      <div className="stack">
        <Progress campaign={campaign} />
        <Figures
          rows={[
            ['Ready', count(counts.variants.ready), `of ${plural(all, 'variant')}`],
            [
              'To review',
              count(counts.variants.in_review),
              counts.variants.rejected > 0
                ? `${count(counts.variants.rejected)} rejected`
                : campaign.review === 'none'
                  ? 'No review asked for'
                  : 'None rejected',
            ],
            ['Failed', count(counts.variants.failed), `${count(counts.renditions.ready)} files made`],
            [
              'Spent',
              money(spend.spent_micro_usd),
              campaign.budget_micro_usd === null ? 'No budget set' : `of ${money(campaign.budget_micro_usd)}`,
            ],
            ['Reserved', money(spend.reserved_micro_usd), 'for clips under way'],
            ['Saved', money(spend.saved_micro_usd), 'by clips bought before'],
          ]}
        />
      </div>
      {campaign.review === 'clips' && <ClipReview campaign={campaign} />}
      <VariantGrid campaign={campaign} />
    </>
  )
}
