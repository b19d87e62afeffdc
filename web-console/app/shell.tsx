import { Outlet, useRouter, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { RouterProvider } from 'react-aria-components'
import type { ErrorCode } from '../../protocol/primitives/errors.ts'
import { useCall } from '../api/index.ts'
import { Header } from './header.tsx'
import { Offline } from './offline.tsx'
import { SignedOut } from './signed-out.tsx'
import './shell.css'

const notSignedIn = new Set<ErrorCode>(['auth.missing', 'auth.session', 'auth.wrong'])

/** What stands around every page. */
export function Shell() {
  const router = useRouter()
  const status = useCall('status')
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isFirst = useRef(true)
  useEffect(() => {
    // Whoever goes by keyboard or ear begins at the new page, not where the old one was left.
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
  }, [path])
  if (status.error !== null && notSignedIn.has(status.error.code)) return <SignedOut />
  return (
    <RouterProvider navigate={to => void router.navigate({ href: to })}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Header />
      <Offline />
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </RouterProvider>
  )
}
