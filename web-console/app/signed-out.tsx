import { Page } from '../parts/index.ts'

/** For who comes without a session. */
export function SignedOut() {
  return (
    <main>
      <Page
        title="Open the console from your terminal"
        lead="This page shows what a daemon holds, so it asks who you are. The address that signs you in works once."
      >
        <p>
          Run <code>npx tilth console</code> and open what it prints.
        </p>
      </Page>
    </main>
  )
}
