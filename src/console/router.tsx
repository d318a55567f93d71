/** Addresses of the console. Screens are loaded when they are first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Shell } from './components/shell.tsx'
import { Empty, Problem } from './components/ui.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty title="There is no such page">
      <p>The address may be from another version of the console.</p>
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Problem error={error} onRetry={reset} />,
})

const at = <P extends string>(path: P, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load as never, name as never) })

const routes = [
  at('/', () => import('./screens/campaigns.tsx'), 'Campaigns'),
  at('/campaigns/new', () => import('./screens/new-campaign.tsx'), 'NewCampaign'),
  at('/campaigns/$id', () => import('./screens/campaign.tsx'), 'CampaignPage'),
  at('/campaigns/$id/plan', () => import('./screens/plan.tsx'), 'PlanPage'),
  at('/campaigns/$id/review', () => import('./screens/review.tsx'), 'Review'),
  at('/variants/$id', () => import('./screens/variant.tsx'), 'VariantPage'),
  at('/clips', () => import('./screens/generations.tsx'), 'Generations'),
  at('/models', () => import('./screens/models.tsx'), 'Models'),
  at('/usage', () => import('./screens/usage.tsx'), 'UsagePage'),
  at('/webhooks', () => import('./screens/webhooks.tsx'), 'Webhooks'),
  at('/keys', () => import('./screens/keys.tsx'), 'Keys'),
  at('/audit', () => import('./screens/audit.tsx'), 'Audit'),
]

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/console',
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
