import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Loading } from '../parts/index.ts'
import { Missing } from './missing.tsx'
import { Shell } from './shell.tsx'
import { Stumble } from './stumble.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: Missing })

/** A page that is loaded when it is first gone to. Its module exports the component by the name `Page`. */
const page = (path: string, load: () => Promise<{ readonly Page: () => React.ReactNode }>) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, 'Page') })

const tree = root.addChildren([
  page('/', () => import('../now/now.tsx')),
  page('/datanets', () => import('../data/datanets.tsx')),
  page('/datanets/new', () => import('../data/create.tsx')),
  page('/datanets/$id', () => import('../data/datanet.tsx')),
  page('/datanets/$id/contribute', () => import('../data/contribute.tsx')),
  page('/contributions/$id', () => import('../data/contribution.tsx')),
  page('/review', () => import('../data/review.tsx')),
  page('/factory', () => import('../jobs/factory.tsx')),
  page('/factory/drafts/$id', () => import('../jobs/wizard/wizard.tsx')),
  page('/factory/jobs/$id', () => import('../jobs/job/job.tsx')),
  page('/bazaar', () => import('../models/bazaar/bazaar.tsx')),
  page('/bazaar/$id', () => import('../models/model/model.tsx')),
  page('/bazaar/$id/chat', () => import('../models/chat/chat.tsx')),
  page('/agents', () => import('../models/agents/agents.tsx')),
  page('/agents/new', () => import('../models/agents/create.tsx')),
  page('/agents/$id', () => import('../models/agents/agent.tsx')),
  page('/agents/$id/chat', () => import('../models/agents/chat.tsx')),
  page('/compare', () => import('../models/compare/compare.tsx')),
  page('/receipts/$id', () => import('../models/credit/receipt.tsx')),
  page('/earnings', () => import('../payouts/earnings.tsx')),
  page('/earnings/$id', () => import('../payouts/earnings.tsx')),
  page('/earnings/$account/why/$pool/$epoch', () => import('../payouts/why.tsx')),
  page('/explorer', () => import('../explorer/explorer.tsx')),
  page('/explorer/$id', () => import('../explorer/explorer.tsx')),
  page('/accounts/$id', () => import('../explorer/account.tsx')),
  page('/statements/$id', () => import('../explorer/statements.tsx')),
  page('/epochs/$pool/$epoch', () => import('../explorer/epoch.tsx')),
  page('/epochs/$pool/$epoch/payouts/$account', () => import('../explorer/payout.tsx')),
  page('/transactions/$id', () => import('../explorer/transaction.tsx')),
  page('/channels/$id', () => import('../explorer/channel.tsx')),
  page('/escrows/$id', () => import('../explorer/escrow.tsx')),
  page('/files/$id', () => import('../explorer/file.tsx')),
  page('/versions/$id/$version', () => import('../explorer/version.tsx')),
  page('/node', () => import('../node/node.tsx')),
  ...(import.meta.env.DEV ? [page('/gallery', () => import('../gallery/gallery.tsx'))] : [])
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading what="the page" lines={6} />,
  defaultErrorComponent: Stumble,
  scrollRestoration: true
})
