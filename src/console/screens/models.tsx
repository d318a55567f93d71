/** Models that can be asked: price and when it was checked, sunset, and which campaigns depend on them. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { day, money } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Model } from '../api/types.ts'
import { Badge, Empty, Loading, Note, Problem, Top } from '../components/ui.tsx'

const daysUntil = (date: string): number => Math.ceil((Date.parse(date) - Date.now()) / 86_400_000)

function Sunset({ date }: { date: string | null }) {
  if (!date) return <>None announced</>
  const left = daysUntil(date)
  return (
    <>
      {day(date)} {left <= 0 ? <Badge status="failed">Ended</Badge> : left <= 30 && <Badge status="paused">In {left} days</Badge>}
    </>
  )
}

function Card({ model }: { model: Model }) {
  const dependents = useQuery(queries.dependents(model.id))
  const used = dependents.data?.campaigns ?? []
  const lengths =
    'values' in model.durations ? `${model.durations.values.join(', ')} s` : `${model.durations.min}–${model.durations.max} s`
  return (
    <section className="panel stack" aria-label={model.title}>
      <div className="row between">
        <h2>{model.title}</h2>
        {model.draft ? (
          <Badge status="draft">Rehearsal</Badge>
        ) : (
          <Badge status={model.configured ? 'enabled' : 'disabled'}>{model.configured ? 'Configured' : 'Not configured'}</Badge>
        )}
      </div>
      <span className="mono soft">{model.id}</span>
      {model.sunset_at && daysUntil(model.sunset_at) <= 30 && used.length > 0 && (
        <Note tone="warn">{used.length} campaigns still depend on it.</Note>
      )}
      <dl className="facts">
        <dt>Price</dt>
        <dd>
          {model.draft
            ? 'Free'
            : Object.entries(model.price_micro_usd_per_second).map(([resolution, price]) => (
                <div key={resolution}>
                  {resolution}: {money(price)} a second
                </div>
              ))}
        </dd>
        <dt>Checked</dt>
        <dd>{day(model.price_checked_at)}</dd>
        <dt>Ends</dt>
        <dd>
          <Sunset date={model.sunset_at} />
        </dd>
        <dt>Lengths</dt>
        <dd>{lengths}</dd>
        <dt>Ratios</dt>
        <dd>{model.aspect_ratios.join(', ')}</dd>
        <dt>Sizes</dt>
        <dd>{model.resolutions.join(', ')}</dd>
        <dt>Sound</dt>
        <dd>{model.audio}</dd>
        <dt>Campaigns</dt>
        <dd>
          {used.length === 0
            ? 'None'
            : used.slice(0, 5).map((one) => (
                <div key={one.id}>
                  <Link to="/campaigns/$id" params={{ id: one.id }} dir="auto">
                    {one.name}
                  </Link>
                </div>
              ))}
          {used.length > 5 && <span className="soft">and {used.length - 5} more</span>}
        </dd>
      </dl>
    </section>
  )
}

export function Models() {
  const query = useInfiniteQuery(queries.models())
  const models = rows(query.data)
  return (
    <>
      <Top title="Models" />
      {query.isPending && <Loading height={240} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && models.length === 0 && (
        <div className="panel">
          <Empty icon={Boxes} title="No model is configured" />
        </div>
      )}
      <div className="cols">
        {models.map((model) => (
          <Card key={model.id} model={model} />
        ))}
      </div>
    </>
  )
}
