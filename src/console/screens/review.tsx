/** Full-screen review by keyboard. The videos around the current one are loaded and mounted, so that the next plays at once. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { CheckCircle2, LayoutGrid, X } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useFile } from '../api/files.ts'
import { direction, label, language } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Variant } from '../api/types.ts'
import { useDecisions } from '../api/decisions.ts'
import { Poster } from '../components/media.tsx'
import { RejectForm } from '../components/reject-form.tsx'
import { Badge, Empty, Loading, Problem } from '../components/ui.tsx'
import { textsOf } from './variant.tsx'

/** Mounted before it is needed; plays from its start when it becomes the current one. */
function StageVideo({ variant, format, current }: { variant: Variant; format: string; current: boolean }) {
  const rendition = variant.renditions.find((one) => one.format === format) ?? variant.renditions[0]
  const url = useFile(rendition?.url, true)
  const ref = useRef<HTMLVideoElement>(null)
  const since = useRef(0)
  useEffect(() => {
    const video = ref.current
    if (!video) return
    if (!current) {
      video.pause()
      return
    }
    since.current = performance.now()
    video.currentTime = 0
    video.play().catch(() => {})
  }, [current, url])
  return (
    <video
      ref={ref}
      src={url}
      data-current={current}
      aria-hidden={!current}
      aria-label={current ? `${variant.segment_key}, ${format}` : undefined}
      muted
      loop
      playsInline
      preload="auto"
      onPlaying={(event) => {
        if (current) event.currentTarget.dataset['startedMs'] = String(Math.round(performance.now() - since.current))
      }}
    />
  )
}

function Sheet({
  variants,
  index,
  decided,
  onChoose,
}: {
  variants: readonly Variant[]
  index: number
  decided: ReadonlyMap<string, string>
  onChoose: (index: number) => void
}) {
  return (
    <div className="sheet" role="list" aria-label="Contact sheet">
      {variants.map((variant, at) => (
        <div role="listitem" key={variant.id}>
          <button type="button" aria-current={at === index} onClick={() => onChoose(at)} style={{ width: '100%' }}>
            <Poster rendition={variant.renditions[0]} locked name="" />
            <span className="cut" dir="auto">
              {variant.segment_key}
            </span>
            {decided.has(variant.id) && <Badge status={decided.get(variant.id)!} />}
          </button>
        </div>
      ))}
    </div>
  )
}

const keysHelp = [
  ['J', 'next'],
  ['K', 'back'],
  ['A', 'approve'],
  ['R', 'reject'],
  ['U', 'undo'],
  ['1–9', 'format'],
  ['C', 'sheet'],
  ['/', 'search'],
] as const

export function Review() {
  const { id } = useParams({ strict: false }) as { id: string }
  const navigate = useNavigate()
  const campaign = useQuery(queries.campaign(id))
  const [search, setSearch] = useState('')
  const query = useInfiniteQuery({
    ...queries.variants({ campaign_id: id, status: 'in_review', search: search || undefined }),
    refetchOnWindowFocus: false,
    staleTime: Infinity,
  })
  const variants = useMemo(() => rows(query.data), [query.data])
  const [index, setIndex] = useState(0)
  const [format, setFormat] = useState(0)
  const [sheet, setSheet] = useState(false)
  const [rejecting, setRejecting] = useState(false)
  const searchBox = useRef<HTMLInputElement>(null)
  const stage = useRef<HTMLDivElement>(null)
  const { decided, decide, undo } = useDecisions(id)
  const current = variants[index]
  // Keys may come faster than pages are drawn: each is about the variant that the one before it left.
  const place = useRef(0)
  const go = (to: number) => {
    place.current = Math.min(Math.max(0, to), variants.length)
    setIndex(place.current)
  }
  const formats = campaign.data?.formats ?? []
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && index + 40 >= variants.length) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, index, variants.length])
  useEffect(() => {
    place.current = 0
    setIndex(0)
  }, [search])

  const move = (by: number) => go(place.current + by)
  const leave = () => void navigate({ to: '/campaigns/$id', params: { id } })
  const actions: Readonly<Record<string, () => void>> = {
    j: () => move(1),
    ArrowRight: () => move(1),
    k: () => move(-1),
    ArrowLeft: () => move(-1),
    a: () => {
      const here = variants[place.current]
      if (!here) return
      decide(here, { decision: 'approved' })
      move(1)
    },
    r: () => variants[place.current] && setRejecting(true),
    u: () => {
      const back = undo()
      const at = variants.findIndex((variant) => variant.id === back)
      if (at >= 0) go(at)
    },
    c: () => setSheet((open) => !open),
    '/': () => searchBox.current?.focus(),
    Escape: () => (sheet ? setSheet(false) : leave()),
  }
  const latest = useRef(actions)
  latest.current = actions
  const count = formats.length
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const inField = event.target instanceof Element && event.target.closest('input, textarea, .dialog')
      if (event.metaKey || event.ctrlKey || event.altKey) return
      if (inField) {
        if (event.key === 'Escape' && event.target === searchBox.current) stage.current?.focus()
        return
      }
      const digit = Number(event.key)
      const action =
        digit >= 1 && digit <= count
          ? () => setFormat(digit - 1)
          : latest.current[event.key.length === 1 ? event.key.toLowerCase() : event.key]
      if (!action) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [count])
  useEffect(() => stage.current?.focus(), [])

  const done = [...decided.keys()].length
  const texts = current ? textsOf(current) : {}
  const window = variants.slice(Math.max(0, index - 1), index + 4)
  return (
    <div className="review" role="dialog" aria-modal="true" aria-label="Review">
      <header>
        <button type="button" className="button ghost square" aria-label="Leave review" onClick={leave}>
          <X aria-hidden />
        </button>
        <h1 className="cut" dir="auto">
          {campaign.data?.name ?? 'Review'}
        </h1>
        <div className="bar hide-small" role="img" aria-label={`${done} decided`}>
          <i style={{ width: `${(done / Math.max(1, variants.length)) * 100}%` }} />
        </div>
        <span className="num small" style={{ whiteSpace: 'nowrap' }}>
          {variants.length === 0 ? '0' : Math.min(index + 1, variants.length)} / {variants.length}
          {hasNextPage ? '+' : ''}
        </span>
        <input
          ref={searchBox}
          type="search"
          className="hide-small"
          style={{ width: '11rem', marginInlineStart: 'auto' }}
          aria-label="Search by segment"
          placeholder="Search /"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && stage.current?.focus()}
        />
        <button
          type="button"
          className="button square"
          aria-label="Contact sheet"
          aria-pressed={sheet}
          onClick={() => setSheet(!sheet)}
        >
          <LayoutGrid aria-hidden />
        </button>
      </header>
      <div className="stage" ref={stage} tabIndex={-1} style={{ outline: 'none' }}>
        {query.isPending && <Loading height={300} />}
        {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && !current && (
          <Empty icon={CheckCircle2} title={variants.length > 0 ? 'That was the last one' : 'Nothing waits for review'}>
            <p>
              {variants.length > 0
                ? 'Your decisions are sent. Press K to go back, or Esc to leave.'
                : 'Variants appear here as soon as all their files are made.'}
            </p>
            <button type="button" className="button" onClick={leave}>
              Back to the campaign
            </button>
          </Empty>
        )}
        {window.map((variant) => (
          <StageVideo key={variant.id} variant={variant} format={formats[format] ?? ''} current={variant === current} />
        ))}
        {sheet && (
          <Sheet
            variants={variants}
            index={index}
            decided={decided}
            onChoose={(at) => {
              go(at)
              setSheet(false)
              stage.current?.focus()
            }}
          />
        )}
      </div>
      <aside aria-label="About this variant" tabIndex={0}>
        {current && (
          <>
            <div className="stack" style={{ gap: '.4rem' }}>
              <h2 dir="auto" style={{ overflowWrap: 'anywhere' }}>
                {current.segment_key}
              </h2>
              <div className="row">
                <span className="soft small">{language(current.locale)}</span>
                {decided.has(current.id) && <Badge status={decided.get(current.id)!} />}
              </div>
            </div>
            <div className="row" role="group" aria-label="Format">
              {formats.map((name, at) => (
                <button
                  key={name}
                  type="button"
                  className={`button small ${at === format ? 'primary' : ''}`}
                  aria-pressed={at === format}
                  onClick={() => setFormat(at)}
                >
                  {name} <kbd aria-hidden>{at + 1}</kbd>
                </button>
              ))}
            </div>
            <div className="stack" style={{ gap: '.4rem' }}>
              <h3 className="soft">Copy</h3>
              <ul className="copy" dir={direction(current.locale)} lang={current.locale}>
                {[...(texts.overlays ?? []), texts.end_card].map((text, at) => text && <li key={at}>{text}</li>)}
              </ul>
            </div>
            <p className="soft small hide-small">
              {keysHelp.map(([key, what]) => (
                <span key={key} style={{ display: 'inline-block', marginInlineEnd: '.7rem' }}>
                  <kbd>{key}</kbd> {what}
                </span>
              ))}
            </p>
          </>
        )}
      </aside>
      <footer>
        <button type="button" className="button" onClick={actions['k']}>
          Back <kbd aria-hidden>K</kbd>
        </button>
        <button type="button" className="button danger" disabled={!current} onClick={actions['r']}>
          Reject <kbd aria-hidden>R</kbd>
        </button>
        <button type="button" className="button primary" disabled={!current} onClick={actions['a']}>
          Approve <kbd aria-hidden>A</kbd>
        </button>
        <button type="button" className="button" onClick={actions['j']}>
          Next <kbd aria-hidden>J</kbd>
        </button>
        <button type="button" className="button ghost" disabled={decided.size === 0} onClick={actions['u']}>
          Undo <kbd aria-hidden>U</kbd>
        </button>
      </footer>
      <RejectForm
        open={rejecting}
        title={current ? `Reject ${label(current.segment_key)}` : 'Reject'}
        onClose={() => setRejecting(false)}
        onReject={({ reason, note }) => {
          setRejecting(false)
          if (current) decide(current, { decision: 'rejected', reason, note })
          move(1)
          requestAnimationFrame(() => stage.current?.focus())
        }}
      />
    </div>
  )
}
