/**
 * Decisions of the review mode. Each is sent some seconds after it was made, and until then `undo` takes it back: what an
 * approval sends to endpoints cannot be called back afterwards. Leaving the page sends what is left.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { toast } from '../components/toasts.tsx'
import { ApiError, call } from './client.ts'
import { session } from './session.ts'
import type { RejectReason, Variant } from './types.ts'

export type Verdict =
  | { readonly decision: 'approved' }
  | { readonly decision: 'rejected'; readonly reason: RejectReason; readonly note: string | null }

interface Pending {
  readonly variant: Variant
  readonly verdict: Verdict
  readonly timer: ReturnType<typeof setTimeout>
}

const undoMs = 5000

async function post({ variant, verdict }: Pending, keepalive: boolean): Promise<void> {
  const { decision, ...more } = verdict
  const body = {
    revision: variant.revision,
    files_sha256: variant.renditions.flatMap((one) => one.sha256 ?? []),
    ...more,
    ...(session()?.person && { actor: session()!.person }),
  }
  await call(`/v1/variants/${variant.id}/${decision === 'approved' ? 'approve' : 'reject'}`, { method: 'POST', body, keepalive })
}

const explain = (variant: Variant, error: unknown): string =>
  error instanceof ApiError && error.code === 'stale_review'
    ? `${variant.segment_key}: its files changed while you looked at them, so nothing was decided. It comes back into the queue.`
    : `${variant.segment_key}: ${error instanceof Error ? error.message : 'the decision could not be sent'}`

export function useDecisions(campaignId: string) {
  const client = useQueryClient()
  const [decided, setDecided] = useState<ReadonlyMap<string, string>>(new Map())
  const pending = useRef<Pending[]>([])

  const mark = useCallback((id: string, decision: string | undefined) => {
    setDecided((before) => {
      const next = new Map(before)
      if (decision) next.set(id, decision)
      else next.delete(id)
      return next
    })
  }, [])

  const send = useCallback(
    async (one: Pending, keepalive = false) => {
      clearTimeout(one.timer)
      pending.current = pending.current.filter((other) => other !== one)
      try {
        await post(one, keepalive)
      } catch (error) {
        mark(one.variant.id, undefined)
        toast(explain(one.variant, error), 'bad')
      }
    },
    [mark],
  )

  const decide = useCallback(
    (variant: Variant, verdict: Verdict) => {
      const earlier = pending.current.find((one) => one.variant.id === variant.id)
      if (earlier) {
        clearTimeout(earlier.timer)
        pending.current = pending.current.filter((one) => one !== earlier)
      }
      const one: Pending = { variant, verdict, timer: setTimeout(() => void send(one), undoMs) }
      pending.current.push(one)
      mark(variant.id, verdict.decision)
    },
    [mark, send],
  )

  /** @returns the variant whose decision was taken back */
  const undo = useCallback((): string | undefined => {
    const last = pending.current.pop()
    if (!last) {
      toast('Nothing to undo: decisions are final a few seconds after they are made.', 'info')
      return undefined
    }
    clearTimeout(last.timer)
    mark(last.variant.id, undefined)
    return last.variant.id
  }, [mark])

  useEffect(() => {
    const flush = (keepalive: boolean) => Promise.all(pending.current.map((one) => send(one, keepalive)))
    const onHide = () => void flush(true)
    addEventListener('pagehide', onHide)
    return () => {
      removeEventListener('pagehide', onHide)
      void flush(true).then(() =>
        Promise.all(
          [['variants', campaignId], ['campaign', campaignId], ['campaigns']].map((queryKey) =>
            client.invalidateQueries({ queryKey }),
          ),
        ),
      )
    }
  }, [campaignId, client, send])

  return { decided, decide, undo }
}
