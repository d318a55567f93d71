/** The frame of every page: where one is, who one is, and whether the service can be reached. */
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { BarChart3, Boxes, Clapperboard, Film, KeyRound, LogOut, ScrollText, Webhook } from 'lucide-react'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { queries } from '../api/queries.ts'
import { session, signOut } from '../api/session.ts'

export const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden>
    <rect width="32" height="32" rx="8" fill="#e5482d" />
    <path d="M12 9.5v13l10.5-6.5z" fill="#fff" />
  </svg>
)

const places = [
  { to: '/', name: 'Campaigns', icon: Clapperboard, needs: 'read' },
  { to: '/clips', name: 'Clips', icon: Film, needs: 'read' },
  { to: '/models', name: 'Models', icon: Boxes, needs: 'read' },
  { to: '/usage', name: 'Usage', icon: BarChart3, needs: 'read' },
  { to: '/webhooks', name: 'Webhooks', icon: Webhook, needs: 'read' },
  { to: '/keys', name: 'API keys', icon: KeyRound, needs: 'admin' },
  { to: '/audit', name: 'Audit log', icon: ScrollText, needs: 'admin' },
] as const

export type Scope = 'read' | 'write' | 'render' | 'review' | 'admin'

/** What the key may do; nothing until the session is known. */
export function useScopes(): (scope: Scope) => boolean {
  const { data } = useQuery({ ...queries.session(), staleTime: 60_000 })
  return (scope) => data?.scopes.includes(scope) ?? false
}

const onlineChanges = (listener: () => void) => {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

export function Shell() {
  const online = useSyncExternalStore(onlineChanges, () => navigator.onLine)
  const { data } = useQuery({ ...queries.session(), staleTime: 60_000 })
  const path = useRouterState({ select: (state) => state.location.pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  // A new page is read from its top, by eyes and by screen readers.
  useEffect(() => {
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <div className="shell">
      <header className="side">
        <Link to="/" className="brand">
          <Mark /> Spotsmith
        </Link>
        <nav aria-label="Main">
          {places
            .filter(({ needs }) => data?.scopes.includes(needs))
            .map(({ to, name, icon: Icon }) => (
              <Link key={to} to={to} activeOptions={{ exact: to === '/' }}>
                <Icon aria-hidden /> {name}
              </Link>
            ))}
        </nav>
        <div className="foot small">
          <span className="soft cut" title={data?.workspace_name}>
            {session()?.person || 'Signed in'} · {data?.workspace_name ?? '…'}
          </span>
          <button type="button" className="button ghost" onClick={signOut}>
            <LogOut aria-hidden /> Sign out
          </button>
        </div>
      </header>
      <div style={{ minWidth: 0 }}>
        {!online && (
          <div className="banner" role="alert">
            You are offline. What you see is from before; changes wait until you are back.
          </div>
        )}
        <main ref={main} tabIndex={-1} style={{ outline: 'none' }}>
          <Outlet />
        </main>
      </div>
    </div>
  )
}
