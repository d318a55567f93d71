/** Thousands of variants as posters: only the rows in sight exist, and pages are read as one scrolls. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { SearchX } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { count, label } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Campaign } from '../api/types.ts'
import { isLocked, Poster } from './media.tsx'
import { Badge, Empty, Loading, Problem } from './ui.tsx'

const statuses = ['planned', 'rendering', 'in_review', 'ready', 'rejected', 'failed', 'cancelled'] as const
const gap = 14

function useWidth() {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    if (ref.current) observer.observe(ref.current)
    return () => observer.disconnect()
  }, [])
  return [ref, width] as const
}

/** Waits until typing pauses, so that each letter is not a request. */
function useSettled<T>(value: T, ms = 250): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}

export function VariantGrid({ campaign }: { campaign: Campaign }) {
  const [filter, setFilter] = useState({ search: '', status: '', format: '', locale: '' })
  const settled = useSettled(filter)
  const query = useInfiniteQuery({
    ...queries.variants({
      campaign_id: campaign.id,
      search: settled.search || undefined,
      status: settled.status || undefined,
      format: settled.format || undefined,
      locale: settled.locale || undefined,
    }),
    placeholderData: (before) => before,
  })
  const variants = rows(query.data)
  const [ref, width] = useWidth()
  const columns = Math.max(2, Math.floor((width + gap) / (width < 500 ? 170 : 206)))
  const tile = (width - gap * (columns - 1)) / columns
  const height = tile + 74
  const virtual = useWindowVirtualizer({
    count: Math.ceil(variants.length / columns),
    estimateSize: () => height + gap,
    overscan: 3,
    scrollMargin: ref.current?.offsetTop ?? 0,
  })
  useEffect(() => virtual.measure(), [virtual, height])
  const items = virtual.getVirtualItems()
  const lastRow = items.at(-1)?.index ?? 0
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && (lastRow + 6) * columns >= variants.length) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastRow, columns, variants.length])
  const set = (name: keyof typeof filter) => (event: { target: { value: string } }) =>
    setFilter({ ...filter, [name]: event.target.value })
  return (
    <section className="stack" aria-labelledby="variants-title">
      <h2 id="variants-title">Variants</h2>
      <div className="filters">
        <input
          type="search"
          aria-label="Search by segment"
          placeholder="Search by segment…"
          value={filter.search}
          onChange={set('search')}
        />
        <select aria-label="State" value={filter.status} onChange={set('status')}>
          <option value="">All states</option>
          {statuses.map((status) => (
            <option key={status} value={status}>
              {label(status)} ({count(campaign.counts.variants[status])})
            </option>
          ))}
        </select>
        <select aria-label="Format" value={filter.format} onChange={set('format')}>
          <option value="">All formats</option>
          {campaign.formats.map((format) => (
            <option key={format}>{format}</option>
          ))}
        </select>
        <input aria-label="Locale" placeholder="Locale, e.g. de-DE" value={filter.locale} onChange={set('locale')} />
      </div>
      {query.isPending && <Loading height={320} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && variants.length === 0 && (
        <div className="panel">
          <Empty icon={SearchX} title="No variant matches">
            <p>
              {campaign.counts.variants.planned + variants.length === 0
                ? 'Variants appear once the campaign is planned.'
                : 'Try another search or state.'}
            </p>
          </Empty>
        </div>
      )}
      <div ref={ref} className="grid" style={{ height: virtual.getTotalSize() }}>
        {width > 0 &&
          items.map((item) => (
            <div
              key={item.key}
              style={{
                position: 'absolute',
                insetInline: 0,
                top: 0,
                height,
                transform: `translateY(${item.start - virtual.options.scrollMargin}px)`,
                display: 'grid',
                gap,
                gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
              }}
            >
              {variants.slice(item.index * columns, (item.index + 1) * columns).map((variant) => (
                <Link key={variant.id} to="/variants/$id" params={{ id: variant.id }} className="tile">
                  <Poster
                    rendition={variant.renditions.find((one) => !settled.format || one.format === settled.format)}
                    locked={isLocked(variant, campaign.review)}
                    name=""
                  />
                  <b className="cut" dir="auto" title={variant.segment_key}>
                    {variant.segment_key}
                  </b>
                  <span className="row" style={{ flexWrap: 'nowrap', gap: '.4rem' }}>
                    <Badge status={variant.status} />
                    <span className="soft small cut">{variant.locale}</span>
                  </span>
                </Link>
              ))}
            </div>
          ))}
      </div>
    </section>
  )
}
