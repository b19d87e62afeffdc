import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { TilthError } from '../protocol/primitives/errors.ts'
import { LiveContext } from './api/hear.ts'
import { startLive } from './api/live.ts'
import { signIn } from './api/session.ts'
import { router } from './app/router.tsx'
import { applyTheme } from './theme/use-theme.ts'
import './theme/index.css'

applyTheme()
const triesAgain = 3
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What was read is read again when news touch it, not because time went by.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: (times, error) => times < triesAgain && error instanceof TilthError && error.consequence !== 'reject'
    }
  }
})

await signIn()
const live = startLive(queries)
const root = document.querySelector('#root')
if (root === null) throw new TypeError('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LiveContext value={live}>
        <RouterProvider router={router} />
      </LiveContext>
    </QueryClientProvider>
  </StrictMode>
)
