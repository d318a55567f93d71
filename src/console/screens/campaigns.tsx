/** Every campaign of the workspace: state, progress, spend. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Clapperboard, Plus } from 'lucide-react'
import { useState } from 'react'
import { count, day, money } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Campaign } from '../api/types.ts'
import { useScopes } from '../components/shell.tsx'
import { Badge, Empty, Loading, More, Problem, Top } from '../components/ui.tsx'

export const total = ({ counts }: Campaign): number => Object.values(counts.variants).reduce((sum, n) => sum + n, 0)

export function Progress({ campaign }: { campaign: Campaign }) {
  const { ready, in_review, failed, rejected } = campaign.counts.variants
  const all = Math.max(1, total(campaign))
  const text = `${count(ready)} of ${count(total(campaign))} ready`
  return (
    <div className="bar" role="img" aria-label={text}>
      <i style={{ width: `${(ready / all) * 100}%` }} />
      <i className="waits" style={{ width: `${(in_review / all) * 100}%` }} />
      <i className="bad" style={{ width: `${((failed + rejected) / all) * 100}%` }} />
    </div>
  )
}

export const State = ({ campaign }: { campaign: Campaign }) => (
  <span className="row" style={{ gap: '.3rem' }}>
    {campaign.pause_reasons.length > 0 ? (
      <Badge status="paused">Paused: {campaign.pause_reasons.join(', ')}</Badge>
    ) : (
      <Badge status={campaign.status} />
    )}
    {campaign.needs_attention && <Badge status="uncertain">Needs attention</Badge>}
  </span>
)

const waiting = ({ counts }: Campaign) => counts.variants.in_review + counts.clips_in_review

export function Campaigns() {
  const may = useScopes()
  const [status, setStatus] = useState('')
  const query = useInfiniteQuery({ ...queries.campaigns(status || undefined), refetchInterval: 5000 })
  const campaigns = rows(query.data)
  return (
    <>
      <Top title="Campaigns">
        <select
          aria-label="Filter by state"
          value={status}
          onChange={(event) => setStatus(event.target.value)}
          style={{ width: 'auto' }}
        >
          <option value="">All states</option>
          {['draft', 'planning', 'planned', 'plan_failed', 'rendering', 'completed', 'cancelled'].map((one) => (
            <option key={one} value={one}>
              {one.replace('_', ' ')}
            </option>
          ))}
        </select>
        {may('write') && (
          <Link to="/campaigns/new" className="button primary">
            <Plus aria-hidden /> New campaign
          </Link>
        )}
      </Top>
      {query.isPending && <Loading height={260} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && campaigns.length === 0 && (
        <div className="panel">
          <Empty icon={Clapperboard} title={status ? 'No campaign is in this state' : 'No campaign yet'}>
            <p>
              A campaign takes one template and an audience, and makes an ad for every segment. You see the price before anything
              is bought.
            </p>
            {may('write') && !status && (
              <Link to="/campaigns/new" className="button primary">
                <Plus aria-hidden /> New campaign
              </Link>
            )}
          </Empty>
        </div>
      )}
      {campaigns.length > 0 && (
        <div className="panel flush">
          <div className="table" tabIndex={0} role="group" aria-label="Campaigns">
            <table>
              <thead>
                <tr>
                  <th>Campaign</th>
                  <th>State</th>
                  <th>Progress</th>
                  <th className="end">Variants</th>
                  <th className="end">To review</th>
                  <th className="end">Spent</th>
                  <th className="end">Budget</th>
                </tr>
              </thead>
              <tbody>
                {campaigns.map((campaign) => (
                  <tr key={campaign.id}>
                    <td>
                      <Link to="/campaigns/$id" params={{ id: campaign.id }} className="name" dir="auto">
                        {campaign.name}
                      </Link>
                      <span className="soft small">{day(campaign.created_at)}</span>
                    </td>
                    <td>
                      <State campaign={campaign} />
                    </td>
                    <td style={{ paddingTop: '1.1rem' }}>
                      <Progress campaign={campaign} />
                    </td>
                    <td className="end num">{count(total(campaign))}</td>
                    <td className="end num">
                      {waiting(campaign) > 0 ? (
                        <Link
                          to={campaign.counts.variants.in_review > 0 ? '/campaigns/$id/review' : '/campaigns/$id'}
                          params={{ id: campaign.id }}
                        >
                          {count(waiting(campaign))}
                        </Link>
                      ) : (
                        '–'
                      )}
                    </td>
                    <td className="end num">{money(campaign.spend.spent_micro_usd)}</td>
                    <td className="end num">
                      {campaign.budget_micro_usd === null ? <span className="soft">none</span> : money(campaign.budget_micro_usd)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More query={query} />
        </div>
      )}
    </>
  )
}
