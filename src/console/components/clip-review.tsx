/** With review `clips`: the few clips are decided about before anything is composed from them. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { useFile } from '../api/files.ts'
import { money, plural } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import { session } from '../api/session.ts'
import type { Campaign, CampaignClip } from '../api/types.ts'
import { RejectForm, type RejectAnswer } from './reject-form.tsx'
import { useScopes } from './shell.tsx'
import { toast } from './toasts.tsx'
import { Badge, Loading, More, Problem } from './ui.tsx'

function Clip({
  clip,
  onApprove,
  onReject,
  busy,
}: {
  clip: CampaignClip
  onApprove: () => void
  onReject: () => void
  busy: boolean
}) {
  const may = useScopes()
  const url = useFile(clip.url, true)
  return (
    <li className="panel stack">
      <div className="frame" style={{ aspectRatio: '4 / 3' }}>
        {url ? (
          <video src={url} controls muted loop playsInline aria-label={`Clip: ${clip.prompt}`} />
        ) : (
          <span className="small">{clip.status === 'waiting' ? 'Being made…' : 'Loading…'}</span>
        )}
      </div>
      <div className="row between">
        <Badge status={clip.status} />
        <span className="soft small">
          {plural(clip.variants, 'variant')} · {clip.aspect_ratio} · {clip.seconds} s · take {clip.take}
        </span>
      </div>
      <p className="small" dir="auto">
        {clip.prompt}
      </p>
      {clip.error && <p className="small soft">{clip.error.message}</p>}
      {clip.status === 'in_review' && may('review') && (
        <div className="row">
          <button type="button" className="button primary" disabled={busy} onClick={onApprove}>
            Approve
          </button>
          <button type="button" className="button" disabled={busy} onClick={onReject}>
            Reject…
          </button>
          <span className="soft small">
            Another take: {clip.regenerate_max_micro_usd === 0 ? 'free' : money(clip.regenerate_max_micro_usd)}
          </span>
        </div>
      )}
    </li>
  )
}

export function ClipReview({ campaign }: { campaign: Campaign }) {
  const client = useQueryClient()
  const query = useInfiniteQuery(queries.clips(campaign.id))
  const [rejecting, setRejecting] = useState<CampaignClip>()
  const decide = useMutation({
    mutationFn: ({ clip, answer }: { clip: CampaignClip; answer?: RejectAnswer }) =>
      call<CampaignClip>(`/v1/campaigns/${campaign.id}/clips/${clip.shot_id}/${answer ? 'reject' : 'approve'}`, {
        method: 'POST',
        body: { sha256: clip.sha256, ...answer, ...(session()?.person && { actor: session()!.person }) },
      }),
    onSuccess: (_, { answer }) => toast(answer ? 'Clip rejected.' : 'Clip approved: composing begins.'),
    onError: (error) => toast(error.message, 'bad'),
    onSettled: () => client.invalidateQueries({ queryKey: ['clips', campaign.id] }),
  })
  return (
    <section className="stack" aria-labelledby="clips-title">
      <div>
        <h2 id="clips-title">Clips</h2>
        <p className="soft small">Files are composed from a clip only after it is approved.</p>
      </div>
      {query.isPending && <Loading />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      <ul className="cols" style={{ gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 19rem), 1fr))' }}>
        {rows(query.data).map((clip) => (
          <Clip
            key={clip.shot_id}
            clip={clip}
            busy={decide.isPending}
            onApprove={() => decide.mutate({ clip })}
            onReject={() => setRejecting(clip)}
          />
        ))}
      </ul>
      <More query={query} />
      <RejectForm
        open={rejecting !== undefined}
        title="Reject this clip"
        price={rejecting?.regenerate_max_micro_usd}
        onClose={() => setRejecting(undefined)}
        onReject={(answer) => {
          if (rejecting) decide.mutate({ clip: rejecting, answer })
          setRejecting(undefined)
        }}
      />
    </section>
  )
}
