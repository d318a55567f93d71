/** A campaign as it changes: read again every two seconds while something can still happen. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { toast } from '../components/toasts.tsx'
import { queries } from './queries.ts'
import type { Campaign } from './types.ts'

const moving: readonly Campaign['status'][] = ['planning', 'rendering']

export function useLiveCampaign(id: string) {
  const client = useQueryClient()
  const query = useQuery({
    ...queries.campaign(id),
    refetchInterval: ({ state }) => (state.data && moving.includes(state.data.status) ? 2000 : 15_000),
  })
  const { data } = query
  const seen = data && JSON.stringify([data.status, data.counts])
  const last = useRef<{ seen: string; status: string }>(undefined)
  useEffect(() => {
    if (!data || !seen) return
    const before = last.current
    last.current = { seen, status: data.status }
    if (!before || before.seen === seen) return
    for (const key of ['variants', 'clips', 'plan'] as const) void client.invalidateQueries({ queryKey: [key, id] })
    if (before.status === 'rendering' && data.status === 'completed') toast(`“${data.name}” is finished.`)
  }, [client, data, id, seen])
  return query
}
