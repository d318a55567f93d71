/** What was spent: by day, by model, by campaign. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { day, money } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import { Figures, Loading, Problem, Top } from '../components/ui.tsx'

const iso = (at: number): string => new Date(at).toISOString().slice(0, 10)
const dayMs = 86_400_000

/** Every day of the range, those without spend included. */
function filled(byDay: readonly { day: string; spent_micro_usd: number }[], from: string, days: number) {
  const known = new Map(byDay.map((one) => [one.day.slice(0, 10), one.spent_micro_usd]))
  return Array.from({ length: days }, (_, at) => {
    const date = iso(Date.parse(from) + at * dayMs)
    return { date, spent: known.get(date) ?? 0 }
  })
}

function Bars({ title, rows: bars }: { title: string; rows: readonly { key: string; name: ReactNode; value: number }[] }) {
  const most = Math.max(1, ...bars.map((bar) => bar.value))
  return (
    <section className="panel stack">
      <h2>{title}</h2>
      {bars.length === 0 && <p className="soft">Nothing was spent in this time.</p>}
      {bars.map((bar) => (
        <div key={bar.key} className="hbar">
          <div className="row between" style={{ flexWrap: 'nowrap' }}>
            <span className="cut" dir="auto">
              {bar.name}
            </span>
            <span className="num">{money(bar.value)}</span>
          </div>
          <div className="track" aria-hidden>
            <i style={{ width: `${(bar.value / most) * 100}%` }} />
          </div>
        </div>
      ))}
    </section>
  )
}

export function UsagePage() {
  const [days, setDays] = useState(30)
  const from = iso(Date.now() - (days - 1) * dayMs)
  const query = useQuery(queries.usage(from, iso(Date.now())))
  const campaigns = new Map(rows(useInfiniteQuery(queries.campaigns()).data).map((one) => [one.id, one.name]))
  const usage = query.data
  const series = usage ? filled(usage.by_day, from, days) : []
  const most = Math.max(1, ...series.map((one) => one.spent))
  return (
    <>
      <Top title="Usage">
        <select
          aria-label="Time"
          style={{ width: 'auto' }}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          <option value={7}>Last 7 days</option>
          <option value={30}>Last 30 days</option>
          <option value={90}>Last 90 days</option>
        </select>
      </Top>
      {query.isPending && <Loading height={300} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {usage && (
        <>
          <Figures
            rows={[
              ['Spent', money(usage.spent_micro_usd)],
              ['Reserved', money(usage.reserved_micro_usd), 'for clips under way'],
              ['Saved', money(usage.saved_micro_usd), 'by clips bought before'],
            ]}
          />
          <section className="panel stack">
            <h2>By day</h2>
            <div
              className="chart"
              role="img"
              aria-label={`Spend a day from ${day(from)}: ${money(usage.spent_micro_usd)} in all`}
            >
              {series.map((one) => (
                <div
                  key={one.date}
                  title={`${day(one.date)}: ${money(one.spent)}`}
                  data-zero={one.spent === 0 || undefined}
                  style={{ height: `${Math.max(1.5, (one.spent / most) * 100)}%` }}
                />
              ))}
            </div>
            <div className="row between soft small">
              <span>{day(from)}</span>
              <span>most in a day: {money(series.length > 0 ? Math.max(...series.map((one) => one.spent)) : 0)}</span>
              <span>today</span>
            </div>
          </section>
          <div className="cols">
            <Bars
              title="By model"
              rows={usage.by_model.map((one) => ({ key: one.model, name: one.model, value: one.spent_micro_usd }))}
            />
            <Bars
              title="By campaign"
              rows={usage.by_campaign.map((one) => ({
                key: one.campaign_id,
                name: (
                  <Link to="/campaigns/$id" params={{ id: one.campaign_id }}>
                    {campaigns.get(one.campaign_id) ?? one.campaign_id}
                  </Link>
                ),
                value: one.spent_micro_usd,
              }))}
            />
          </div>
        </>
      )}
    </>
  )
}
